"""One step of M7 for one cell in machine code, or for all cells in PyTorch."""

from typing import NamedTuple

import numpy as np

from trackscape.compiled import Floats, compiled
from trackscape.emulation.m7.ageing import age, repartition
from trackscape.emulation.m7.coagulation import Encounters, coagulate, find_encounters
from trackscape.emulation.m7.columns import FIRST_MASS, N_MASSES, N_MODES, N_SOLUBLE
from trackscape.emulation.m7.condensation import Condensed, condense, find_sinks
from trackscape.emulation.m7.elementary import CellRows, Value, formula
from trackscape.emulation.m7.kernels import Motion, find_motion
from trackscape.emulation.m7.nucleation import clear_gas, nucleate
from trackscape.emulation.m7.particles import ModeParticles, find_mode_particles


class StepSettings(NamedTuple):
    """What a step does, as numbers for machine code."""

    water: int
    """1 for κ-Köhler, 0 for Zeleznik and ZSR."""
    binary: bool
    """Whether H2SO4 and water nucleate."""
    boundary_layer: int
    """Organic nucleation over forest: 0 none, 1 by activation, 2 kinetic."""
    condensation: bool
    coagulation: bool
    repartition: bool
    defects: bool
    """Whether to do what the published code does wrong."""


class Workspace(NamedTuple):
    """CellRows that a step fills in."""

    particles: ModeParticles
    condensed: Condensed
    motion: Motion
    encounters: Encounters
    moved: CellRows


@formula
def produce(
    state: CellRows, forcing: CellRows, work: Workspace, dt: float, processes: StepSettings
) -> Value:
    """Finds the particles, makes gas and condenses it; returns the sink in 1/s."""
    defects, condensed = processes.defects, work.condensed
    find_mode_particles(work.particles, state, forcing, processes.water, defects)
    total = find_sinks(condensed.sink, work.particles, state, forcing)
    find_motion(work.motion, work.particles, state, forcing)
    find_encounters(work.encounters, work.motion, work.particles, state)
    if processes.condensation:
        condense(condensed, state, forcing, total, dt)
    else:
        condense(condensed, state, forcing, 0 * total, dt)
    return total


@formula
def advance(
    state: CellRows,
    forcing: CellRows,
    work: Workspace,
    dt: float,
    processes: StepSettings,
    given: Value,
    given_molecules: Value,
) -> None:
    """Moves a state on by one step, in the order of ECHAM-HAM 2.3; no process is split further."""
    total = produce(state, forcing, work, dt, processes)
    binary, boundary_layer = processes.binary, processes.boundary_layer
    new = nucleate(state, forcing, total, dt, binary, boundary_layer, given, given_molecules)
    if processes.coagulation:
        coagulate(work.encounters, state, new, dt)
    else:
        state[FIRST_MASS + N_MASSES] = state[FIRST_MASS + N_MASSES] + new
    nucleation = binary or boundary_layer > 0
    if processes.coagulation or nucleation or not processes.defects:
        age(work.encounters, work.condensed, work.particles, state)
    if not processes.repartition:
        return
    scheme, defects = processes.water, processes.defects
    repartition(work.particles, state, forcing, work.moved, scheme, defects)


@compiled
def advance_cells(
    states: Floats,
    forcings: Floats,
    dt: float,
    processes: StepSettings,
    given: Floats,
    given_molecules: Floats,
) -> None:
    """Moves states (cells, 26) on in place; given rates are of all cells, or empty for none."""
    work = _room()
    for cell in range(len(states)):
        rate = given[cell] if len(given) > 0 else 0.0
        molecules = given_molecules[cell] if len(given) > 0 else 0.0
        advance(states[cell], forcings[cell], work, dt, processes, rate, molecules)


@compiled
def condense_cells(
    states: Floats, forcings: Floats, dt: float, processes: StepSettings, sinks: Floats, gas: Floats
) -> None:
    """Fills in the sink and what gas the clear sky holds when nucleation begins; states change."""
    work = _room()
    for cell in range(len(states)):
        sinks[cell] = produce(states[cell], forcings[cell], work, dt, processes)
        gas[cell] = clear_gas(states[cell], forcings[cell])


@compiled
def repartition_cells(states: Floats, forcings: Floats, processes: StepSettings) -> None:
    """Hands on what has grown too large, in place: the last part of a step."""
    work = _room()
    for cell in range(len(states)):
        scheme, defects = processes.water, processes.defects
        repartition(work.particles, states[cell], forcings[cell], work.moved, scheme, defects)


@compiled
def describe_cells(
    states: Floats, forcings: Floats, processes: StepSettings, described: Floats
) -> None:
    """Fills in dry and wet radii, densities and water, (cells, 4, 7)."""
    particles = _room().particles
    for cell in range(len(states)):
        defects, forcing = processes.defects, forcings[cell]
        find_mode_particles(particles, states[cell], forcing, processes.water, defects)
        for mode in range(N_MODES):
            described[cell, 0, mode] = particles.dry[mode]
            described[cell, 1, mode] = particles.wet[mode]
            described[cell, 2, mode] = particles.density[mode]
            described[cell, 3, mode] = particles.water[mode]


@formula
def _room() -> Workspace:
    n = N_MODES
    return Workspace(
        ModeParticles(
            np.zeros(N_MASSES),
            np.zeros(n),
            np.zeros(n),
            np.zeros(n),
            np.zeros(n),
            np.zeros(n),
            np.zeros(n),
            np.zeros(n),
            np.zeros(n),
        ),
        Condensed(np.zeros(n), np.zeros(n)),
        Motion(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)),
        Encounters(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)),
        np.zeros(2 * N_SOLUBLE),
    )


def room_for_tensors() -> Workspace:
    """Returns rows for tensors."""
    n = N_MODES

    def rows(count: int, width: int = n) -> list[CellRows]:
        return [[None] * width for _ in range(count)]

    return Workspace(
        ModeParticles([None] * N_MASSES, *rows(8)),
        Condensed(*rows(2)),
        Motion(*rows(5)),
        Encounters(*rows(6)),
        [None] * (2 * N_SOLUBLE),
    )
