"""The greedy search against a literal one."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.data import Hits
from trackscape.tracking.baselines import Greedy
from trackscape.tracking.baselines.layers import by_layer

REACH, TRACKER_REACH = 0.6, 0.1


@given(seed=st.integers(0, 2**31), n_hits=st.integers(2, 40))
@settings(max_examples=20)
def test_the_closest_pairs_are_joined_first(
    random_hits: Callable[..., Hits], seed: int, n_hits: int
):
    hits = random_hits(seed, n_hits=n_hits, n_layers=5, width=15.0).sorted_by_layer()
    tracks = Greedy(max_step=REACH, max_tracker_step=TRACKER_REACH)(hits)
    found = {(a, b) for track in tracks for a, b in pairwise(track.tolist())}
    assert found == literal_pairs(hits)


def literal_pairs(hits: Hits) -> set[tuple[int, int]]:
    place, layer = hits.position.double().numpy(), hits.layer.numpy()
    depth = by_layer(hits).depth
    slope = {hit: np.zeros(2) for hit in range(len(hits))}
    pairs: set[tuple[int, int]] = set()
    for number in range(len(depth) - 1, 0, -1):
        gap = depth[number] - depth[number - 1]
        farthest = gap * (TRACKER_REACH if number <= 2 else REACH)
        options = [
            (
                float(np.linalg.norm(place[hit, :2] - gap * slope[hit] - place[before, :2])),
                hit,
                before,
            )
            for hit in np.flatnonzero(layer == number).tolist()
            for before in np.flatnonzero(layer == number - 1).tolist()
        ]
        for distance, hit, before in sorted(options):
            used = any(before == a or hit == b for a, b in pairs)
            if distance < farthest and not used:
                pairs.add((before, hit))
                slope[before] = (place[hit, :2] - place[before, :2]) / gap
    return pairs
