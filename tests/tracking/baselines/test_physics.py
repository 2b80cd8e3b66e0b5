"""The assignment with physics costs against brute force."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from trackscape.data import Hits
from trackscape.tracking.baselines import MotionModel, PhysicsAssignment
from trackscape.tracking.baselines.layers import begin, by_layer, chi_squared, move
from trackscape.tracking.baselines.motion_model import material_effects

Pairs = set[tuple[int, int]]


@given(seed=st.integers(0, 2**31), n_hits=st.integers(2, 14), first=st.sampled_from([0, 1, 5]))
@settings(max_examples=30)
def test_two_layers_are_joined_in_the_cheapest_way(
    random_hits: Callable[..., Hits], seed: int, n_hits: int, first: int
):
    method = PhysicsAssignment(clutter_density=1e-5)
    hits = random_hits(seed, n_hits=n_hits, n_layers=2, first_layer=first, width=2.0)
    hits = hits.sorted_by_layer()
    cost, alone = literal_costs(hits, method)
    found = {tuple(track.tolist()) for track in method(hits) if len(track) == 2}
    best = brute_force(cost, alone)
    assert found == best


def literal_costs(
    hits: Hits, method: PhysicsAssignment
) -> tuple[dict[tuple[int, int], float], float]:
    frame = method.motion.frame_arrays(by_layer(hits))
    layer, energy = hits.layer.tolist(), hits.energy.tolist()
    cost = {}
    for track in range(len(hits)):
        for hit in range(len(hits)):
            if layer[track] != layer[hit] + 1:
                continue
            state = move(frame, begin(frame, track), layer[track], layer[track])
            square = chi_squared(state, *frame.position[hit, :2], frame.error)
            tail, variance = method.motion.tail, state.variance + frame.error
            u = math.log(
                energy[hit] / material_effects("bergen-auto").deposit[layer[track], layer[hit]]
            )
            cost[hit, track] = (
                (tail + 2) * math.log(1 + square / tail)
                + 2 * math.log(2 * math.pi * variance)
                + 4 * math.log(1 + (u / method.deposit_spread) ** 2 / 3)
            )
    return cost, -2 * math.log(method.clutter_density)


def brute_force(cost: dict[tuple[int, int], float], alone: float) -> Pairs:
    """Every track may pick a column of its own, in which it is alone."""
    if not cost:
        return set()
    hits, tracks = (sorted(set(side)) for side in zip(*cost, strict=True))
    matrix = np.full((len(tracks), len(hits) + len(tracks)), 1e9)
    for row, track in enumerate(tracks):
        matrix[row, : len(hits)] = [cost[hit, track] for hit in hits]
        matrix[row, len(hits) + row] = alone
    chosen = zip(*linear_sum_assignment(matrix), strict=True)
    return {(hits[column], tracks[row]) for row, column in chosen if column < len(hits)}


@pytest.mark.parametrize("bright", [0, 1])
def test_of_two_hits_as_near_the_one_with_the_likely_deposit_is_taken(
    bright: int, beam: Callable[..., Hits]
):
    hits = beam(side=1)
    twin = hits.select(hits.layer == 0)
    twin.position[:, 0] += 0.1
    hits.position[hits.layer == 0, 0] -= 0.1
    both = Hits(
        position=torch.cat([twin.position, hits.position]),
        energy=torch.cat([twin.energy, hits.energy]),
        layer=torch.cat([twin.layer, hits.layer]),
    )
    # What a proton leaves near its end, 13 layers before it.
    both.energy[bright] = 0.12
    both.energy[1 - bright] = 0.026
    # The beam's middle is that of both hits, so neither is favoured by it.
    tracks = PhysicsAssignment(motion=MotionModel(source_slope=1.0))(both)
    assert {len(track): track[0].item() for track in tracks} == {14: 1 - bright, 1: bright}


def test_a_track_ends_where_no_hit_is_likely_enough(beam: Callable[..., Hits]):
    hits = beam(side=1)
    hits.position[hits.layer < 6, 0] += 30.0
    assert sorted(PhysicsAssignment()(hits).length.tolist()) == [6, 8]
    forced = PhysicsAssignment(clutter_density=1e-200)(hits)
    assert forced.length.tolist() == [14]


def test_hits_without_energy_do_no_harm(beam: Callable[..., Hits]):
    hits = beam()
    hits.energy[:] = 0.0
    assert len(PhysicsAssignment(clutter_density=1e-30)(hits)) == 9
