"""This machine -> what it is, and how fast it multiplies and copies."""

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from benchmarks.page import processor

PACKAGES = ("torch", "torch-geometric", "numpy", "scipy", "numba", "networkx")
MATRIX = 2048
"""Rows and columns: large enough that arithmetic, not memory, decides."""
COPIED = 1 << 28
"""Bytes; far more than any cache holds."""
REPEATS = 7


class Machine(NamedTuple):
    model: str
    architecture: str
    cores: int
    threads: int
    """Of PyTorch."""
    python: str
    versions: dict[str, str]
    load: float
    """Average of a minute, before anything was measured."""
    multiply_adds: float
    """Per second, of float32 in a large matrix product with all threads."""
    bandwidth: float
    """Bytes read and written per second, of a large copy with all threads."""


def hardware() -> str:
    """One line for a page that needs no more."""
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores ({platform.machine()}, {processor()}), torch {torch.__version__}, no GPU."
    )


def describe() -> Machine:
    load = os.getloadavg()[0]
    return Machine(
        model=processor(),
        architecture=platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        threads=torch.get_num_threads(),
        python=platform.python_version(),
        versions={name: importlib.metadata.version(name) for name in PACKAGES},
        load=load,
        multiply_adds=measure_multiply_adds(),
        bandwidth=measure_bandwidth(),
    )


def measure_multiply_adds() -> float:
    a, b = torch.rand(2, MATRIX, MATRIX)
    out = torch.empty_like(a)
    return MATRIX**3 / _fastest(lambda: torch.mm(a, b, out=out))


def measure_bandwidth() -> float:
    source = torch.zeros(COPIED, dtype=torch.uint8)
    target = torch.ones_like(source)
    return 2 * COPIED / _fastest(lambda: target.copy_(source))


def _fastest(work: Callable[[], object]) -> float:
    """Seconds of the fastest of some calls; one before them is not counted."""
    work()
    seconds: list[float] = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
