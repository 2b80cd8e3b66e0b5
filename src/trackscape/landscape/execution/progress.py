"""How far a work has come, on the error stream."""

import contextlib
from collections.abc import Callable, Generator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextlib.contextmanager
def progress_bar(
    what: str, *, total: int, done: int, show: bool
) -> Generator[Callable[[int], object], None, None]:
    """Shows a bar, with the time that remains, and gives a function that moves it on.

    Nothing is shown where nobody looks: even a transient bar leaves an empty line in a log.
    """
    console = Console(stderr=True)
    if not (show and console.is_interactive):
        yield lambda items: None
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total, completed=done)
        yield lambda items: bar.advance(task, items)
