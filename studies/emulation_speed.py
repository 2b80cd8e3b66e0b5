"""What a cell and step costs: M7 in machine code beside networks, in one run."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from studies.markdown import table
from trackscape.emulation import Emulator, Windows
from trackscape.emulation.m7 import M7

CELLS = (1_000, 10_000, 100_000)
THREADS = (1, 2)
REPEATS = 5
FORTRAN = 3.0
"""µs a cell and step that the compiled Fortran was measured at on one core."""


def measure_speed(emulators: Sequence[Emulator], model: M7, windows: Windows) -> dict[str, Any]:
    """Returns µs a cell and step: median and quartiles over repeats, by threads and cells.

    Networks run in single precision, from arrays in double precision and back, as a host has them.
    """
    found: dict[str, Any] = {}
    before = torch.get_num_threads()
    for threads in THREADS:
        torch.set_num_threads(threads)
        for cells in CELLS:
            rows = np.arange(cells) % len(windows)
            state, forcing = windows.state[rows, 0], windows.forcing[rows]
            ways: dict[str, Callable[[], object]] = {
                "M7": lambda s=state, f=forcing: model.run(s, f, steps=1)
            }
            for name, emulator in zip(("published", "fluxes"), emulators, strict=True):
                ways[name] = lambda e=emulator, s=state, f=forcing: _predict(e, s, f)
            for name, run in ways.items():
                found[f"{name}, {threads}, {cells}"] = _times(run, cells)
    torch.set_num_threads(before)
    return found


def _predict(emulator: Emulator, state: np.ndarray, forcing: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        parts = [
            emulator(torch.from_numpy(s).float(), torch.from_numpy(f).float()).double().numpy()
            for s, f in zip(_chunks(state), _chunks(forcing), strict=True)
        ]
    return np.concatenate(parts)


def _chunks(values: np.ndarray) -> list[np.ndarray]:
    """Pieces that stay in the cache."""
    return [values[begin : begin + 2000] for begin in range(0, len(values), 2000)]


def _times(run: Callable[[], object], cells: int) -> list[float]:
    run()
    seconds: list[float] = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return [1e6 / cells * float(q) for q in np.quantile(seconds, (0.5, 0.25, 0.75))]


def speed_tables(found: dict[str, Any]) -> list[str]:
    """Returns a table of times, with ratios to M7 and to the Fortran."""
    rows: list[list[str]] = []
    for threads in THREADS:
        for cells in CELLS:
            keys = [f"{name}, {threads}, {cells}" for name in ("M7", "published", "fluxes")]
            times = [found[key] for key in keys]
            shown = [f"{t[0]:.2f} ({t[1]:.2f} to {t[2]:.2f})" for t in times]
            ratios = [f"{times[0][0] / t[0]:.2f}" for t in times[1:]]
            twice = f"{times[2][0] / times[1][0]:.2f}"
            fortran = f"{FORTRAN / times[2][0] / threads:.2f}"
            rows.append([f"{threads}", f"{cells:,}", *shown, *ratios, twice, fortran])
    titles = ["threads", "cells", "M7, µs", "published, µs", "fluxes, µs", "M7 / published"]
    more = ["M7 / fluxes", "fluxes / published", "Fortran / fluxes, a core"]
    return table([*titles, *more], rows, align="right")
