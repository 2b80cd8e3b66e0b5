"""The quality cuts at their borders."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.data import Hits, Tracks
from trackscape.tracking import accept
from trackscape.units import keV

BORDER = 62.5 * keV
ABOVE = float(torch.tensor(BORDER).nextafter(torch.tensor(math.inf)))


def make_tracks(tracks: list[tuple[int, float]]) -> Tracks:
    """Tracks of (number of hits, energy of the last); all other hits are bright."""
    energy = [value for n, last in tracks for value in [1.0] * (n - 1) + [last]]
    layer = [number for n, _ in tracks for number in range(n)]
    order = sorted(range(len(layer)), key=layer.__getitem__)
    place = {row: number for number, row in enumerate(order)}
    hits = Hits(
        position=torch.zeros(len(layer), 3),
        energy=torch.tensor(energy),
        layer=torch.tensor(layer, dtype=torch.int64),
    ).sorted_by_layer()
    index = torch.tensor([place[row] for row in range(len(layer))], dtype=torch.int64)
    offset = torch.tensor([0, *(n for n, _ in tracks)]).cumsum(0)
    return Tracks(hits=hits, index=index, offset=offset)


@pytest.mark.parametrize(
    ("n_hits", "last", "accepted"),
    [
        (4, 1.0, False),
        (5, 1.0, True),
        (5, BORDER, False),
        (5, ABOVE, True),
        (43, 0.0, False),
        (1, 1.0, False),
    ],
)
def test_tracks_at_the_borders(n_hits: int, last: float, accepted: bool):
    assert len(accept(make_tracks([(n_hits, last)]))) == accepted


@given(
    st.lists(st.tuples(st.integers(1, 7), st.sampled_from([0.0, BORDER, ABOVE, 0.1])), max_size=6)
)
def test_exactly_the_good_tracks_are_kept_in_order(tracks: list[tuple[int, float]]):
    before = make_tracks(tracks)
    after = accept(before)
    good = [number for number, (n, last) in enumerate(tracks) if n > 4 and last > BORDER]
    assert [chain.tolist() for chain in after] == [before[number].tolist() for number in good]
    assert after.hits is before.hits
