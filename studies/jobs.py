"""Tasks of a study -> finished files, side by side, each on one thread."""

import functools
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import typer

from trackscape.execution import Processes, run_jobs

_Task = TypeVar("_Task")


def run_tasks(
    do: Callable[[_Task], str], tasks: Sequence[_Task], *, workers: int, before: int = 0
) -> None:
    """Does all tasks, and prints a line about each as soon as it is done.

    Arguments:
        do: Does one of them, in another process, and returns what there is to say about it.
        tasks: What is to be done, in no order.
        workers: Processes side by side.
        before: Number of tasks that were done earlier, for the count.
    """
    done = run_jobs(functools.partial(_timed, do), tasks, Processes(workers))
    for number, (_, line) in enumerate(done, 1 + before):
        typer.echo(f"{number}/{len(tasks) + before} {line}", err=True)


def _timed(do: Callable[[_Task], str], task: _Task) -> str:
    started = time.monotonic()
    line = do(task)
    return f"{line}, {time.monotonic() - started:.0f} s"
