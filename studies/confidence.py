"""How true the probabilities of tracks are: fitted on training files, judged on others, as a page.

Run as ``python -m studies.confidence DATA -o docs/confidence.md``, with a folder that holds
``water_{100,150,200}_{train,val}.npz`` and the files of their primaries.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import torch
import typer
from scipy.optimize import minimize

from studies.markdown import table
from trackscape.data import Hits, Tracks
from trackscape.evaluation import read_frames
from trackscape.files import replacing
from trackscape.pictures import save_figure
from trackscape.progress import show_progress
from trackscape.tracking import Rated, load_tracker, rate_tracks

PHANTOMS, DENSITIES = (100, 150, 200), (50, 100, 150, 200)
_STOPPED = 2  # fate of a primary in the files of Geant4
_BINS, _KEPT = 10, 0.8
_TRAINING = 6000  # protons for each phantom and density, that the map is fitted to

Numbers = npt.NDArray[np.float64]


class Judged(NamedTuple):
    """Tracks of many frames."""

    inputs: Numbers
    """One, log odds of the chain, layers that it is short, (N, 3)."""
    probability: Numbers
    """What the library says, (N,)."""
    right: Numbers
    """1 for the hits of one primary that stopped, all of them, (N,)."""
    pure: Numbers
    """1 for hits of one event, (N,)."""
    primary: Numbers
    """1 where all hits are of primaries, (N,)."""


def judge(file: Path, per_frame: int, most: int | None = None) -> Judged:
    """Finds and judges the tracks of a file."""
    primaries = np.load(file.with_name(f"{file.stem}_truth.npz"))["arr_0"]
    stopped = set(primaries["eventID"][primaries["fate"] == _STOPPED].tolist())
    frames = read_frames(file, per_frame=per_frame)
    frames = frames[: None if most is None else most // per_frame]
    tracker = load_tracker()
    what = f"{file.stem}, {per_frame} p+/F"
    parts = [_judge(rate_tracks(tracker, h), h, stopped) for h in show_progress(frames, what)]
    return Judged(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _judge(found: Rated, hits: Hits, stopped: set[int]) -> tuple[Numbers, ...]:
    tracks = found.tracks
    truth = tracks.hits.known_truth
    number, first = tracks.number, tracks.first
    same_event = truth.event[tracks.index] == truth.event[first][number]
    primary = truth.primary[tracks.index]
    one = same_event & primary & (truth.track[tracks.index] == truth.track[first][number])
    of_track = {"event": same_event, "primary": primary, "one": one}
    every = {name: _all(mask, tracks) for name, mask in of_track.items()}
    own = truth.event[truth.primary].bincount(minlength=int(truth.event.max()) + 1)
    event = truth.event[first]
    complete = tracks.length == own[event.clamp(min=0)]
    ended = torch.tensor([int(each) in stopped for each in event])
    right = every["one"] & complete & ended
    inputs = torch.stack([torch.ones_like(found.short), found.log_odds, found.short], dim=1)
    columns = (inputs, found.probability, right, every["event"], every["primary"])
    return tuple(column.double().numpy() for column in columns)


def _all(mask: torch.Tensor, tracks: Tracks) -> torch.Tensor:
    kept = torch.ones(len(tracks), dtype=torch.int64)
    return kept.scatter_reduce(0, tracks.number, mask.long(), reduce="amin") == 1


def fit(parts: list[Judged]) -> Numbers:
    """Returns the three numbers of the map by maximum likelihood; all parts weigh alike."""
    inputs = np.concatenate([part.inputs for part in parts])
    right = np.concatenate([part.right for part in parts])
    weight = np.concatenate([np.full(len(part.right), 1 / len(part.right)) for part in parts])

    def loss(numbers: Numbers) -> tuple[float, Numbers]:
        log_odds = inputs @ numbers
        error = weight * (1 / (1 + np.exp(-log_odds)) - right)
        value = weight * (np.logaddexp(0, log_odds) - right * log_odds)
        return float(value.sum()), inputs.T @ error

    return minimize(loss, np.zeros(3), jac=True, method="BFGS").x


def calibration_error(probability: Numbers, right: Numbers) -> float:
    """Mean distance between what is said and what is true, in ten bins of as many tracks."""
    order = np.array_split(np.argsort(probability), _BINS)
    parts = [len(part) * abs(probability[part].mean() - right[part].mean()) for part in order]
    return float(sum(parts) / len(right))


def purity_of_best(found: Judged, share: float) -> float:
    """Published purity, of the share of the tracks that are most probable."""
    best = np.argsort(-found.probability)[: int(share * len(found.right))]
    of_primaries = found.primary[best] == 1
    return float(found.pure[best][of_primaries].mean())


def draw(found: dict[tuple[int, int], Judged], path: Path) -> None:
    """Draws what is true against what is said."""
    figure, axes = plt.subplots(
        1, len(PHANTOMS), figsize=(12, 4), sharey=True, layout="constrained"
    )
    for axis, phantom in zip(axes, PHANTOMS, strict=True):
        axis.plot([0, 1], [0, 1], color="0.7")
        for per_frame in DENSITIES:
            one = found[phantom, per_frame]
            bins = np.array_split(np.argsort(one.probability), _BINS)
            said = [one.probability[part].mean() for part in bins]
            axis.plot(said, [one.right[part].mean() for part in bins], "o-", label=f"{per_frame}")
        axis.set(title=f"{phantom} mm of water", xlabel="probability")
    axes[0].set(ylabel="share that is right")
    axes[0].legend(title="p+/F")
    save_figure(figure, path)


def lines_of(found: dict[tuple[int, int], Judged], fitted: Numbers, name: str) -> Iterator[str]:
    """Gives the lines of the page."""
    yield "# How sure the tracker is"
    yield ""
    yield (
        "`trackscape reconstruct` writes for each track the probability that it holds exactly the "
        "hits of one primary that stopped. It follows from the beliefs in the whole chain and from "
        "the layers that the track ends before the median of its frame, by a map of three numbers, "
        "fitted on the training files (log odds "
        f"{fitted[0]:.3f} + {fitted[1]:.3f} chain + {fitted[2]:.3f} layers). Frames are of one "
        "beam spot behind even water; behind the border of an object, where ranges differ by more "
        "than straggling, short tracks are believed too little, so images do not use it. "
        f"Made by `python -m studies.confidence DATA -o docs/{name}.md` from Geant4 val files, "
        "which chose nothing."
    )
    yield ""
    yield f"![Probability against share that is right](images/{name}.png)"
    yield ""
    headers = ["water, mm", "p+/F", "tracks", "said %", "right %", "calibration error %"]
    headers += [f"purity of the best {100 * _KEPT:.0f} %", "purity of all"]
    rows = [
        [
            str(phantom),
            str(per_frame),
            f"{len(one.right):,}",
            f"{100 * one.probability.mean():.1f}",
            f"{100 * one.right.mean():.1f}",
            f"{100 * calibration_error(one.probability, one.right):.1f}",
            f"{100 * purity_of_best(one, _KEPT):.2f}",
            f"{100 * purity_of_best(one, 1.0):.2f}",
        ]
        for (phantom, per_frame), one in found.items()
    ]
    yield from table(headers, rows, align="right")


def main(
    data: Annotated[Path, typer.Argument(help="Folder of the files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")],
) -> None:
    """Fit the map, judge the probabilities, and write the page."""
    cells = list(itertools.product(PHANTOMS, DENSITIES))
    training = [judge(data / f"water_{p}_train.npz", n, _TRAINING) for p, n in cells]
    found = {(p, n): judge(data / f"water_{p}_val.npz", n) for p, n in cells}
    draw(found, output.parent / "images" / f"{output.stem}.png")
    with replacing(output) as path:
        lines = lines_of(found, fit(training), output.stem)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
