"""Work that is killed at random moments, again and again, beside the same work left alone.

Run as ``python -m benchmarks.kill_trainings KIND --kills 50``: it prints a line for each folder
that was compared, and ends with status 1 if bytes differ.
"""

import contextlib
import itertools
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import torch
import typer

from trackscape import samples
from trackscape.execution import Processes
from trackscape.reconstruction import FindTracks, FrameRule, Input, reconstruct_files
from trackscape.simulation import make_setup, simulate
from trackscape.tracking import MINIMUM_LAST_ENERGY, load_tracker
from trackscape.training import TrainingConfig, train

Work = Callable[[Path], None]
"""Does something in a folder, or goes on with it."""
LOSSES: dict[str, dict[str, Any]] = {
    "likelihood": {},
    "ptt": {},
    "pat": {"strength": 25, "convention": "published"},
    "fenchel_young": {"sigma": 0.1, "samples": 2},
    "hinge": {"margin": 0.2},
    "spo_plus": {"contrast": 1.0},
    "identity": {},
    "perturbed": {"sigma": 0.1, "samples": 2, "antithetic": True},
    "imle": {"strength": 0.3, "sigma": 0.1, "samples": 2, "noise": "sum_of_gamma"},
    "aimle": {"strength": 0.3, "changed": 0.05, "sigma": 0.1, "samples": 2, "noise": "normal"},
    "lpgd": {"strength": 0.3, "side": "average"},
    "sinkhorn": {"temperature": 0.1, "sweeps": 10},
}
OPTIMISERS = ("rmsprop", "adam", "soap")
AVERAGING = (None, 0.9)


class Killed(NamedTuple):
    """What came of one folder."""

    kills: int
    differing: list[str]
    """Files that are not those of the work left alone."""
    left: list[str]
    """Temporary files that nobody removed."""


def settings(
    loss: str,
    optimiser: str,
    averaging: float | None,
    *,
    steps: int = 12,
    every: int = 2,
    **sizes: int,
) -> TrainingConfig:
    """Describes a short training."""
    network = {"kind": "belief"} if loss == "likelihood" else {"kind": "line_graph", "sizes": sizes}
    moved = optimiser if averaging is None else f"{optimiser}-averaged"
    content = {
        "name": f"{loss.replace('_', '-')}-{moved}",
        "network": network,
        "loss": {"kind": loss, **LOSSES[loss]},
        "assigner": {"semantics": "reject" if loss == "sinkhorn" else "card"},
        "optimiser": {
            "kind": optimiser,
            "averaging": averaging,
            "learning_rate": 2e-3,
            "schedule": "cosine",
            "graphs_per_step": 2,
            "steps": steps,
            "validate_every": every,
        },
        "data": {
            "training": [samples.TRAIN.name],
            "validation": [samples.VALIDATION.name],
            "per_frame": 20,
            "validation_frames": 2,
        },
    }
    return TrainingConfig.model_validate(content)


def training(config: TrainingConfig) -> Work:
    """Trains, one thread, without a word."""

    def work(folder: Path) -> None:
        torch.set_num_threads(1)
        train(config, data=samples.FOLDER, runs=folder, seed=0, progress=False)

    return work


def simulation(folder: Path) -> None:
    """Simulates some protons with the fast engine."""
    simulate(make_setup(phantom="water:150"), folder / "hits.npz", primaries=20_000, seed=1)


def reconstruction(folder: Path) -> None:
    """Finds the tracks of a file with two processes."""
    given = Input([samples.VALIDATION], FrameRule(per_frame=2))
    work = FindTracks(tracker=load_tracker(), min_last_deposit=MINIMUM_LAST_ENERGY)
    reconstruct_files(given, work, folder / "out", executor=Processes(2), progress=False)


def kill_until_done(
    work: Work, folder: Path, alone: Path, *, longest: float, most: int, seed: int
) -> Killed:
    """Starts work until it ends, and kills it after up to `longest` seconds each time but the last.

    Arguments:
        work: What is done.
        folder: Where; new.
        alone: Where the same work was done without a kill.
        longest: Enough to come further now and then.
        most: Kills after which it is left alone: work that begins anew each time would never end.
        seed: Of the moments.
    """
    moments, kills = random.Random(seed), 0
    folder.mkdir()
    while kills < most and not _ends_within(moments.uniform(0, longest), _start(work, folder)):
        kills += 1
    if kills == most:
        assert _ends_within(1e6, _start(work, folder))
    return Killed(kills, _differing(folder, alone), [str(p.name) for p in folder.rglob(".*.part")])


def _start(work: Work, folder: Path) -> int:
    """A fork, which need not import anything again. This process itself must never do the work."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        work(folder)
        status = 0
    finally:
        os._exit(status)


def _ends_within(seconds: float, process: int) -> bool:
    """Whether a process ends in time; else it is killed, or one of its own processes, by chance."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            assert status == 0, "the work itself failed"
            return True
        time.sleep(0.002)
    with contextlib.suppress(ProcessLookupError):  # it has just ended
        os.kill(random.choice([process, *_children(process)]), signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    return status == 0


def _children(process: int) -> list[int]:
    """Processes that another one started, and theirs."""
    found: list[int] = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, path.read_text().split()):
                found += [child, *_children(child)]
    return found


def _differing(folder: Path, other: Path) -> list[str]:
    # Times differ, and so do checkpoints, which hold times; TensorBoard begins a new file.
    names = {
        path.relative_to(root)
        for root in (folder, other)
        for path in root.rglob("*.*")
        if path.name in ("weights.safetensors", "metrics.csv", "hits.npz", "summary.json")
        or path.suffix == ".parquet"
    }
    return sorted(str(name) for name in names if _content(folder / name) != _content(other / name))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def cases(kind: str) -> Iterator[tuple[str, Work]]:
    """Yields the names and works of a kind."""
    match kind:
        case "reported":
            config = settings("pat", "adam", 0.9, steps=120, every=4)
            yield "pat-adam-averaged, 120 steps", training(config)
        case "simulate":
            yield "simulate", simulation
        case "reconstruct":
            yield "reconstruct", reconstruction
        case "train":
            for loss, optimiser, averaging in itertools.product(LOSSES, OPTIMISERS, AVERAGING):
                config = settings(loss, optimiser, averaging)
                yield config.name, training(config)
        case _:
            config = settings(kind, "adam", 0.9, steps=6, hidden=4, encoding=8)
            yield config.name, training(config)


def main(
    kind: Annotated[str, typer.Argument(help="reported, train, simulate, reconstruct, a loss.")],
    kills: Annotated[int, typer.Option(help="For each case.")] = 50,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 0,
) -> None:
    """Kill work at random moments and compare what comes with the same work left alone."""
    right = True
    for name, work in cases(kind):
        with tempfile.TemporaryDirectory() as place:
            alone = Path(place) / "alone"
            alone.mkdir()
            for folder in (alone, Path(place) / "warm"):  # the first one may compile
                begin = time.monotonic()
                folder.mkdir(exist_ok=True)
                assert _ends_within(1e6, _start(work, folder))
                seconds = time.monotonic() - begin
            done = 0
            for attempt in itertools.count():
                torn = Path(place) / f"torn{attempt}"
                came = kill_until_done(
                    work,
                    torn,
                    alone,
                    longest=0.8 * seconds,
                    most=kills - done,
                    seed=seed + 1000 * attempt,
                )
                done += came.kills
                same = "other " + ", ".join(came.differing) if came.differing else "same bytes"
                typer.echo(f"{name}: {came.kills} kills, {same} {' '.join(came.left)}")
                right &= not came.differing and not came.left
                if done >= kills:
                    break
    raise typer.Exit(0 if right else 1)


if __name__ == "__main__":
    typer.run(main)
