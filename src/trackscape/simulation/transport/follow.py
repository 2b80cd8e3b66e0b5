"""One particle, from where it starts to where it ends."""

import math
from typing import NamedTuple

import numpy as np

from trackscape.compiled import compiled, inlined
from trackscape.simulation.physics.electrons import (
    compton_cross_section,
    knock_out,
    knocked_out,
    scatter_photon,
    straggling_variance,
)
from trackscape.simulation.physics.random_streams import Stream, on_circle, poisson, uniform
from trackscape.simulation.record import INELASTIC, LEFT, STOPPED
from trackscape.simulation.transport import step
from trackscape.simulation.transport.matter import Matter, energy_after, find_energy, read
from trackscape.simulation.transport.reactions import Reactions, meet_nucleus
from trackscape.simulation.transport.recorder import (
    CHARGE,
    ELECTRON,
    HEAVY,
    KIND,
    MASS,
    PROTON,
    Recorder,
    deposit,
    note_layer,
    note_phantom,
    release,
)
from trackscape.simulation.transport.world import (
    FAR,
    OUTSIDE,
    PHANTOM,
    UZ,
    T,
    World,
    X,
    Y,
    Z,
    depth_below_surface,
    find_place,
    look_ahead,
    next_place,
)

_SEARCH = 100.0  # mm; longest step in the phantom
_SHARE_OF_RANGE, _LAST_RANGE = 0.1, 0.05  # limits of steps of hadrons in Geant4's EM option 4; mm
_ENOUGH = 9.0  # a loss whose square is this many times its variance is drawn; a smaller one waits
_LEAST_PHOTON = 0.03  # MeV; photons below are absorbed on the spot
_LEAST_ELECTRON = 0.03  # MeV; electrons below cannot cross the 11 µm before a sensitive layer


class Scene(NamedTuple):
    """All that stays the same during a simulation."""

    world: World
    matter: Matter
    reactions: Reactions
    displaces_at_borders: bool  # whether a step that ends at a border displaces, too


@compiled
def follow_charged(stream: Stream, scene: Scene, recorder: Recorder, particle: np.ndarray) -> int:
    """Carries a charged particle, whose kind the recorder knows, to its end; returns its fate."""
    world, matter = scene.world, scene.matter
    kind: int = recorder.present[KIND]
    mass, charge = MASS[kind], CHARGE[kind]
    # Tables are those of a proton of the same velocity: energies and ranges scale with the mass.
    ratio, strength = mass / MASS[PROTON], charge * charge
    free_paths = -math.log(uniform(stream)) if kind == PROTON else FAR
    pending = 0.0  # variance of losses that were too small to be drawn
    recorder.row_of_layer[:] = -1
    place = find_place(world, particle)
    while place != OUTSIDE:
        layer = world.slab_layer[place] if place >= 0 else -1
        if layer >= 0:
            step.straggle(stream, particle, pending)
            pending = 0.0
            note_layer(recorder, layer, particle)
        x, y, before = particle[X], particle[Y], particle[T]
        if kind == HEAVY:
            deposit(recorder, layer, x, y, before)
            return STOPPED

        # How far it goes: to a border, to a nucleus, or as far as steps may be long.
        material, distance = look_ahead(world, particle, place, _SEARCH)
        if distance >= FAR:
            break
        left, part = find_energy(before / ratio)
        density = 0.1 * matter.density[material]  # g/cm² per mm
        length = read(matter.range[material], left, part) * ratio / (strength * density)
        if kind == ELECTRON and layer < 0 and length < depth_below_surface(world, particle, place):
            return STOPPED  # what it does until then, nobody sees
        longest = _longest_step(length)
        reaches_border = distance <= longest
        distance = min(distance, longest)
        meets_nucleus = False
        if kind == PROTON:
            paths = distance * density * read(matter.nuclear[material], left, part)
            meets_nucleus = paths > free_paths
            if meets_nucleus:
                distance *= free_paths / paths
                reaches_border = False
            free_paths -= paths

        # What happens on the way.
        thickness = density * distance
        after = ratio * energy_after(
            matter, material, before / ratio, left, part, thickness * strength / ratio
        )
        border = particle[Z] + distance * particle[UZ]
        displaced = scene.displaces_at_borders or not reaches_border
        step.scatter(stream, matter, material, particle, after, mass, charge, distance, displaced)
        if reaches_border and place >= 0:
            particle[Z] = border  # a displacement may have tilted it
        if layer >= 0:
            after = before - step.sensitive_loss(
                stream, matter, material, before, after, mass, charge, thickness
            )
            x, y = 0.5 * (x + particle[X]), 0.5 * (y + particle[Y])
            deposit(recorder, layer, x, y, before - after)
        if after <= 0.0:
            return STOPPED
        particle[T] = after
        if layer < 0:
            electrons = matter.electrons[material] * thickness
            pending += straggling_variance(
                before, before - after, mass, charge, electrons, matter.straggling_cut[material]
            )
            if _ENOUGH * pending < (before - after) ** 2:
                step.straggle(stream, particle, pending)
                pending = 0.0
            if kind != ELECTRON:
                cut = matter.cut[material]
                _release_knocked_out(
                    stream, recorder, particle, mass, charge, electrons, cut, distance
                )
        if meets_nucleus:
            if meet_nucleus(stream, matter.atoms[material], scene.reactions, recorder, particle):
                return INELASTIC
            free_paths = -math.log(uniform(stream))

        new_place = next_place(world, particle, place, reaches_border)
        if new_place != place and PHANTOM in (place, new_place):
            note_phantom(recorder, place, new_place, particle)
        place = new_place
    return LEFT


@inlined
def _longest_step(length: float) -> float:
    """Returns the longest step in mm for a range in mm: αR + ρ(1 − α)(2 − ρ/R), R below ρ."""
    if length < _LAST_RANGE:
        return length
    last = _LAST_RANGE * (1.0 - _SHARE_OF_RANGE) * (2.0 - _LAST_RANGE / length)
    return _SHARE_OF_RANGE * length + last


@compiled
def follow_photon(stream: Stream, scene: Scene, recorder: Recorder, photon: np.ndarray) -> None:
    """Carries a photon from one Compton scattering to the next, and releases the electrons."""
    world, matter = scene.world, scene.matter
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
        step.go_straight(photon, distance)
        if scatters:
            _scatter_photon(stream, recorder, photon)
            free_paths = -math.log(uniform(stream))
        place = find_place(world, photon)


@inlined
def _scatter_photon(stream: Stream, recorder: Recorder, photon: np.ndarray) -> None:
    before = photon[T]
    after, cosine, aside_cosine = scatter_photon(stream, before)
    aside, upwards = on_circle(stream)
    if before - after > _LEAST_ELECTRON:
        release(recorder, photon, ELECTRON, before - after, aside_cosine, -aside, -upwards)
    step.point_along(photon, cosine, aside, upwards)
    photon[T] = after


@inlined
def _release_knocked_out(
    stream: Stream,
    recorder: Recorder,
    particle: np.ndarray,
    mass: float,
    charge: float,
    electrons: float,
    cut: float,
    distance: float,
) -> None:
    """Lets the electrons above a cut wait that a particle knocks out on its last `distance`.

    Their energy is part of the mean loss of the particle.
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
        step.go_straight(particle, -back)
        release(recorder, particle, ELECTRON, energy, cosine, aside, upwards)
        step.go_straight(particle, back)
