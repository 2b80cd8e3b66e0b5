"""States for tests of M7: those of the reference, and random ones, also odd ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from trackscape.emulation.m7 import FORCING, M7, MASSES, MODES, STATE

CASES: dict[str, Any] = json.loads(Path(__file__).with_name("m7_reference_cases.json").read_text())[
    "cases"
]


def state_of(case: dict[str, Any]) -> np.ndarray:
    masses = [case["mass"][name] for name in MASSES]
    return np.array([[case["h2so4"], *masses, *(case["number"][name] for name in MODES)]])


def forcing_of(case: dict[str, Any]) -> np.ndarray:
    names = ("T", "p", "rh", "cloud", "forest", "pbl", "prod")
    return np.array([[case[name] for name in names]], dtype=float)


def model_of(case: dict[str, Any]) -> M7:
    return M7(
        dt=case["dt"],
        water="kappa" if case["nwater"] == 1 else "salts",
        nucleation="vehkamaki" if case["nsnucl"] == 1 else None,
        boundary_layer=(None, "activation", "kinetic")[case["nonucl"]],
        condensation=bool(case["lscond"]),
        coagulation=bool(case["lscoag"]),
        published_defects=True,
    )


def random_cells(seed: int, n: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and masses over many orders of magnitude, with empty modes and masses of nothing."""
    rng = np.random.default_rng(seed)
    state = np.zeros((n, len(STATE)))
    most = np.array([1e5, 1e4, 1e4, 1e2, 1e4, 1e3, 1e2])
    number = most * 10 ** rng.uniform(-8, 0, (n, 7)) * (rng.random((n, 7)) < 0.85)
    radius = np.array([2e-7, 2e-6, 1e-5, 8e-5, 2e-6, 1.5e-5, 8e-5])
    volume = 4 * (radius * np.exp(np.clip(rng.normal(0, 0.6, (n, 7)), -2, 1.2))) ** 3
    for i, name in enumerate(MASSES):
        of_one = 1e22 if name.startswith("SO4") else 2e12
        share = rng.random(n) * (rng.random(n) < 0.8)
        mode = MODES.index(name[-2:])
        state[:, 1 + i] = number[:, mode] * volume[:, mode] * of_one * share
    state[:, 0] = 10 ** rng.uniform(2, 9, n) * (rng.random(n) < 0.9)
    state[:, 19:] = number * (rng.random((n, 7)) < 0.97)
    forcing = np.column_stack(
        [
            rng.uniform(190, 310, n),
            10 ** rng.uniform(3.5, 5.0, n),
            rng.uniform(0, 1, n),
            rng.choice([0.0, 0.3, 1.0], n),
            rng.uniform(0, 1, n),
            rng.choice([0.0, 1.0], n),
            10 ** rng.uniform(1, 6, n) * (rng.random(n) < 0.9),
        ]
    )
    assert forcing.shape[1] == len(FORCING)
    return state, forcing
