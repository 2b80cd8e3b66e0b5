"""Hit files -> a `Summary` of every method in every cell of the table."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from studies.data_sets import PHANTOMS
from trackscape.data import Hits
from trackscape.evaluation import Summary, evaluate_frames, read_frames
from trackscape.progress import show_progress
from trackscape.scoring import load_network
from trackscape.tracking import Tracker, network_tracker

PER_FRAME = (50, 100, 150, 200)


class Choice(NamedTuple):
    """Which cells are measured."""

    per_frame: Sequence[int] = PER_FRAME
    phantoms: Sequence[int] = PHANTOMS
    most: int | None = None
    """Frames of each cell; all if None."""


class Cell(NamedTuple):
    """A column of the table."""

    per_frame: int
    """Primaries per readout frame."""
    phantom: int
    """Millimetres of water."""


Summaries = dict[tuple[str, Cell], Summary]


def cells(data: Path, choice: Choice) -> Iterator[tuple[Cell, list[Hits]]]:
    """Yields every cell that is chosen, with its test frames."""
    for n_primaries in choice.per_frame:
        for phantom in choice.phantoms:
            frames = read_frames(data / f"water_{phantom}_test.npz", per_frame=n_primaries)
            yield Cell(n_primaries, phantom), frames[: choice.most]


def seeds_of_default(runs: Path) -> dict[str, Tracker]:
    """Returns a tracker for each training of the default method whose weights are kept."""
    files = sorted(runs.glob("trackscape-wide-*/weights.safetensors"))
    return {file.parent.name: network_tracker(load_network(file)) for file in files}


def measure(data: Path, choice: Choice, *, trackers: Mapping[str, Tracker]) -> Summaries:
    """Evaluates trackers on all cells that are chosen."""
    summaries: Summaries = {}
    for cell, frames in cells(data, choice):
        for name, tracker in trackers.items():
            summaries[name, cell] = evaluate_frames(
                frames,
                tracker=tracker,
                method=name,
                per_frame=cell.per_frame,
                progress=show_progress,
            )
    return summaries
