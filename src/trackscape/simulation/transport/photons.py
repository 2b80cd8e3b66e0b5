"""Photons of nuclear reactions, which knock out electrons on their way."""

import math

import numpy as np

from trackscape.compiled import compiled, inlined
from trackscape.simulation.physics.electrons import (
    compton_cross_section,
    knock_out,
    knocked_out,
    scatter_photon,
)
from trackscape.simulation.random_streams import Stream, on_circle, poisson, uniform
from trackscape.simulation.transport.matter import Matter
from trackscape.simulation.transport.particles import ELECTRON
from trackscape.simulation.transport.recorder import Recorder, release
from trackscape.simulation.transport.step import go_straight, point_along
from trackscape.simulation.transport.world import (
    FAR,
    OUTSIDE,
    T,
    World,
    find_place,
    look_ahead,
)

_LEAST_PHOTON = 0.03
"""MeV. Photons below are absorbed on the spot."""
_LEAST_ELECTRON = 0.03
"""MeV. Electrons below cannot cross the 11 µm in front of a sensitive layer."""


@compiled
def follow_photon(
    stream: Stream,
    world: World,
    matter: Matter,
    recorder: Recorder,
    photon: np.ndarray,
    track: int,
) -> None:
    """Carries a photon from one Compton scattering to the next, and releases the electrons."""
    free_paths = -math.log(uniform(stream))
    place = find_place(world, photon)
    while place != OUTSIDE and photon[T] > _LEAST_PHOTON:
        material, distance = look_ahead(world, photon, place, FAR)
        if distance >= FAR:
            return
        per_mm = 0.1 * matter.density[material] * matter.electrons[material]
        per_mm *= compton_cross_section(photon[T])
        scatters = per_mm * distance > free_paths
        if scatters:
            distance = free_paths / per_mm
        free_paths -= per_mm * distance
        go_straight(photon, distance)
        if scatters:
            _scatter(stream, recorder, photon, track)
            free_paths = -math.log(uniform(stream))
        place = find_place(world, photon)


@inlined
def _scatter(stream: Stream, recorder: Recorder, photon: np.ndarray, track: int) -> None:
    before = photon[T]
    after, cosine, aside_cosine = scatter_photon(stream, before)
    aside, upwards = on_circle(stream)
    if before - after > _LEAST_ELECTRON:
        release(recorder, photon, ELECTRON, track, before - after, aside_cosine, -aside, -upwards)
    point_along(photon, cosine, aside, upwards)
    photon[T] = after


@inlined
def release_knocked_out(
    stream: Stream,
    recorder: Recorder,
    particle: np.ndarray,
    mass: float,
    charge: float,
    electrons: float,
    cut: float,
    track: int,
    distance: float,
) -> None:
    """Lets the electrons wait that a charged particle knocks out in a step.

    Their energy is part of the mean loss of the particle.

    Arguments:
        stream: Random numbers.
        recorder: Where they wait.
        particle: State at the end of the step.
        mass: Of the particle, MeV.
        charge: Its charge number.
        electrons: (Z/A) t of the matter of the step in mol/cm².
        cut: Least energy of an electron in MeV.
        track: Number of the particle.
        distance: Length of the step in mm, somewhere on which they start.
    """
    if cut == math.inf:
        return
    cut = max(cut, _LEAST_ELECTRON)
    expected = knocked_out(particle[T], mass, charge, electrons, cut)
    if expected == 0.0:
        return
    for _ in range(poisson(stream, expected)):
        energy, cosine = knock_out(stream, particle[T], mass, cut)
        aside, upwards = on_circle(stream)
        back = distance * uniform(stream)
        go_straight(particle, -back)
        release(recorder, particle, ELECTRON, track, energy, cosine, aside, upwards)
        go_straight(particle, back)
