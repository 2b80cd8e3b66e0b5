"""How far a long work has come."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, track

from trackscape.data import Hits

if TYPE_CHECKING:
    from trackscape.simulation.record import Chunk


def show_progress(frames: Sequence[Hits]) -> Iterable[Hits]:
    """Yields the frames and shows a bar meanwhile, on the error stream."""
    yield from track(frames, description="frames", console=Console(stderr=True), transient=True)


def show_primaries(chunks: "Iterable[Chunk]", primaries: int) -> "Iterable[Chunk]":
    """Yields what a simulation makes and shows a bar meanwhile, on the error stream."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("primaries", total=primaries)
        for chunk in chunks:
            yield chunk
            bar.advance(task, len(chunk.primaries))
