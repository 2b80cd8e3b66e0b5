"""Regimes of the air that emulators learn from and are judged on, as a table and a figure."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from studies.markdown import table
from trackscape.emulation import Windows
from trackscape.emulation.m7 import DEVELOPMENT, HELD_OUT, MODES, REGIMES, STATE
from trackscape.pictures import save_figure

COLOURS = {"train": "tab:blue", "dev": "tab:green", "test": "tab:orange"}


def regime_table() -> list[str]:
    """Returns ranges of all regimes, with what they are for."""
    rows: list[list[str]] = []
    for name, air in REGIMES.items():
        ranges = [air.temperature, tuple(p / 100 for p in air.pressure), air.humidity]
        shown = [f"{low:g} to {high:g}" for low, high in [*ranges, air.production]]
        roles = {" (development)": DEVELOPMENT, " (held out)": HELD_OUT}
        role = next((text for text, names in roles.items() if name in names), "")
        rows.append([name.replace("_", " ") + role, *shown, *(f"{n:g}" for n in air.numbers)])
    titles = ["", "T, K", "p, hPa", "RH", "production, 1/cm³/s", *(f"N {mode}" for mode in MODES)]
    return table(titles, rows, align="right")


def draw_regimes(of_regime: Mapping[str, tuple[Windows, str]], path: Path) -> None:
    """Draws medians and ranges of some columns, for runs of each regime and what they are for."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    panels = figure.subplots(2, 3).ravel()
    shown = ("H2SO4", "N_NS", "N_KS", "N_AS", "SO4_AS", "DU_CI")
    for panel, column in zip(panels, shown, strict=True):
        for number, regime in enumerate(REGIMES):
            windows, where = of_regime[regime]
            values = windows.state[windows.kind == regime, 0, STATE.index(column)]
            values = np.log10(values[values > 1e-12])
            low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
            colour = COLOURS[where]
            panel.plot([low, high], [number, number], color=colour)
            panel.plot(middle, number, "o", color=colour)
        panel.set_xlabel(f"log10 {column}")
        names = [name.replace("_", " ") for name in REGIMES] if panel in panels[::3] else []
        panel.set_yticks(range(len(names)), names)
    save_figure(figure, path, dpi=110)
