"""Geant4 -> the tables of nuclear reactions that the fast engine draws from.

    python -m studies.reaction_tables -o reactions.npz

Protons are shot into blocks of one element each, with all electromagnetic processes taken away.
The length of the first step then measures a cross section, and its end is one reaction.
"""
# ruff: noqa: N802 (Geant4 names the methods that it calls)

import argparse
import dataclasses
import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trackscape.files import replacing
from trackscape.simulation import ELEMENTS
from trackscape.simulation.geant4 import geant4_version, import_geant4, make_physics_list

SYMBOLS = ("H", "C", "N", "O", "F", "Al", "Si", "P", "Cl", "Ar", "Ca", "Ti", "Fe", "Cu", "W")
"""Elements of which there is a block, in their natural mixture of isotopes."""
ATOMS = 1e22
"""Atoms in a mm³ of every block; so dense that even a microbarn is met within 10 km."""
HALF_LENGTH = 1e8
"""Half the side of a block in mm."""
CROSS_SECTION_ENERGIES = np.geomspace(1.0, 300.0, 80)
REACTION_TARGETS = ("C", "N", "O", "Al", "Si", "Ca", "Cu")
REACTION_ENERGIES = (15.0, 25.0, 40.0, 60.0, 85.0, 115.0, 150.0, 190.0, 230.0, 270.0)
ELASTIC_TARGETS = ("H", "C", "N", "O", "Al", "Si", "Ca", "Cu")
ELASTIC_ENERGIES = (2.0, 5.0, 10.0, *REACTION_ENERGIES)
_PHOTON = 22  # code of the Particle Data Group
_LEAST_PHOTON = 0.03  # MeV; the electrons of photons below would not reach a sensitive layer
PROBABILITIES = np.concatenate([np.linspace(0, 0.95, 49), 1 - np.geomspace(0.04, 5e-4, 15), [1.0]])
"""Probabilities of the quantiles: even steps for the bulk, finer ones for large angles."""
MILLIBARN = 1e-25
"""Millibarn in mm², the unit of area of Geant4."""


@dataclasses.dataclass(frozen=True)
class Shot:
    """One proton into one element."""

    element: str
    """Symbol of the element of the block."""
    energy: float
    """Kinetic energy of the proton in MeV."""


class Laboratory:
    """Geant4 with a block of each element; once in a process.

    Arguments:
        folder: An empty folder for the stand-ins of Geant4's data.
    """

    def __init__(self, folder: Path):
        g4, data_free = import_geant4(folder)
        self.g4 = g4
        # Without a peak of the cross section in its search range, Geant4 uses the cross section at
        # the energy itself, instead of a larger one of which it rejects a part later.
        g4.G4HadronicParameters.Instance().SetMaxEnergy(1 * g4.MeV)
        self.shots: list[Shot] = []
        self.look: Callable[[Any], None] = lambda step: None
        self.seed_every_shot = False
        self.kept: list[Any] = []
        self.manager = g4.G4RunManager()
        for part in (_blocks(g4), make_physics_list(g4, data_free=data_free), _actions(g4, self)):
            self.kept.append(part)
            self.manager.SetUserInitialization(part)
        g4.G4UImanager.GetUIpointer().ApplyCommand("/process/em/verbose 0")
        g4.G4UImanager.GetUIpointer().ApplyCommand("/process/had/verbose 0")
        self.manager.Initialize()
        protons = g4.G4Proton.Proton().GetProcessManager()
        for process in protons.GetProcessList():
            if process.GetProcessType() == g4.fElectromagnetic:
                self.kept.append(protons.RemoveProcess(process))

    def shoot(self, shots: Sequence[Shot], process: str, look: Callable[[Any], None]) -> None:
        """Shoots protons of which only one process can happen; `look` sees every first step."""
        protons = self.g4.G4Proton.Proton().GetProcessManager()
        for other in protons.GetProcessList():
            if other.GetProcessType() == self.g4.fHadronic:
                protons.SetProcessActivation(other, other.GetProcessName() == process)
        self.shots, self.look = list(shots)[::-1], look
        self.manager.BeamOn(len(shots))


def _blocks(g4: Any) -> Any:
    """World of vacuum-like gas with a row of blocks, one for each element."""

    class Blocks(g4.G4VUserDetectorConstruction):
        def Construct(self) -> Any:
            self.kept: list[Any] = []  # Geant4 keeps no references of its own
            half = HALF_LENGTH
            world = self.volume("world", "H", half * len(SYMBOLS) * 1.1, half * 1.1, 1e-20)
            self.place(world, None, 0.0)
            for index, element in enumerate(SYMBOLS):
                block = self.volume(element, element, half, half, ATOMS)
                self.place(block, world, _centre(index))
            return self.top

        def volume(self, name: str, element: str, x: float, yz: float, atoms: float) -> Any:
            charge, mass = ELEMENTS[element].number, ELEMENTS[element].mass
            density = max(atoms * mass / 6.02214076e23, 1e-25) * g4.g / g4.mm3
            kind = g4.G4Element(f"element {name}", element, charge, mass * g4.g / g4.mole)
            material = g4.G4Material(f"material {name}", density, 1)
            material.AddElement(kind, 1)
            box = g4.G4Box(name, x, yz, yz)
            volume = g4.G4LogicalVolume(box, material, name)
            self.kept += [kind, material, box, volume]
            return volume

        def place(self, volume: Any, mother: Any, x: float) -> None:
            at = g4.G4ThreeVector(x, 0, 0)
            placed = g4.G4PVPlacement(None, at, volume, volume.GetName(), mother, False, 0)
            self.kept.append(placed)
            if mother is None:
                self.top = placed

    return Blocks()


def _centre(index: int) -> float:
    return 2 * HALF_LENGTH * (index - (len(SYMBOLS) - 1) / 2)


def _actions(g4: Any, laboratory: Laboratory) -> Any:
    class Gun(g4.G4VUserPrimaryGeneratorAction):
        def __init__(self) -> None:
            super().__init__()
            self.gun = g4.G4ParticleGun(1)
            self.gun.SetParticleDefinition(g4.G4Proton.Proton())
            self.gun.SetParticleMomentumDirection(g4.G4ThreeVector(0, 0, 1))

        def GeneratePrimaries(self, event: Any) -> None:
            shot = laboratory.shots.pop()
            x = _centre(SYMBOLS.index(shot.element))
            self.gun.SetParticlePosition(g4.G4ThreeVector(x, 0, 0))
            self.gun.SetParticleEnergy(shot.energy)
            if laboratory.seed_every_shot:
                g4.HepRandom.setTheSeed(1)
            self.gun.GeneratePrimaryVertex(event)

    class FirstStep(g4.G4UserSteppingAction):
        def UserSteppingAction(self, step: Any) -> None:
            laboratory.look(step)
            step.GetTrack().SetTrackStatus(g4.fKillTrackAndSecondaries)

    class Actions(g4.G4VUserActionInitialization):
        def Build(self) -> None:
            self.kept = (Gun(), FirstStep())
            for action in self.kept:
                self.SetUserAction(action)

    return Actions()


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
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **tables)


def main() -> None:
    """Runs `make_tables` from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    make_tables(parser.parse_args().output)


if __name__ == "__main__":
    main()
