"""Evaluations that are killed at random moments and started again must end with the same bytes.

What is killed, with SIGKILL, is the process that evaluates, one that computes for it, or all of
them. `python -m benchmarks.kill_surfaces` does so many times; a test, a few times. Linux only.
"""

import contextlib
import dataclasses
import glob
import multiprocessing
import os
import random
import signal
import sys
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch
from torch import Tensor, nn

from trackscape.execution import Executor
from trackscape.landscape import (
    FileQueue,
    Problem,
    Processes,
    RayCluster,
    SampleGrid,
    evaluate,
    grid,
    random_directions,
    save_surface,
)

KINDS = ("serial", "processes", "queue", "ray")
_SIDE_BY_SIDE = {"queue": 2}
"""Evaluations that share a folder, of executors that can do that."""
_HANGS = 600.0
"""Seconds after which an evaluation that nobody kills should have ended."""


def losses(model: nn.Module, batch: Tensor) -> dict[str, Tensor]:
    """A loss with noise, and one that is no number at some points."""
    found = model(nn.functional.dropout(batch, 0.1))
    return {"loss": found.square().mean(), "logarithm": found[0].sum().log()}


def small_surface(steps: int) -> tuple[Problem, SampleGrid]:
    """A network with BatchNorm, three batches, and a plane with steps^2 points around it."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Linear(16, 1))
    batches = [torch.randn(size, 4) for size in (20, 30, 10)]
    directions = random_directions(model, 2, seed=0)
    problem = Problem(model, batches, losses, norm="batch")
    return problem, grid(problem.centre, directions.vectors, steps=steps)


def evaluate_into(number: int, kind: str, folder: Path, steps: int) -> None:
    """Evaluates the surface, from where others were killed, and writes ``NUMBER.npz``."""
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # actors of Ray import this module, too
    executor: Executor | None = {
        "serial": lambda: None,
        "processes": lambda: Processes(2),
        "queue": lambda: FileQueue(folder / "queue"),
        "ray": lambda: RayCluster(2),
    }[kind]()
    problem, points = small_surface(steps)
    found = evaluate(problem, points, executor=executor, folder=folder / "work", progress=False)
    save_surface(found, folder / f"{number}.npz")


@dataclasses.dataclass
class Outcome:
    """What came of killing."""

    kills: int = 0
    evaluations: int = 0
    """That came to their end; each was compared."""
    different: int = 0
    """Whose bytes differ from those of one that was left alone."""


def kill(kind: str, folder: Path, *, kills: int, seed: int = 0, steps: int = 61) -> Outcome:
    """Kills evaluations with one executor until there were so many kills; compares all results.

    Arguments:
        kind: One of `KINDS`.
        folder: An empty one.
        kills: How many.
        seed: Of the moments, and of what is killed.
        steps: Points along each direction: how much work there is.

    Raises:
        RuntimeError: One fails though nobody killed it, or hangs.
    """
    chance = random.Random(f"{kind} {seed}")
    expected = _Round("serial", folder / "alone", steps).finish(chance, most=0)[0]
    outcome = Outcome()
    while outcome.kills < kills:
        work = _Round(kind, folder / str(outcome.evaluations), steps)
        found = work.finish(chance, most=kills - outcome.kills)
        outcome.kills += work.kills
        outcome.evaluations += len(found)
        outcome.different += sum(each != expected for each in found)
    return outcome


class _Round:
    """Evaluations into one folder, which are killed and started again until they end."""

    def __init__(self, kind: str, folder: Path, steps: int) -> None:
        folder.mkdir(parents=True)
        self.kills = 0
        self._settings = kind, folder, steps
        self._folder = folder
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])  # PyTorch is then loaded once
        self._numbers = range(_SIDE_BY_SIDE.get(kind, 1))

    def finish(self, chance: random.Random, *, most: int) -> list[bytes]:
        """Returns the bytes of each result, after at most so many kills."""
        running = {number: self._start(number) for number in self._numbers}
        hit: set[int] = set()
        longest, kept = 1.0, 0
        while running:
            number = chance.choice(list(running))
            process = running[number]
            process.join(chance.uniform(0, longest) if self.kills < most else _HANGS)
            if process.is_alive() and self.kills < most:
                _kill_some(process, chance)
                self.kills += 1
                hit.add(number)
            elif process.exitcode == 0:
                del running[number]
            elif process.exitcode is not None and number in hit:
                hit.remove(number)
                running[number] = self._start(number)
                now = sum(path.read_bytes().count(1) for path in self._folder.rglob("done.u8"))
                longest *= 1.0 if now > kept else 1.5  # to load everything may take that long
                kept = now
            else:
                raise RuntimeError(f"{self._settings}: unkilled, but ended with {process.exitcode}")
        return [(self._folder / f"{number}.npz").read_bytes() for number in self._numbers]

    def _start(self, number: int) -> BaseProcess:
        process = self._context.Process(target=evaluate_into, args=(number, *self._settings))
        process.start()
        return process


def _kill_some(process: BaseProcess, chance: random.Random) -> None:
    """Kills what evaluates, or one process that computes for it, or all of them."""
    assert process.pid is not None
    computing = [pid for pid in _descendants(process.pid) if _computes(pid)]
    what = chance.choice(["it", "all", "one that computes"])
    if what == "all":
        victims = [process.pid, *computing]
    elif what == "it" or not computing:
        victims = [process.pid]
    else:
        victims = [chance.choice(computing)]
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> Iterator[int]:
    for task in _read(f"/proc/{pid}/task/*/children"):
        for child in map(int, task.split()):
            yield child
            yield from _descendants(child)


def _computes(pid: int) -> bool:
    return any(
        text.startswith("ray::") or "spawn_main" in text for text in _read(f"/proc/{pid}/cmdline")
    )


def _read(pattern: str) -> list[str]:
    found: list[str] = []
    for path in glob.glob(pattern):
        with contextlib.suppress(OSError):  # it ended meanwhile
            found.append(Path(path).read_text(encoding="utf-8", errors="replace"))
    return found
