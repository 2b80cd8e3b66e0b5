"""One process with one Geant4 in it, which simulates some of the blocks of primaries."""

import os
import signal
from collections.abc import Iterable
from multiprocessing.connection import Connection
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
"""Name of the file for what Geant4 prints."""
RANGE_CUT = 0.7
"""Secondaries that would not get further, in mm, are not made: few delta electrons are tracks."""


def simulate_blocks(
    results: Connection,
    folder: Path,
    setup: Setup,
    primaries: int,
    seed: int,
    blocks: Iterable[int],
) -> None:
    """Simulates blocks and sends, for each, the bytes of its hits and of its primaries.

    Arguments:
        results: Where to send them.
        folder: Empty folder for the log and for the stand-ins of Geant4's data.
        setup: What to simulate.
        primaries: Number of all primaries, those of other workers included.
        seed: Of the simulation.
        blocks: Which of the blocks are wanted, in this order.
    """
    _be_quiet(folder)
    simulator = Simulator(setup, folder)
    spots = setup.plan.spot_of(primaries)
    for block in blocks:
        chunk = simulator.simulate_block(spots, block=block, seed=seed)
        results.send_bytes(chunk.hits.tobytes())
        results.send_bytes(chunk.primaries.tobytes())


def tell_version(results: Connection, folder: Path) -> None:
    """Sends what Geant4 calls itself."""
    _be_quiet(folder)
    g4, _ = import_geant4(_data_folder(folder))
    results.send_bytes(geant4_version(g4).encode())


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


def _be_quiet(folder: Path) -> None:
    """Writes what this process prints, Geant4's greetings included, to a log.

    The keyboard interrupts the process that waits for this one, which then ends it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(log, stream)
