"""Training files -> parameters of the baselines, by `trackscape tune` with one budget for all.

Bayesian optimisation in the ranges of ``configs/tuning`` for the classical ones; for the paper's
network the cost of a track's end, by all candidates.

Run as ``python -m studies.tune_baselines DATA RUNS -o table.md``, with the folder that holds
``water_{100,150,200}_train.npz``, and one that keeps the trials: what was stopped goes on. No other
file is looked at.
"""

import dataclasses
import itertools
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

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
from trackscape.tracker_tuning import SCORES, TrackerScore, TuningConfig, tune
from trackscape.tracking import TUNED_ENDS, NetworkTracker, Tracker, accept, chosen_segments
from trackscape.tracking.baselines import BASELINES, TrackFollower

CONFIGS = Path(__file__).parents[1] / "configs" / "tuning"
FRAMES = {100: 6, 150: 3}
"""Frames of each file, by primaries per frame, on which the table is measured."""
TRIALS = 200


@dataclasses.dataclass(frozen=True)
class Trial:
    """A method and what it reaches."""

    method: Tracker
    values: dict[str, float]
    """The ratios of `SCORES`, means over sets of frames."""
    seconds: float
    """Per frame."""

    @property
    def score(self) -> float:
        """Mean of the values."""
        return sum(self.values.values()) / len(self.values)


def search(name: str, *, data: Path, folder: Path, trials: int = TRIALS) -> Tracker:
    """Returns a baseline with the best parameters of some trials, which are kept in a folder."""
    config = TuningConfig.load(CONFIGS / f"{name}.yaml")
    folder.mkdir(parents=True, exist_ok=True)
    found = tune(config, data=data, storage=str(folder / f"{name}.log"), trials=trials)
    return TrackerScore(config, data).tracker(found.values)


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
    values: dict[str, float] = {name: 0.0 for name in SCORES}
    for frames in sets:
        counts: list[FrameCounts] = []
        for hits in frames:
            start = time.perf_counter()
            tracks = accept(method(hits))
            seconds += time.perf_counter() - start
            counts.append(count_frame(tracks, chosen_segments(tracks, graph=connect_layers(hits))))
        for name in SCORES:
            values[name] += METRICS[name](counts).value / len(sets)
    return Trial(method, values, seconds / sum(map(len, sets)))


def main(
    data: Annotated[Path, typer.Argument(help="Folder with water_{100,150,200}_train.npz.")],
    runs: Annotated[Path, typer.Argument(help="Folder that keeps the trials.")],
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
    for name in only or (*BASELINES, *TUNED_ENDS):
        if name in BASELINES:
            best[name] = measure(search(name, data=data, folder=runs), first)
        else:
            best[name] = search_end(load_method(TUNED_ENDS[name][0]), last)[0]
        typer.echo(f"{name}: {100 * best[name].score:.2f} %", err=True)
    with replacing(output) as partial:
        partial.write_text("\n".join(table(best)) + "\n", encoding="utf-8")
    typer.echo(output)


def table(trials: dict[str, Trial]) -> Iterable[str]:
    """Returns the lines of a Markdown table, one for each named trial."""
    titles = [name.replace("_", " ") for name in SCORES]
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
