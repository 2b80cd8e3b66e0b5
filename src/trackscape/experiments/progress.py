"""How far a work on many frames has come."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.progress import track

from trackscape.data import Hits


def show_progress(frames: Sequence[Hits]) -> Iterable[Hits]:
    """Yields the frames and shows a bar meanwhile, on the error stream."""
    yield from track(frames, description="frames", console=Console(stderr=True), transient=True)
