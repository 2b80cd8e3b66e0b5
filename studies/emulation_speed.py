"""What a cell and step costs: M7 in machine code beside networks, in one run."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from studies.markdown import table
from trackscape.emulation import Emulator, Step, Windows, array_step
from trackscape.emulation.m7 import M7, m7_windows

CELLS = (1_000, 10_000, 100_000, 1_000_000)
THREADS = (1, 2)
REPEATS = 7
FORTRAN = 3.0
"""µs a cell and step that the compiled Fortran was measured at on one core."""
DATA_RUNS, DATA_STEPS = 12_000, 4
WAYS = ("M7", "published", "fluxes")


def measure_speed(emulators: Sequence[Emulator], model: M7, windows: Windows) -> dict[str, Any]:
    """Returns µs a cell and step of all repeats, by threads and cells, (ways, repeats).

    All take turns in each repeat, so that what others do on the machine hits all. Networks run
    layers in single precision, from arrays in double precision and back, as a host has them.
    """
    steps: list[Step] = [
        lambda state, forcing: model.run(state, forcing, steps=1),
        *map(array_step, emulators),
    ]
    found: dict[str, Any] = {}
    before = torch.get_num_threads()
    for threads in THREADS:
        torch.set_num_threads(threads)
        for cells in CELLS:
            rows = np.arange(cells) % len(windows)
            given = windows.state[rows, 0], windows.forcing[rows]
            for step in steps:
                step(*given)
            times = [
                [_time(lambda step=step, given=given: step(*given)) for step in steps]
                for _ in range(REPEATS)
            ]
            found[f"{threads}, {cells}"] = (1e6 / cells * np.array(times).T).tolist()
        found[f"data, {threads}"] = _time(lambda: _make_data(model))
    torch.set_num_threads(before)
    return found


def _make_data(model: M7) -> int:
    return sum(map(len, m7_windows(model, runs=DATA_RUNS, steps=DATA_STEPS)))


def rate_table(found: dict[str, Any]) -> list[str]:
    """Returns how many cell-steps of data are made in a minute."""
    cells = 60e-6 * DATA_RUNS * DATA_STEPS
    rates = [f"{cells / found[f'data, {threads}']:.2f}" for threads in THREADS]
    titles = ["threads", *map(str, THREADS)]
    return table(titles, [["million cell-steps of data a minute", *rates]], align="right")


def _time(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def speed_tables(found: dict[str, Any]) -> list[str]:
    """Returns a table of times, with ratios to M7, to the published network and to the Fortran."""
    rows: list[list[str]] = []
    for threads in THREADS:
        for cells in CELLS:
            model, published, ours = np.array(found[f"{threads}, {cells}"])
            ratios = [model / published, model / ours, ours / published, FORTRAN / ours / threads]
            shown = [f"{np.median(t):.2f} ({_ends(t)})" for t in (model, published, ours)]
            medians = [f"{np.median(ratio):.2f}" for ratio in ratios]
            rows.append([f"{threads}", f"{cells:,}", *shown, *medians])
    titles = ["threads", "cells", *(f"{way}, µs" for way in WAYS), "M7 / published", "M7 / fluxes"]
    return table([*titles, "fluxes / published", "Fortran / fluxes, a core"], rows, align="right")


def _ends(times: np.ndarray) -> str:
    low, high = np.quantile(times, (0.25, 0.75))
    return f"{low:.2f} to {high:.2f}"
