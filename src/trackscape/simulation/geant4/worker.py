"""One process with one Geant4 in it, which simulates blocks of primaries."""

import dataclasses
import functools
import os
from pathlib import Path
from typing import Any

import numpy as np

from trackscape.simulation.geant4.actions import (
    Scores,
    make_actions,
    make_sensitive_detectors,
    sample_protons,
)
from trackscape.simulation.geant4.geometry import make_geometry
from trackscape.simulation.geant4.physics import geant4_version, make_physics_list
from trackscape.simulation.geant4.stub_data import import_geant4
from trackscape.simulation.record import Chunk, Setup

BLOCK = 100
"""Primaries that share a seed. Who simulates a block, and after which others, makes no difference.
"""
LOG = "log"
"""Name of the file for what Geant4 prints, in a folder that is called as the process."""
RANGE_CUT = 0.7
"""Secondaries that would not get further, in mm, are not made: few delta electrons are tracks."""


@dataclasses.dataclass(frozen=True)
class Blocks:
    """Simulates the blocks of a simulation, in whatever processes and order."""

    setup: Setup
    """Detector, phantom, beam and plan."""
    primaries: int
    """Number of protons in all blocks together."""
    seed: int
    """Seed of the simulation."""
    folder: Path
    """Folder in which each process makes one for its log and for stand-ins of Geant4's data."""

    def __call__(self, block: int) -> Chunk:
        """Returns the rows of one block."""
        spots = self.setup.plan.spot_of(self.primaries)
        return self._simulator.simulate_block(spots, block=block, seed=self.seed)

    @functools.cached_property
    def _simulator(self) -> "Simulator":
        return Simulator(self.setup, _be_quiet(self.folder))


def tell_version(folder: Path, _: int) -> str:
    """Returns what Geant4 calls itself."""
    g4, _ = import_geant4(_data_folder(_be_quiet(folder)))
    return geant4_version(g4)


class Simulator:
    """Geant4, set up; there can be one in a process.

    Arguments:
        setup: What to simulate.
        folder: An empty folder for the stand-ins of Geant4's data.
    """

    def __init__(self, setup: Setup, folder: Path):
        g4, data_free = import_geant4(_data_folder(folder))
        self.g4 = g4
        self.setup = setup
        self.scores = Scores(setup)
        layers, shell = make_sensitive_detectors(g4, self.scores)
        self.kept: list[Any] = [layers, shell]
        self.manager = g4.G4RunManager()
        for part in (
            make_geometry(g4, setup, layers=layers, shell=shell),
            make_physics_list(g4, data_free=data_free),
            make_actions(g4, self.scores),
        ):
            self.kept.append(part)
            self.manager.SetUserInitialization(part)
        commands = g4.G4UImanager.GetUIpointer()
        commands.ApplyCommand("/process/em/verbose 0")
        commands.ApplyCommand("/process/had/verbose 0")
        commands.ApplyCommand(f"/run/setCut {RANGE_CUT} mm")
        self.manager.Initialize()

    def simulate_block(self, spots: Any, *, block: int, seed: int) -> Chunk:
        """Simulates the primaries of one block.

        Arguments:
            spots: Spot of every primary of the simulation.
            block: Number of the block.
            seed: Of the simulation.
        """
        random = np.random.default_rng([seed, block])
        # Of longer numbers Geant4 would use a part.
        self.g4.HepRandom.setTheSeed(int(random.integers(1, 2**62)))
        first = block * BLOCK
        protons = sample_protons(self.setup, spots[first : first + BLOCK], random)
        self.scores.begin(protons, first=first)
        self.manager.BeamOn(len(protons))
        return self.scores.end()


def _data_folder(folder: Path) -> Path:
    data = folder / "data"
    data.mkdir()
    return data


def _be_quiet(folder: Path) -> Path:
    """Writes what this process prints, Geant4's greetings included, to a log in its own folder."""
    own = folder / str(os.getpid())
    own.mkdir()
    log = os.open(own / LOG, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(log, stream)
    return own
