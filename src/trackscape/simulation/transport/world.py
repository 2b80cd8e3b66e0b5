"""Where a particle is, what is there, and how far it is to the next border.

The detector is a stack of slabs across z, the phantom a grid that may be turned about the vertical
axis; air is around both. Places are numbered: a slab by its number, the rest as below.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from trackscape.compiled import compiled, inlined
from trackscape.simulation.record import Setup
from trackscape.simulation.transport.matter import Mixture, merge_foils

AIR, PHANTOM, OUTSIDE = -1, -2, -3
"""Places that are no slab: air before the detector, the phantom, beyond all that is simulated."""
X, Y, Z, UX, UY, UZ, T = range(7)
"""Entries of a particle, an array (7,): position in mm, direction, kinetic energy in MeV."""
FAR = 1e30
"""Distance in mm to what is not there."""
_SHORT = 1e-6  # mm; a particle at a border counts as beyond it


class World(NamedTuple):
    """Geometry as arrays: borders and half lengths in mm, materials by number."""

    slab_edges: Float[np.ndarray, " slabs+1"]
    slab_material: Integer[np.ndarray, " slabs"]
    slab_layer: Integer[np.ndarray, " slabs"]  # -1 if it is not sensitive
    half_width: float  # of the slabs, in x
    half_height: float
    labels: Integer[np.ndarray, "nx ny nz"]  # material of each box of the phantom
    x_edges: Float[np.ndarray, " nx+1"]
    y_edges: Float[np.ndarray, " ny+1"]
    z_edges: Float[np.ndarray, " nz+1"]
    cosine: float  # of the angle of the phantom
    sine: float
    air: int  # material around both


def build_world(setup: Setup) -> tuple[World, list[Mixture], list[float]]:
    """Returns the geometry, and the mixtures and their densities in the order of their numbers."""
    detector, phantom = setup.detector, setup.phantom
    plates = merge_foils(detector)
    mixtures: list[Mixture] = []
    densities: list[float] = []

    def number(mixture: Mixture, density: float) -> int:
        if mixture not in mixtures:
            mixtures.append(mixture)
            densities.append(density)
        return mixtures.index(mixture)

    air = number([(detector.air, 1.0)], detector.air.density)
    slabs = [number(plate.mixture, plate.density) for plate in plates]
    boxes = [number([(material, 1.0)], material.density) for material in phantom.materials]
    x, y, z = (np.ascontiguousarray(edges, dtype=np.float64) for edges in phantom.edges)
    world = World(
        slab_edges=detector.front + np.cumsum([0.0, *(plate.thickness for plate in plates)]),
        slab_material=np.array(slabs),
        slab_layer=np.array([plate.layer for plate in plates]),
        half_width=0.5 * detector.width,
        half_height=0.5 * detector.height,
        labels=np.array(boxes, dtype=np.uint8)[phantom.labels],
        x_edges=x,
        y_edges=y,
        z_edges=z,
        cosine=math.cos(phantom.angle),
        sine=math.sin(phantom.angle),
        air=air,
    )
    return world, mixtures, densities


@inlined
def find_place(world: World, particle: np.ndarray) -> int:
    """Returns the place of a particle, looking a hair's breadth ahead of it."""
    x = particle[X] + _SHORT * particle[UX]
    y = particle[Y] + _SHORT * particle[UY]
    z = particle[Z] + _SHORT * particle[UZ]
    if z >= world.slab_edges[0]:
        inside = abs(x) < world.half_width and abs(y) < world.half_height
        if not inside or z >= world.slab_edges[-1]:
            return OUTSIDE
        return np.searchsorted(world.slab_edges, z, side="right") - 1
    u, v, w = _into_phantom(world, x, y, z)
    within = (
        world.x_edges[0] <= u < world.x_edges[-1]
        and world.y_edges[0] <= v < world.y_edges[-1]
        and world.z_edges[0] <= w < world.z_edges[-1]
    )
    return PHANTOM if within else AIR


@inlined
def next_place(world: World, particle: np.ndarray, place: int, reaches_border: bool) -> int:
    """Returns the place of a particle after a step; mostly the same slab or the next one."""
    near = place
    if reaches_border:
        near += 1 if particle[UZ] > 0.0 else -1
    if place >= 0 and 0 <= near < len(world.slab_material):
        z = particle[Z] + _SHORT * particle[UZ]
        aside = abs(particle[X]) >= world.half_width or abs(particle[Y]) >= world.half_height
        if world.slab_edges[near] <= z < world.slab_edges[near + 1] and not aside:
            return near
    return find_place(world, particle)


@inlined
def look_ahead(world: World, particle: np.ndarray, place: int, limit: float) -> tuple[int, float]:
    """Returns the material around a particle, and the distance in mm to where it may change.

    The place is not OUTSIDE; in the phantom, distances beyond the limit are not searched.
    """
    if place >= 0:
        return world.slab_material[place], _distance_in_slab(world, particle, place)
    if place == PHANTOM:
        return _look_through_phantom(world, particle, limit)
    return world.air, _distance_in_air(world, particle)


@inlined
def _distance_in_slab(world: World, particle: np.ndarray, place: int) -> float:
    slope = particle[UZ]
    if abs(slope) > _SHORT:
        border = world.slab_edges[place + 1 if slope > 0.0 else place]
        ahead = (border - particle[Z]) / slope
    else:
        ahead = FAR
    ahead = min(ahead, _to_wall(particle[X], particle[UX], world.half_width, ahead))
    ahead = min(ahead, _to_wall(particle[Y], particle[UY], world.half_height, ahead))
    return max(ahead, _SHORT)


@inlined
def _to_wall(position: float, slope: float, half: float, ahead: float) -> float:
    """Returns the distance to a wall at ±half, or `ahead` if that comes first."""
    if abs(position + ahead * slope) < half:
        return ahead
    return (math.copysign(half, slope) - position) / slope


@inlined
def _distance_in_air(world: World, particle: np.ndarray) -> float:
    """Returns the distance to the phantom or the detector, whatever comes first; else far."""
    nearest = FAR
    if particle[UZ] > 0.0:
        nearest = (world.slab_edges[0] - particle[Z]) / particle[UZ]
    u, v, w = _into_phantom(world, particle[X], particle[Y], particle[Z])
    du, dv, dw = _into_phantom(world, particle[UX], particle[UY], particle[UZ])
    enter, leave = 0.0, FAR
    for position, slope, edges in (
        (u, du, world.x_edges),
        (v, dv, world.y_edges),
        (w, dw, world.z_edges),
    ):
        if slope == 0.0:
            if not edges[0] <= position < edges[-1]:
                return nearest
            continue
        first, last = (edges[0] - position) / slope, (edges[-1] - position) / slope
        enter, leave = max(enter, min(first, last)), min(leave, max(first, last))
    if enter < leave and leave > _SHORT:
        nearest = min(nearest, enter)
    return max(nearest, _SHORT)


@compiled
def _look_through_phantom(world: World, particle: np.ndarray, limit: float) -> tuple[int, float]:
    """Goes from box to box until the material changes, the phantom ends or the limit is passed."""
    u, v, w = _into_phantom(world, particle[X], particle[Y], particle[Z])
    du, dv, dw = _into_phantom(world, particle[UX], particle[UY], particle[UZ])
    i, to_x = _box(world.x_edges, u, du)
    j, to_y = _box(world.y_edges, v, dv)
    k, to_z = _box(world.z_edges, w, dw)
    material = int(world.labels[i, j, k])
    travelled = 0.0
    while travelled < limit:
        travelled = min(to_x, to_y, to_z)
        if travelled == to_x:
            i += 1 if du > 0.0 else -1
            if not 0 <= i < world.labels.shape[0]:
                break
            to_x = (world.x_edges[i + 1 if du > 0.0 else i] - u) / du
        elif travelled == to_y:
            j += 1 if dv > 0.0 else -1
            if not 0 <= j < world.labels.shape[1]:
                break
            to_y = (world.y_edges[j + 1 if dv > 0.0 else j] - v) / dv
        else:
            k += 1 if dw > 0.0 else -1
            if not 0 <= k < world.labels.shape[2]:
                break
            to_z = (world.z_edges[k + 1 if dw > 0.0 else k] - w) / dw
        if world.labels[i, j, k] != material:
            break
    return material, max(travelled, _SHORT)


@inlined
def _box(edges: np.ndarray, position: float, slope: float) -> tuple[int, float]:
    """Returns the box of the grid along one axis, and the distance to its end."""
    ahead = position + _SHORT * slope
    i = min(max(int(np.searchsorted(edges, ahead, side="right")) - 1, 0), len(edges) - 2)
    if slope > 0.0:
        return i, (edges[i + 1] - position) / slope
    if slope < 0.0:
        return i, (edges[i] - position) / slope
    return i, FAR


@inlined
def depth_below_surface(world: World, particle: np.ndarray, place: int) -> float:
    """Returns the least distance in mm to the border of a slab or of the phantom; 0 in air."""
    if place >= 0:
        z = particle[Z]
        return min(z - world.slab_edges[place], world.slab_edges[place + 1] - z)
    if place == AIR:
        return 0.0
    u, v, w = _into_phantom(world, particle[X], particle[Y], particle[Z])
    across = min(u - world.x_edges[0], world.x_edges[-1] - u)
    up = min(v - world.y_edges[0], world.y_edges[-1] - v)
    return min(across, up, w - world.z_edges[0], world.z_edges[-1] - w)


@inlined
def _into_phantom(world: World, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Turns a vector of the room into the frame of the phantom."""
    return world.cosine * x - world.sine * z, y, world.sine * x + world.cosine * z
