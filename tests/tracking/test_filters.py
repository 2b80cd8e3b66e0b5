"""The quality cuts at their borders."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.data import Hits, Tracks
from trackscape.errors import DataError
from trackscape.tracking import (
    MINIMUM_LAST_ENERGY,
    Acceptance,
    accept,
    count_acceptance,
    least_last_deposit,
)
from trackscape.units import keV, um

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


@pytest.mark.parametrize("cut", [0.0, 34.75 * keV, BORDER, 0.2])
def test_the_cut_can_be_chosen_and_every_rejection_is_counted(cut: float):
    chains = make_tracks([(1, 1.0), (4, 1.0), (5, 0.0), (6, 0.04), (7, 0.1), (8, 0.3)])
    kept = accept(chains, min_last_deposit=cut)
    counts = count_acceptance(chains, min_last_deposit=cut)
    assert counts.accepted == len(kept) == sum(last > cut for last in (0.0, 0.04, 0.1, 0.3))
    assert (counts.chains, counts.short, counts.dim) == (6, 2, 4 - len(kept))
    assert counts + counts == Acceptance(*(2 * n for n in dataclasses.astuple(counts)))


def test_the_cut_follows_the_thickness_and_is_the_published_one_for_25_um():
    assert least_last_deposit(25 * um) == MINIMUM_LAST_ENERGY == BORDER
    assert least_last_deposit(13.9 * um) == pytest.approx(34.75 * keV)
    assert least_last_deposit(50 * um) == pytest.approx(125 * keV)


@pytest.mark.parametrize("thickness", [0.0, -1.0, math.nan, math.inf])
def test_a_thickness_that_is_none_is_refused(thickness: float):
    with pytest.raises(DataError, match="positive thickness"):
        least_last_deposit(thickness)
