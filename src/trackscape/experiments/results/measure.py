"""Hit files -> a `Summary` of every method in every cell of the table."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from trackscape.data import Hits
from trackscape.evaluation import Summary
from trackscape.experiments.evaluate import evaluate_frames, read_frames
from trackscape.experiments.progress import show_progress
from trackscape.tracking import TRACKERS, load_tracker

PHANTOMS = (100, 150, 200)
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
    """Yields every cell that is chosen, with its validation frames."""
    for n_primaries in choice.per_frame:
        for phantom in choice.phantoms:
            frames = read_frames(data / f"water_{phantom}_val.npz", per_frame=n_primaries)
            yield Cell(n_primaries, phantom), frames[: choice.most]


def measure(data: Path, choice: Choice) -> Summaries:
    """Evaluates all trackers on all cells that are chosen."""
    trackers = {name: load_tracker(name) for name in TRACKERS}
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
