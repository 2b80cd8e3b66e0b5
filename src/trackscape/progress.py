"""How far a long work has come, for whoever looks at a terminal."""

import contextlib
import logging
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

_LOG = logging.getLogger(__name__)


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
    with news_bar(what, total=total, done=done, show=show) as move:
        yield lambda items: move(items, "")


@contextlib.contextmanager
def news_bar(
    what: str, *, total: int | None, done: int = 0, show: bool = True
) -> Generator[Callable[[int, str], object], None, None]:
    """Shows a bar as `progress_bar` does; what moves it on says how it goes, too."""
    news = TextColumn("{task.fields[news]}", markup=False)
    timing = (MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(TextColumn(what), BarColumn(), *timing, news, **_terminal(show=show)) as bar:
        task = bar.add_task(what, total=total, completed=done, news="")
        yield lambda items, text: bar.update(task, advance=items, news=text)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Returns items a second."""
        return Text(f"{task.speed:,.0f}/s" if task.speed and task.speed >= 1 else "")


def show_status(what: str) -> contextlib.AbstractContextManager[object]:
    """Shows what is being done in a block, on the error stream if that is a terminal."""
    console = Console(stderr=True)
    return console.status(escape(what)) if _is_watched(console) else contextlib.nullcontext()


def _terminal(*, show: bool = True) -> dict[str, Any]:
    console = Console(stderr=True)
    console.quiet = not _is_watched(console)  # even a transient bar leaves an empty line in a log
    return {"console": console, "transient": True, "disable": console.quiet or not show}


def _is_watched(console: Console) -> bool:
    """Whether there is a terminal, and nobody has asked for silence: a level above warnings."""
    return console.is_interactive and _LOG.isEnabledFor(logging.WARNING)
