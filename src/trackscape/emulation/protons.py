"""A beam of protons and a slab of water: the same layers on other physics."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from trackscape.compiled import Floats
from trackscape.emulation.conservation import Conserved
from trackscape.emulation.system import System
from trackscape.emulation.windows import Windows
from trackscape.errors import ConfigError
from trackscape.formats.primaries import read_primaries
from trackscape.simulation import make_setup, simulate

BEAM = ("protons", "stopped", "energy", "spent")
"""Protons that go on and that do not, for each one that came in; energy in MeV that the former
carry, and that is deposited or carried away otherwise."""
SLAB = ("thickness",)
"""Of water, in mm."""


def slab_system() -> System:
    """Describes a beam that meets a slab: protons and energy only ever leave it.

    So survival lies within 0 and 1, and no energy is created.
    """
    return System(
        state=BEAM,
        forcing=SLAB,
        groups=(
            Conserved(name="protons", columns=(0, 1)),
            Conserved(name="energy", columns=(2, 3)),
        ),
        inlets=(0, 2),
        remainders=(1, 3),
        stages=(((0, 1), (2, 3)),),
    )


def simulate_slabs(
    energy: Floats,
    thickness: Floats,
    *,
    primaries: int,
    seed: int,
    progress: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> Windows:
    """Simulates protons of energies in MeV that meet slabs of thicknesses in mm, (n) each.

    Raises:
        ConfigError: Energies or thicknesses are not finite and more than 0, or not as many.
    """
    if energy.shape != thickness.shape or not (np.minimum(energy, thickness) > 0).all():
        raise ConfigError(
            "Expected as many energies in MeV as thicknesses in mm, all of more than 0, got "
            f"{energy.shape} and {thickness.shape}; give one of each for a slab."
        )
    state = np.zeros((len(energy), 2, len(BEAM)))
    with tempfile.TemporaryDirectory() as folder:
        for i in progress(range(len(energy))):
            setup = make_setup(phantom=f"water:{thickness[i]}", beam=f"energy={energy[i]}")
            hits, truth = Path(folder) / "hits.npz", Path(folder) / "truth.npz"
            simulate(setup, hits, primaries=primaries, seed=seed + i, truth=truth)
            table = read_primaries(truth, ("in_ekin", "out_ekin"))
            before, behind = float(table["in_ekin"].mean()), table["out_ekin"]
            survives = behind > 0
            left = float(np.where(survives, behind, 0.0).mean())
            state[i, 0] = 1.0, 0.0, before, 0.0
            state[i, 1] = survives.mean(), 1 - survives.mean(), left, before - left
    return Windows(
        state=state,
        forcing=thickness[:, None],
        kind=np.full(len(energy), "water"),
        state_names=BEAM,
        forcing_names=SLAB,
    )


def scaled_beams(windows: Windows, *, copies: int, random: np.random.Generator) -> Windows:
    """Returns runs with beams of other sizes, for which a slab does the same."""
    rows = np.tile(np.arange(len(windows)), copies)
    size = np.exp(random.uniform(np.log(0.05), 0.0, len(rows)))
    grown = windows.part(rows)
    return Windows(
        state=grown.state * size[:, None, None],
        forcing=grown.forcing,
        kind=grown.kind,
        state_names=BEAM,
        forcing_names=SLAB,
    )
