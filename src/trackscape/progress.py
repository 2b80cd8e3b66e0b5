"""How far a long work has come, for whoever looks at a terminal."""

import contextlib
from collections.abc import Callable, Generator, Iterable, Sequence, Sized
from typing import Any, Protocol, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    track,
)
from rich.text import Text


class _Simulated(Protocol):
    @property
    def primaries(self) -> Sized: ...


_Item = TypeVar("_Item")
_Chunk = TypeVar("_Chunk", bound=_Simulated)


def show_progress(items: Sequence[_Item], what: str = "frames") -> Iterable[_Item]:
    """Yields the items and shows a bar meanwhile, on the error stream if that is a terminal."""
    yield from track(items, description=what, **_terminal())


def show_primaries(chunks: Iterable[_Chunk], primaries: int) -> Iterable[_Chunk]:
    """Yields what a simulation makes and shows a bar meanwhile, as `show_progress` does."""
    with Progress(**_terminal()) as bar:
        task = bar.add_task("primaries", total=primaries)
        for chunk in chunks:
            yield chunk
            bar.advance(task, len(chunk.primaries))


@contextlib.contextmanager
def progress_bar(
    what: str, *, total: int | None, done: int = 0, show: bool = True
) -> Generator[Callable[[int], object], None, None]:
    """Shows a bar, with rate and time that remains, and gives a function that moves it on."""
    count, left = MofNCompleteColumn(), TimeRemainingColumn()
    columns = (TextColumn(what), BarColumn(), count, _Rate(), left)
    with Progress(*columns, **_terminal(show=show)) as bar:
        task = bar.add_task(what, total=total, completed=done)
        yield lambda items: bar.advance(task, items)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Returns items a second."""
        return Text(f"{task.speed:,.0f}/s" if task.speed and task.speed >= 1 else "")


def show_status(what: str) -> contextlib.AbstractContextManager[object]:
    """Shows what is being done in a block, on the error stream if that is a terminal."""
    console = Console(stderr=True)
    return console.status(escape(what)) if console.is_interactive else contextlib.nullcontext()


def _terminal(*, show: bool = True) -> dict[str, Any]:
    console = Console(stderr=True)
    console.quiet = not console.is_interactive  # even a transient bar leaves an empty line in a log
    return {"console": console, "transient": True, "disable": console.quiet or not show}
