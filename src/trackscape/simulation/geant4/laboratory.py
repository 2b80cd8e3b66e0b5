"""Protons -> Geant4 -> the first thing that happens to each of them, in a pure element."""
# ruff: noqa: N802 (Geant4 names the methods that it calls)

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from trackscape.simulation.geant4.physics import make_physics_list
from trackscape.simulation.geant4.stub_data import import_geant4
from trackscape.simulation.setup.materials import ELEMENTS

SYMBOLS = ("H", "C", "N", "O", "F", "Al", "Si", "P", "Cl", "Ar", "Ca", "Ti", "Fe", "Cu", "W")
"""Elements of which there is a block, in their natural mixture of isotopes."""
ATOMS = 1e22
"""Atoms in a mm³ of every block; so dense that even a microbarn is met within 10 km."""
HALF_LENGTH = 1e8
"""Half the side of a block in mm."""


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
