"""How far a long work has come."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import Progress, track

if TYPE_CHECKING:
    from trackscape.simulation.record import Chunk

_Item = TypeVar("_Item")


def show_progress(items: Sequence[_Item], what: str = "frames") -> Iterable[_Item]:
    """Yields the items and shows a bar meanwhile, on the error stream."""
    yield from track(items, description=what, console=Console(stderr=True), transient=True)


def show_primaries(chunks: "Iterable[Chunk]", primaries: int) -> "Iterable[Chunk]":
    """Yields what a simulation makes and shows a bar meanwhile, on the error stream."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("primaries", total=primaries)
        for chunk in chunks:
            yield chunk
            bar.advance(task, len(chunk.primaries))
