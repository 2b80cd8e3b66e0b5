"""Protons through slabs of water: an emulator with exact layers beside one without, and a table."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.interpolate import LinearNDInterpolator

from studies.markdown import table
from trackscape.compiled import Floats
from trackscape.emulation import (
    Emulator,
    EmulatorConfig,
    Windows,
    load_emulator,
    read_windows,
    scaled_beams,
    simulate_slabs,
    slab_system,
    train_emulator,
    write_windows,
)

SLABS, PRIMARIES = 300, 300
TEST = 120
ENERGY, THICKNESS = (80.0, 220.0), (2.0, 150.0)
"""Ranges in MeV and mm in which the slabs of training and test are drawn."""
BEYOND = ((220.0, 230.0), (150.0, 250.0))
"""Ranges of the slabs beyond those of training."""
CHAIN = 10
"""Slabs in a row, in place of one that is as thick as all."""
COPIES = 40


def proton_tables(work: Path) -> list[str]:
    """Returns errors against the simulation, and how often a law is broken."""
    train = _slabs(work / "slabs.parquet", SLABS, ENERGY, THICKNESS, seed=1)
    grown = scaled_beams(train, copies=COPIES, random=np.random.default_rng(0))
    tests = {
        "within": _slabs(work / "slabs-within.parquet", TEST, ENERGY, THICKNESS, seed=10_000),
        "beyond": _slabs(work / "slabs-beyond.parquet", TEST, *BEYOND, seed=20_000),
    }
    ways: dict[str, Any] = {
        name: _trained(work, grown, train, kind) for name, kind in _KINDS.items()
    }
    ways["linear interpolation"] = _interpolation(train)
    rows = [
        [f"{name}, {place}", *_errors(way, windows)]
        for place, windows in tests.items()
        for name, way in ways.items()
    ]
    for name in _KINDS:
        rows.append(
            [f"{name}, {CHAIN} slabs in a row", *_errors(ways[name], tests["within"], CHAIN)]
        )
    titles = ["", "survival, %", "energy, MeV", "survival beyond 0 to 1, %", "energy made, %"]
    return table(titles, rows, align="right")


_KINDS = {"network alone": "published", "fluxes": "fluxes"}


def _slabs(
    path: Path,
    n: int,
    energy: tuple[float, float],
    thickness: tuple[float, float],
    *,
    seed: int,
) -> Windows:
    if not path.exists():
        random = np.random.default_rng(seed)
        drawn = random.uniform(*energy, n), random.uniform(*thickness, n).round(1)
        write_windows(path, [simulate_slabs(*drawn, primaries=PRIMARIES, seed=seed)])
    return read_windows(path)


def _trained(work: Path, grown: Windows, validation: Windows, kind: str) -> Emulator:
    loss = {"kind": "squares" if kind == "published" else "logarithmic"}
    settings = EmulatorConfig.model_validate(
        {
            "name": f"slab-{kind}",
            "network": {"kind": kind, "hidden": 64},
            "loss": loss,
            "optimiser": {
                "learning_rate": 3e-3,
                "schedule": "one_cycle",
                "runs_per_step": 256,
                "steps": 4000,
                "validate_every": 500,
            },
        }
    )
    trained = train_emulator(
        settings,
        slab_system(),
        training=grown,
        validation=validation,
        runs=work / "runs",
        seed=0,
        progress=False,
    )
    return load_emulator(trained.folder / "weights.safetensors")


def _interpolation(train: Windows) -> Any:
    given = np.column_stack([train.state[:, 0, 2], train.forcing[:, 0]])
    linear = LinearNDInterpolator(given, train.state[:, 1], rescale=True)

    def step(state: Floats, forcing: Floats) -> Floats:
        return linear(np.column_stack([state[:, 2], forcing[:, 0]]))

    return step


def _errors(way: Any, windows: Windows, slabs: int = 1) -> list[str]:
    """Errors of survival and of energy of a proton that came in, and violations."""
    state, forcing = windows.state[:, 0], windows.forcing / slabs
    for _ in range(slabs):
        state = _step(way, state, forcing)
    known = np.isfinite(state).all(axis=1)
    if not known.any():
        return ["-"] * 4
    found, wanted = state[known], windows.state[known, 1]
    survival, energy = np.sqrt(((found - wanted) ** 2).mean(axis=0))[[0, 2]]
    beyond = (found[:, 0] < 0) | (found[:, 0] > 1 + 1e-6)
    total = windows.state[known, 0, 2]
    made = (found[:, 2] > total * (1 + 1e-6)) | (found[:, 2] < 0)
    made |= np.abs(found[:, 2] + found[:, 3] - total) > 1e-5 * total
    return [
        f"{100 * survival:.2f}",
        f"{energy:.2f}",
        f"{100 * beyond.mean():.0f}",
        f"{100 * made.mean():.0f}",
    ]


def _step(way: Any, state: Floats, forcing: Floats) -> Floats:
    if not isinstance(way, Emulator):
        return way(state, forcing)
    with torch.no_grad():
        return way(torch.tensor(state).float(), torch.tensor(forcing).float()).double().numpy()
