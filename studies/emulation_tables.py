"""Scores of emulators as tables."""

from typing import Any

import numpy as np

from studies.markdown import table
from trackscape.emulation.m7 import PUBLISHED, STATE

COLUMNS = [STATE.index(name) for name in PUBLISHED]
"""Columns that the paper has, too."""


def _spread(values: list[float], digits: int) -> str:
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"


def variant_table(scores: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Returns scores of all networks, means and standard deviations over seeds."""
    rows: list[list[str]] = []
    for name, seeds in scores.items():
        r2 = [np.array(each["r2"])[COLUMNS] for each in seeds]
        logs = [np.nanmean(np.array(each["r2_log"])[COLUMNS]) for each in seeds]
        dev = [float(np.array(each["dev"])[COLUMNS].mean()) for each in seeds]
        rmse = [np.mean(np.array(each["rmse"])[COLUMNS]) for each in seeds]
        bias = [1e6 * float(np.max(np.abs(each["mass_bias"]))) for each in seeds]
        rows.append(
            [
                name,
                _spread(dev, 3),
                _spread([float(each.mean()) for each in r2], 3),
                _spread([float(np.median(each)) for each in r2], 3),
                f"{min(float(each.min()) for each in r2):.2f}",
                _spread([float(each) for each in logs], 3),
                _spread([float(each) for each in rmse], 3),
                f"{np.mean(bias):.3g}",
                f"{max(each['worst_mass'] for each in seeds):.1e}",
                f"{100 * np.mean([each['negative_share'] for each in seeds]):.3g}",
                f"{np.mean([each['negative_mean'] for each in seeds]):.1e}",
            ]
        )
    titles = [
        "",
        "R², development",
        "R²",
        "median R²",
        "worst R²",
        "R² log",
        "RMSE",
        "mass bias, 1e-6",
        "worst mass error",
    ]
    return table([*titles, "negative, %", "negative size"], rows, align="right")


def column_table(scores: dict[str, list[dict[str, Any]]], names: list[str]) -> list[str]:
    """Returns R² of each column for networks of these names."""
    rows = [
        [column, *(_spread([each["r2"][i] for each in scores[name]], 3) for name in names)]
        for i, column in enumerate(STATE)
    ]
    return table(["", *names], rows, align="right")
