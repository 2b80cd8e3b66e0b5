"""The track follower against all paths there are, and its rules for shared and left-over hits."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.data import Hits, Truth
from trackscape.tracking.baselines import TrackFollower
from trackscape.tracking.baselines.layers import by_layer
from trackscape.tracking.baselines.track_follower import Limits, _find_paths

LIMITS = Limits(
    largest_score=0.8, small_angle=0.2, tracker_angle=0.5, comparable=0.6, fill_angle=0.4
)


@given(seed=st.integers(0, 2**31), n_hits=st.integers(1, 30))
@settings(max_examples=40)
def test_the_first_path_is_the_straightest_of_all(
    random_hits: Callable[..., Hits], seed: int, n_hits: int
):
    hits = random_hits(seed, n_hits=n_hits, n_layers=6, width=4.0).sorted_by_layer()
    layer = hits.layer.numpy()
    # One seed alone in the deepest layer.
    hits = hits.select(torch.from_numpy((layer < layer[-1]) | (np.arange(n_hits) == n_hits - 1)))
    layers, layer = by_layer(hits), hits.layer.numpy()
    every = all_paths(hits.position.double().numpy(), layer, [len(hits) - 1], 0.0)
    score, path = min(every)
    paths, scores = _find_paths(layers, layer, LIMITS)
    if layer[path[-1]] >= 2:
        assert not (paths[:, 0] == len(hits) - 1).any()
    else:
        assert [hit for hit in paths[0].tolist() if hit >= 0] == path
        assert scores[0] == pytest.approx(score)


def all_paths(
    place: np.ndarray, layer: np.ndarray, path: list[int], score: float
) -> list[tuple[float, list[int]]]:
    """All paths that cannot go on, with their scores."""
    candidates: list[int] = []
    for target in (layer[path[-1]] - 1, layer[path[-1]] - 2):
        candidates = candidates or np.flatnonzero(layer == target).tolist()
    children = []
    for hit in candidates:
        way = place[path[-1]] - place[path[-2]] if len(path) > 1 else np.array([0, 0, -1.0])
        step = place[hit] - place[path[-1]]
        cosine = way @ step / np.linalg.norm(way) / np.linalg.norm(step)
        angle = math.acos(min(1.0, cosine))
        total = math.hypot(score, angle * (1.0 if len(path) > 1 else 0.01))
        allowed = total < LIMITS.largest_score or angle < LIMITS.small_angle
        if allowed and (layer[hit] >= 2 or angle < LIMITS.tracker_angle):
            children.append((total, hit))
    children = sorted(children)[:2]
    if len(children) == 2 and children[0][0] <= LIMITS.comparable * children[1][0]:
        children.pop()
    if not children:
        return [(score, path)]
    return [end for total, hit in children for end in all_paths(place, layer, [*path, hit], total)]


def test_the_straighter_track_keeps_a_shared_hit(beam: Callable[..., Hits]):
    # A second proton crosses the first in layer 6, where both left one hit, and bends at its end.
    first = beam(side=1)
    second = first.select(first.layer != 6)
    middle = first.position[first.layer == 6, 2]
    second.position[:, 0] = 0.1 * (second.position[:, 2] - middle)
    second.position[-1, 0] += 0.05
    second.known_truth.event[:] = 1
    both = join(first, second)
    tracks = TrackFollower()(both)
    event = both.known_truth.event
    assert sorted(tracks.length.tolist()) == [13, 14]
    assert all(len(event[track].unique()) == 1 for track in tracks)


def join(first: Hits, second: Hits) -> Hits:
    a, b = first.known_truth, second.known_truth
    truth = Truth(
        event=torch.cat([a.event, b.event]),
        track=torch.cat([a.track, b.track]),
        parent=torch.cat([a.parent, b.parent]),
    )
    return Hits(
        position=torch.cat([first.position, second.position]),
        energy=torch.cat([first.energy, second.energy]),
        layer=torch.cat([first.layer, second.layer]),
        truth=truth,
    ).sorted_by_layer()


@pytest.mark.parametrize(("fill_angle", "lengths"), [(0.4, [14]), (0.2, [13, 1])])
def test_a_left_over_hit_is_put_on_the_end(
    beam: Callable[..., Hits], fill_angle: float, lengths: list[int]
):
    # A last step at 0.3 rad is more than a path may bend, but less than the filling out allows.
    hits = beam(side=1)
    hits.position[-1, 0] += 5.5 * math.tan(0.3)
    assert TrackFollower(fill_angle=fill_angle)(hits).length.tolist() == lengths


def test_paths_that_reach_no_first_layer_are_not_kept(beam: Callable[..., Hits]):
    hits = beam(side=1)
    deep = hits.select(hits.layer >= 3)
    assert TrackFollower()(deep).length.tolist() == [1] * 11
