"""Geant4 -> the table of nuclear reactions that the fast engine draws from.

    python -m trackscape.simulation.geant4.reactions -o reactions.npz

Protons are shot into blocks of one element each, with all electromagnetic processes taken away.
The length of the first step then measures a cross section, and its end is one reaction.
"""

import argparse
import math
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trackscape.simulation.geant4.laboratory import ATOMS, HALF_LENGTH, SYMBOLS, Laboratory, Shot
from trackscape.simulation.geant4.physics import geant4_version
from trackscape.simulation.geant4.stub_data import MILLIBARN

CROSS_SECTION_ENERGIES = np.geomspace(1.0, 300.0, 80)
REACTION_TARGETS = ("C", "N", "O", "Al", "Si", "Ca", "Cu")
REACTION_ENERGIES = (15.0, 25.0, 40.0, 60.0, 85.0, 115.0, 150.0, 190.0, 230.0, 270.0)
ELASTIC_TARGETS = ("H", "C", "N", "O", "Al", "Si", "Ca", "Cu")
ELASTIC_ENERGIES = (2.0, 5.0, 10.0, *REACTION_ENERGIES)
_PHOTON = 22  # code of the Particle Data Group
_LEAST_PHOTON = 0.03  # MeV; the electrons of photons below would not reach a sensitive layer
PROBABILITIES = np.concatenate([np.linspace(0, 0.95, 49), 1 - np.geomspace(0.04, 5e-4, 15), [1.0]])
"""Probabilities of the quantiles: even steps for the bulk, finer ones for large angles."""


def measure_cross_sections(laboratory: Laboratory, process: str) -> NDArray[np.float32]:
    """Returns the cross section per atom in mb, elements in rows, energies in columns.

    Every shot starts with the same random number u, and the first step is -ln(u) free paths long.
    """
    shots = [Shot(element, energy) for element in SYMBOLS for energy in CROSS_SECTION_ENERGIES]
    lengths: list[float] = []
    random = laboratory.g4.HepRandom
    random.setTheSeed(1)
    free_paths = -math.log(random.getTheEngine().flat())

    def look(step: Any) -> None:
        lengths.append(step.GetStepLength())

    laboratory.seed_every_shot = True
    laboratory.shoot(shots, process, look)
    laboratory.seed_every_shot = False
    found = free_paths / (np.array(lengths) * ATOMS * MILLIBARN)
    found[np.array(lengths) > 0.9 * HALF_LENGTH] = 0.0  # reached the end of the block
    return found.reshape(len(SYMBOLS), -1).astype(np.float32)


def sample_reactions(laboratory: Laboratory, count: int, seed: int) -> dict[str, NDArray[Any]]:
    """Returns nuclei and photons out of `count` inelastic reactions a target and energy.

    Photons have charge and mass 0. Neutrons are left out.
    """
    shots = [
        Shot(element, energy)
        for element in REACTION_TARGETS
        for energy in REACTION_ENERGIES
        for _ in range(count)
    ]
    rows: list[tuple[int, int, float, float, float]] = []
    ends: list[int] = []

    def look(step: Any) -> None:
        for track in step.GetSecondaryInCurrentStep():
            particle = track.GetDefinition()
            charge, mass = particle.GetPDGCharge(), particle.GetBaryonNumber()
            energy = track.GetKineticEnergy()
            photon = particle.GetPDGEncoding() == _PHOTON and energy > _LEAST_PHOTON
            if photon or (charge > 0 and mass > 0):
                direction = track.GetMomentumDirection()
                theta = math.acos(max(-1.0, min(1.0, direction.z)))
                phi = math.atan2(direction.y, direction.x)
                rows.append((round(charge), mass, energy, theta, phi))
        ends.append(len(rows))

    laboratory.g4.HepRandom.setTheSeed(seed)
    laboratory.shoot(shots, "protonInelastic", look)
    table = np.array(rows)
    return {
        "reaction_offsets": np.array([0, *ends], np.int32),
        "secondary_charge": table[:, 0].astype(np.uint8),
        "secondary_mass": table[:, 1].astype(np.uint8),
        "secondary_energy": table[:, 2].astype(np.float16),
        "secondary_theta": table[:, 3].astype(np.float16),
        "secondary_phi": table[:, 4].astype(np.float16),
    }


def sample_elastic(laboratory: Laboratory, count: int, seed: int) -> NDArray[np.float32]:
    """Returns quantiles of the energy that a proton loses, (targets, energies, quantiles) MeV."""
    shots = [
        Shot(element, energy)
        for element in ELASTIC_TARGETS
        for energy in ELASTIC_ENERGIES
        for _ in range(count)
    ]
    losses: list[float] = []

    def look(step: Any) -> None:
        # Of the two protons after a collision with hydrogen, either may count as the first one.
        before = step.GetPreStepPoint().GetKineticEnergy()
        losses.append(before - step.GetPostStepPoint().GetKineticEnergy())

    laboratory.g4.HepRandom.setTheSeed(seed)
    laboratory.shoot(shots, "hadElastic", look)
    table = np.array(losses).reshape(len(ELASTIC_TARGETS), len(ELASTIC_ENERGIES), count)
    return np.moveaxis(np.quantile(table, PROBABILITIES, axis=2), 0, 2).astype(np.float32)


def make_tables(path: Path, *, reactions: int = 300, elastic: int = 8000, seed: int = 1) -> None:
    """Measures all tables and writes them to an npz file.

    Arguments:
        path: The file to write.
        reactions: Inelastic reactions for each target and energy.
        elastic: Elastic collisions for each target and energy.
        seed: Seed of the random numbers.
    """
    with tempfile.TemporaryDirectory() as folder:
        laboratory = Laboratory(Path(folder))
        tables: dict[str, NDArray[Any]] = {
            "made_with": np.array(geant4_version(laboratory.g4)),
            "elements": np.array(SYMBOLS),
            "energies": CROSS_SECTION_ENERGIES,
            "inelastic": measure_cross_sections(laboratory, "protonInelastic"),
            "elastic": measure_cross_sections(laboratory, "hadElastic"),
            "reaction_targets": np.array(REACTION_TARGETS),
            "reaction_energies": np.array(REACTION_ENERGIES),
            **sample_reactions(laboratory, reactions, seed),
            "elastic_targets": np.array(ELASTIC_TARGETS),
            "elastic_energies": np.array(ELASTIC_ENERGIES),
            "elastic_probabilities": PROBABILITIES,
            "elastic_loss": sample_elastic(laboratory, elastic, seed),
        }
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **tables)
    os.replace(partial, path)


def _main() -> None:
    """Runs `make_tables` from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    make_tables(parser.parse_args().output)


if __name__ == "__main__":
    _main()
