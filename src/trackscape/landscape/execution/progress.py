"""How far a work has come, on the error stream."""

import contextlib
from collections.abc import Callable, Generator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextlib.contextmanager
def progress_bar(
    what: str, *, total: int, done: int, show: bool
) -> Generator[Callable[[int], object], None, None]:
    """Shows a bar, with the time that remains, and gives a function that moves it on."""
    if not show:
        yield lambda items: None
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, completed=done)
        yield lambda items: bar.advance(task, items)
