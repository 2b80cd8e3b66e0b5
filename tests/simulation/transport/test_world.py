"""Navigation through grid and slabs, against marching in tiny steps."""

import dataclasses

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from trackscape.simulation import Phantom, make_setup, shipped_materials
from trackscape.simulation.transport.world import (
    AIR,
    FAR,
    OUTSIDE,
    PHANTOM,
    UX,
    UZ,
    X,
    Z,
    build_world,
    depth_below_surface,
    find_place,
    look_ahead,
)

NAMES = ("water", "aluminium", "air")
FINE = 0.01  # mm


def make_world(labels, edges, angle):
    materials = tuple(shipped_materials()[name] for name in NAMES)
    phantom = Phantom("grid", labels.astype(np.uint8), materials, edges, angle)
    return build_world(dataclasses.replace(make_setup(), phantom=phantom))


def particle_at(position, direction):
    direction = np.asarray(direction, float) / np.linalg.norm(direction)
    return np.array([*position, *direction, 100.0])


def material_at(world, point, mixtures):
    """Looks a point up without the code under test."""
    u = world.cosine * point[0] - world.sine * point[2]
    w = world.sine * point[0] + world.cosine * point[2]
    boxes = []
    for value, edges in ((u, world.x_edges), (point[1], world.y_edges), (w, world.z_edges)):
        if not edges[0] <= value < edges[-1]:
            return None
        boxes.append(np.searchsorted(edges, value, side="right") - 1)
    return int(world.labels[tuple(boxes)])


grids = st.integers(1, 4)
angles = st.floats(-3.1, 3.1)
directions = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda d: np.linalg.norm(d) > 0.2)


@settings(max_examples=60)
@given(
    st.tuples(grids, grids, grids),
    angles,
    st.tuples(*[st.floats(-0.99, 0.99)] * 3),
    directions,
    st.integers(0, 2**31),
)
def test_the_next_material_is_found_where_marching_finds_it(shape, angle, start, direction, seed):
    rng = np.random.default_rng(seed)
    edges = tuple(np.sort(rng.uniform(-30, 30, n + 1)) + 0.5 * np.arange(n + 1) for n in shape)
    world, mixtures, _ = make_world(rng.integers(0, len(NAMES), shape), edges, angle)
    inside = [e[0] + (0.5 + 0.5 * s) * (e[-1] - e[0]) for e, s in zip(edges, start, strict=True)]
    room = (
        world.cosine * inside[0] + world.sine * inside[2],
        inside[1],
        -world.sine * inside[0] + world.cosine * inside[2],
    )
    particle = particle_at(room, direction)
    if find_place(world, particle) != PHANTOM:
        return
    material, distance = look_ahead(world, particle, PHANTOM, FAR)
    assert material == material_at(world, particle[:3] + 1e-6 * particle[3:6], mixtures)
    steps = np.arange(FINE, distance + 5 * FINE, FINE)
    for travelled in steps:
        here = material_at(world, particle[:3] + travelled * particle[3:6], mixtures)
        if here != material:
            # Corners that are cut by less than a step of marching may be missed by it.
            assert travelled >= distance - FINE
            break
    else:
        pytest.fail("marching did not find the border")


@settings(max_examples=60)
@given(
    angles,
    st.tuples(st.floats(-60, 60), st.floats(-60, 60)),
    st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
)
def test_the_phantom_is_entered_where_marching_enters_it(angle, aside, slope):
    edges = tuple(np.array([-half, half]) for half in (40.0, 30.0, 20.0))
    world, mixtures, _ = make_world(np.zeros((1, 1, 1)), edges, angle)
    particle = particle_at((*aside, -100.0), (*slope, 1.0))
    assert find_place(world, particle) == AIR
    material, distance = look_ahead(world, particle, AIR, FAR)
    assert material == world.air
    front = (world.slab_edges[0] - particle[Z]) / particle[UZ]
    for travelled in np.arange(0.0, front, 0.05):
        if material_at(world, particle[:3] + travelled * particle[3:6], mixtures) is not None:
            # A corner may be touched before marching notices.
            assert travelled - 0.05 <= distance + 1e-9 <= travelled + 0.05 or distance < travelled
            return
    assert distance <= front + 1e-9


def test_slabs_are_found_from_both_sides():
    world, _, _ = build_world(make_setup())
    for slab in (0, 3, len(world.slab_material) - 1):
        first, last = world.slab_edges[slab], world.slab_edges[slab + 1]
        forward = particle_at((0, 0, first), (0.2, 0.1, 1.0))
        backward = particle_at((0, 0, last), (0.2, 0.1, -1.0))
        for particle in (forward, backward):
            assert find_place(world, particle) == slab
            material, distance = look_ahead(world, particle, slab, FAR)
            assert material == world.slab_material[slab]
            assert distance == pytest.approx((last - first) / abs(particle[UZ]))


def test_a_particle_leaves_through_the_side_of_a_slab():
    world, _, _ = build_world(make_setup())
    particle = particle_at((world.half_width - 1.0, 0, world.slab_edges[0]), (1.0, 0, 1e-9))
    slab = find_place(world, particle)
    _, distance = look_ahead(world, particle, slab, FAR)
    assert distance == pytest.approx(1.0)
    particle[X] += distance * particle[UX]
    assert find_place(world, particle) == OUTSIDE


def test_merged_foils_weigh_as_much_as_the_slabs():
    setup = make_setup()
    world, mixtures, densities = build_world(setup)
    merged = np.diff(world.slab_edges) * np.array(densities)[world.slab_material]
    slabs = [slab.thickness * slab.material.density for slab in setup.detector.slabs]
    assert merged.sum() == pytest.approx(sum(slabs))
    assert (world.slab_layer >= 0).sum() == 43
    middle = 0.5 * (world.slab_edges[1:] + world.slab_edges[:-1])
    np.testing.assert_allclose(middle[world.slab_layer >= 0], setup.detector.layer_z)
    for mixture in mixtures:
        assert sum(fraction for _, fraction in mixture) == pytest.approx(1)


@pytest.mark.parametrize(
    ("place", "z", "depth"), [(PHANTOM, -49.0, 1.0), (PHANTOM, 10.0, 40.0), (AIR, -80.0, 0.0)]
)
def test_depth_below_the_surface(place, z, depth):
    world, _, _ = build_world(make_setup(phantom="water:100"))
    assert depth_below_surface(world, particle_at((0, 0, z), (0, 0, 1)), place) == pytest.approx(
        depth
    )
