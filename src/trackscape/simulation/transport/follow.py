"""One charged particle, from where it starts to where it ends."""

import math
from typing import NamedTuple

import numpy as np

from trackscape.compiled import compiled, inlined
from trackscape.simulation.physics.straggling import straggling_variance
from trackscape.simulation.random_streams import Stream, uniform
from trackscape.simulation.record import INELASTIC, LEFT, STOPPED
from trackscape.simulation.transport.matter import Matter, energy_after, find_energy, read
from trackscape.simulation.transport.particles import CHARGE, ELECTRON, HEAVY, MASS, PDG, PROTON
from trackscape.simulation.transport.photons import release_knocked_out
from trackscape.simulation.transport.reactions import Reactions, meet_nucleus
from trackscape.simulation.transport.recorder import Recorder, deposit, note_layer, note_phantom
from trackscape.simulation.transport.step import scatter, sensitive_loss, straggle
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

_SEARCH = 100.0
"""mm. Longest step in the phantom."""
_SHARE_OF_RANGE, _LAST_RANGE = 0.1, 0.05
"""Of the range, and mm: how Geant4's EM option 4 limits the steps of hadrons."""
_ENOUGH = 9.0
"""A loss this many times its variance (of squares) is drawn; a smaller one waits for the next."""


class Scene(NamedTuple):
    """All that stays the same during a simulation."""

    world: World
    matter: Matter
    reactions: Reactions
    displaces_at_borders: bool
    """Whether the deflections of a step that ends at a border displace a particle, too."""


@compiled
def follow(
    stream: Stream,
    scene: Scene,
    recorder: Recorder,
    particle: np.ndarray,
    kind: int,
    track: int,
    parent: int,
) -> int:
    """Carries a charged particle to its end and returns its fate.

    Arguments:
        stream: Random numbers of the primary that it goes back to.
        scene: Geometry and tables.
        recorder: Where deposits and secondaries go.
        particle: State, (7,); changed.
        kind: Number of the particle in `particles`.
        track: Its number in the event; 1 for the primary.
        parent: Number of the particle that it comes from; 0 for the primary.
    """
    world, matter = scene.world, scene.matter
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
            straggle(stream, particle, pending)
            pending = 0.0
            note_layer(recorder, track, layer, particle)
        x, y, before = particle[X], particle[Y], particle[T]
        if kind == HEAVY:
            deposit(recorder, track, parent, PDG[kind], layer, x, y, before)
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
        scatter(stream, matter, material, particle, after, mass, charge, distance, displaced)
        if reaches_border and place >= 0:
            particle[Z] = border  # a displacement may have tilted it
        if layer >= 0:
            after = before - sensitive_loss(
                stream, matter, material, before, after, mass, charge, thickness
            )
            x, y = 0.5 * (x + particle[X]), 0.5 * (y + particle[Y])
            deposit(recorder, track, parent, PDG[kind], layer, x, y, before - after)
        if after <= 0.0:
            return STOPPED
        particle[T] = after
        if layer < 0:
            electrons = matter.electrons[material] * thickness
            cut = matter.cut[material]
            pending += straggling_variance(
                before, before - after, mass, charge, electrons, matter.straggling_cut[material]
            )
            if _ENOUGH * pending < (before - after) ** 2:
                straggle(stream, particle, pending)
                pending = 0.0
            if kind != ELECTRON:
                release_knocked_out(
                    stream, recorder, particle, mass, charge, electrons, cut, track, distance
                )
        if meets_nucleus:
            if meet_nucleus(stream, matter, scene.reactions, recorder, particle, material, track):
                return INELASTIC
            free_paths = -math.log(uniform(stream))

        new_place = next_place(world, particle, place, reaches_border)
        if new_place != place and PHANTOM in (place, new_place):
            note_phantom(recorder, track, place, new_place, particle)
        place = new_place
    return LEFT


@inlined
def _longest_step(length: float) -> float:
    """Returns the longest step in mm for a range in mm: αR + ρ(1 − α)(2 − ρ/R), R below ρ."""
    if length < _LAST_RANGE:
        return length
    last = _LAST_RANGE * (1.0 - _SHARE_OF_RANGE) * (2.0 - _LAST_RANGE / length)
    return _SHARE_OF_RANGE * length + last
