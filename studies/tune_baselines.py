"""Training files -> parameters of the baselines, by search with one budget for all.

Random trials for the classical ones; for the paper's network the cost of a track's end.

Run as ``python -m studies.tune_baselines DATA -o table.md``, with the folder that
holds ``water_{100,150,200}_train.npz``. No other file is looked at.
"""

import dataclasses
import itertools
import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from studies import markdown
from studies.data_sets import PHANTOMS
from studies.thresholds import CANDIDATES
from trackscape.assignment import Assigner
from trackscape.data import Hits
from trackscape.evaluation import METRICS, FrameCounts, count_frame, read_frames
from trackscape.files import replacing
from trackscape.graph_construction import connect_layers
from trackscape.scoring import Scorer, load_method
from trackscape.tracking import TUNED_ENDS, NetworkTracker, Tracker, accept, chosen_segments
from trackscape.tracking.baselines import (
    Greedy,
    KalmanFilter,
    MotionModel,
    PhysicsAssignment,
    TrackFollower,
)
from trackscape.units import mm, mrad

FRAMES = {100: 6, 150: 3}
"""Frames of each file, by primaries per frame."""
TRIALS = 200
SEED = 1
SCORED = ("purity", "efficiency", "complete_efficiency")
"""The score is their mean. Purity and efficiency, as published, alone are no goal: a method that
cuts tracks into pieces of five hits raises both, and is held back by the complete ones."""

Random = np.random.Generator


@dataclasses.dataclass(frozen=True)
class Trial:
    """A method and what it reaches."""

    method: Tracker
    values: dict[str, float]
    """The ratios of `SCORED`, means over sets of frames."""
    seconds: float
    """Per frame."""

    @property
    def score(self) -> float:
        """Mean of the values."""
        return sum(self.values.values()) / len(self.values)


def draw_greedy(random: Random) -> Greedy:
    """Draws parameters from their ranges; as do the functions that follow."""
    return Greedy(
        max_step=_logarithmic(random, 0.1, 4.0), max_tracker_step=_logarithmic(random, 0.01, 0.3)
    )


def draw_track_follower(random: Random) -> TrackFollower:
    """Draws around the values of the author."""
    return TrackFollower(
        largest_score=_logarithmic(random, 0.15, 0.6),
        small_angle=_logarithmic(random, 0.03, 0.3),
        tracker_angle=_logarithmic(random, 0.05, 0.5),
        comparable=random.uniform(0.4, 0.95),
        fill_angle=_logarithmic(random, 0.05, 0.8),
    )


def draw_kalman(random: Random) -> KalmanFilter:
    """Draws all but the resolution and the matter, which are known."""
    return KalmanFilter(
        motion=_draw_motion(random),
        gate=_logarithmic(random, 30.0, 3000.0),
        branches=int(random.choice([2, 4, 8])),
    )


def draw_physics(random: Random) -> PhysicsAssignment:
    """Draws all but the resolution and the matter, which are known."""
    return PhysicsAssignment(
        motion=_draw_motion(random),
        clutter_density=_logarithmic(random, 1e-10, 1e-4),
        deposit_spread=random.uniform(0.2, 0.8),
    )


def _draw_motion(random: Random) -> MotionModel:
    # The slopes of protons behind 100 mm of water spread by 10 mrad about the direction from their
    # source. A much smaller spread does even better here, but loses protons of a wider beam.
    return MotionModel(
        tail=_logarithmic(random, 2.0, 30.0),
        end_slope=_logarithmic(random, 10 * mrad, 300 * mrad),
        source_distance=random.uniform(250.0, 450.0) * mm,
        source_slope=_logarithmic(random, 6 * mrad, 30 * mrad),
    )


def _logarithmic(random: Random, low: float, high: float) -> float:
    return math.exp(random.uniform(math.log(low), math.log(high)))


SPACES: dict[str, Callable[[Random], Tracker]] = {
    "greedy": draw_greedy,
    "track-follower": draw_track_follower,
    "kalman": draw_kalman,
    "physics-assignment": draw_physics,
}


def search(
    draw: Callable[[Random], Tracker],
    sets: Sequence[Sequence[Hits]],
    *,
    trials: int = TRIALS,
    seed: int = SEED,
) -> list[Trial]:
    """Tries out random parameters.

    Arguments:
        draw: Returns a method with random parameters.
        sets: Sets of frames; each counts the same.
        trials: Number of draws.
        seed: Seed of the draws.

    Returns:
        All trials, the best first.
    """
    random = np.random.default_rng(seed)
    tried = [measure(draw(random), sets) for _ in range(trials)]
    return sorted(tried, key=lambda trial: trial.score, reverse=True)


def search_end(scorer: Scorer, sets: Sequence[Sequence[Hits]]) -> list[Trial]:
    """Tries out all candidate costs of a track's end with a network, the best first."""
    tried = [
        measure(
            NetworkTracker(
                scorer=scorer, assigner=Assigner(semantics="with_unmatched", unmatched_cost=cost)
            ),
            sets,
        )
        for cost in CANDIDATES
    ]
    return sorted(tried, key=lambda trial: trial.score, reverse=True)


def measure(method: Tracker, sets: Sequence[Sequence[Hits]]) -> Trial:
    """Reconstructs sets of frames and returns what the accepted tracks are worth."""
    seconds = 0.0
    values: dict[str, float] = {name: 0.0 for name in SCORED}
    for frames in sets:
        counts: list[FrameCounts] = []
        for hits in frames:
            start = time.perf_counter()
            tracks = accept(method(hits))
            seconds += time.perf_counter() - start
            counts.append(count_frame(tracks, chosen_segments(tracks, graph=connect_layers(hits))))
        for name in SCORED:
            values[name] += METRICS[name](counts).value / len(sets)
    return Trial(method, values, seconds / sum(map(len, sets)))


def main(
    data: Annotated[Path, typer.Argument(help="Folder with water_{100,150,200}_train.npz.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Markdown table to write.")],
    only: Annotated[list[str] | None, typer.Option(help="Methods to tune; all by default.")] = None,
) -> None:
    """Search for the parameters of each baseline and write what was found."""
    first: list[list[Hits]] = []
    last: list[list[Hits]] = []  # which trainings of the network hold out
    for phantom, (per_frame, number) in itertools.product(PHANTOMS, FRAMES.items()):
        frames = read_frames(data / f"water_{phantom}_train.npz", per_frame=per_frame)
        first.append(frames[:number])
        last.append(frames[-number:])
    best = {"track-follower (author)": measure(TrackFollower(), first)}
    for name in only or (*SPACES, *TUNED_ENDS):
        if name in SPACES:
            best[name] = search(SPACES[name], first)[0]
        else:
            best[name] = search_end(load_method(TUNED_ENDS[name][0]), last)[0]
        typer.echo(f"{name}: {100 * best[name].score:.2f} %", err=True)
    with replacing(output) as partial:
        partial.write_text("\n".join(table(best)) + "\n", encoding="utf-8")
    typer.echo(output)


def table(trials: dict[str, Trial]) -> Iterable[str]:
    """Returns the lines of a Markdown table, one for each named trial."""
    titles = [name.replace("_", " ") for name in SCORED]
    rows = [
        [
            name,
            *(f"{100 * value:.1f}" for value in (*trial.values.values(), trial.score)),
            f"{1e3 * trial.seconds:.1f}",
            _parameters(trial.method),
        ]
        for name, trial in trials.items()
    ]
    return markdown.table(["method", *titles, "score", "ms a frame", "parameters"], rows)


def _parameters(method: Any) -> str:
    if isinstance(method, NetworkTracker):
        return f"reject={method.assigner.unmatched_cost:.4f}"
    texts: list[str] = []
    for field in dataclasses.fields(method):
        value = getattr(method, field.name)
        if dataclasses.is_dataclass(value):
            texts.append(_parameters(value))
        else:
            text = f"{value:.3g}" if isinstance(value, float) else str(value)
            texts.append(f"{field.name}={text}")
    return ", ".join(texts)


if __name__ == "__main__":
    typer.run(main)
