"""The combinatorial filter against a plain one, and what branches and holes are for."""

from collections.abc import Callable

import pytest
import torch

from trackscape.data import Hits
from trackscape.tracking.baselines import KalmanFilter
from trackscape.tracking.baselines.layers import (
    FrameArrays,
    begin,
    by_layer,
    chi_squared,
    move,
    neg_log_likelihood,
    update,
)


def test_with_one_branch_it_is_the_plain_filter(real_frames: list[Hits]):
    method = KalmanFilter(branches=1, gate=200.0)
    for hits in real_frames[:2]:
        tracks = method(hits)
        found = {tuple(reversed(track.tolist())) for track in tracks}
        assert found == {tuple(path) for path in plain_filter(hits, method)}


def plain_filter(hits: Hits, method: KalmanFilter) -> list[list[int]]:
    """Tracks of the filter with one hypothesis, from their ends on."""
    frame, free, tracks = method.motion.frame_arrays(by_layer(hits)), set(range(len(hits))), []
    for layer in range(len(frame.depth) - 1, -1, -1):
        seeds = [seed for seed in hits_of(frame, layer) if seed in free]
        while seeds:
            found = sorted((*follow(frame, seed, layer, free, method), seed) for seed in seeds)
            seeds = []
            for _, path, seed in found:
                if set(path) <= free:
                    tracks.append(path)
                    free -= set(path)
                else:
                    seeds.append(seed)
    return tracks


def follow(
    frame: FrameArrays, seed: int, layer: int, free: set[int], method: KalmanFilter
) -> tuple[float, list[int]]:
    state, path, score, holes = begin(frame, seed), [seed], 0.0, 0
    end = layer
    for number in range(layer, 0, -1):
        state = move(frame, state, number, end)
        squares = {
            hit: chi_squared(state, *frame.position[hit, :2], frame.error)
            for hit in hits_of(frame, number - 1)
            if hit in free
        }
        best = min(squares, key=squares.__getitem__, default=-1)
        if best < 0 or squares[best] >= method.gate:
            holes += 1
            if holes > method.holes:
                break
            continue
        state = update(state, *frame.position[best, :2], frame.error)
        path.append(best)
        score += neg_log_likelihood(squares[best], frame.tail) - neg_log_likelihood(
            method.gate, frame.tail
        )
    return score, path


def hits_of(frame: FrameArrays, layer: int) -> range:
    return range(frame.border[layer], frame.border[layer + 1])


def with_hit(hits: Hits, place: tuple[float, float], *, layer: int) -> Hits:
    """One more hit of noise."""
    z = float(hits.position[hits.layer == layer, 2].mean())
    return Hits(
        position=torch.cat([hits.position, torch.tensor([[*place, z]], dtype=torch.float64)]),
        energy=torch.cat([hits.energy, torch.tensor([0.03])]),
        layer=torch.cat([hits.layer, torch.tensor([layer])]),
    ).sorted_by_layer()


def test_branches_see_that_the_nearest_hit_leads_nowhere(beam: Callable[..., Hits]):
    # The proton is turned by 4 mrad in the first calorimeter layer. The foreign hit is nearer to
    # its old course, but none of the first layer is behind it.
    hits = beam(side=1, n_layers=13)
    hits.position[1, 0], hits.position[0, 0] = 0.223, 0.433
    both = with_hit(hits, (0.1, 0.0), layer=1)
    foreign = int((both.position[:, 0] == 0.1).nonzero())
    true = [hit for hit in range(14) if hit != foreign]
    assert [track.tolist() for track in KalmanFilter()(both)] == [true, [foreign]]
    plain = KalmanFilter(branches=1)(both)
    assert foreign in plain[0].tolist()


@pytest.mark.parametrize(("holes", "lengths"), [(0, [7, 6]), (1, [13])])
def test_a_missing_hit_is_passed_over(beam: Callable[..., Hits], holes: int, lengths: list[int]):
    hits = beam(side=1)
    seen = hits.select(hits.layer != 7)
    assert KalmanFilter(holes=holes)(seen).length.tolist() == lengths


def test_two_missing_hits_are_too_many(beam: Callable[..., Hits]):
    hits = beam(side=1)
    seen = hits.select((hits.layer != 7) & (hits.layer != 8))
    assert KalmanFilter()(seen).length.tolist() == [7, 5]


def test_hits_outside_of_the_gate_are_left(beam: Callable[..., Hits]):
    hits = with_hit(beam(side=1), (3.0, 0.0), layer=13)
    tracks = KalmanFilter()(hits)
    assert sorted(tracks.length.tolist()) == [1, 14]
