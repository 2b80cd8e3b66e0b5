"""Cluster sizes against the formula, and merged deposits against a loop over a dictionary."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.data import Hits, Truth
from trackscape.errors import DataError
from trackscape.graph_construction import cluster_size, merge_deposits
from trackscape.units import keV, um

SMALL = st.integers(0, 2)
ROW = st.tuples(SMALL, SMALL, SMALL, st.floats(-50, 50, width=32), st.floats(0, 1, width=32))


def make_rows(rows: list[tuple[int, int, int, float, float]], *, optional: bool) -> Hits:
    """Rows (event, track, layer, x, energy); parent and particle code number the rows."""
    event, track, layer = (
        torch.tensor([row[column] for row in rows], dtype=torch.int64) for column in range(3)
    )
    x, energy = (torch.tensor([row[column] for row in rows]).float() for column in (3, 4))
    number = torch.arange(len(rows))
    return Hits(
        position=torch.stack([x, 2 * x, 3 * x], dim=1),
        energy=energy,
        layer=layer,
        spot=torch.zeros(len(rows), 2) if optional else None,
        truth=Truth(event=event, track=track, parent=number, pdg=number if optional else None),
    )


@given(energy=st.floats(0, 50), thickness=st.sampled_from([14.0, 25.0, 50.0]))
def test_cluster_size_is_the_formula(energy: float, thickness: float):
    n_pixels = math.floor(4.2267 * (1000 * energy / thickness) ** 0.65 + 0.5)
    size = cluster_size(torch.tensor([energy], dtype=torch.float64), thickness=thickness * um)
    assert abs(size.item() - n_pixels) <= 1
    # Exactly, unless rounding decides between two sizes.
    distance = abs(4.2267 * (1000 * energy / thickness) ** 0.65 + 0.5 - round(size.item()))
    assert size.item() == n_pixels or distance < 1e-9


@pytest.mark.parametrize(
    ("energy", "size"), [(0.0, 0), (0.9, 0), (1.0, 1), (5.0, 1), (5.1, 2), (60.0, 7), (1000.0, 46)]
)
def test_cluster_sizes_of_known_deposits(energy: float, size: int):
    # 5.07 keV are the smallest deposit that is kept: 25 * (1.5 / 4.2267)^(1 / 0.65) = 5.0747
    assert cluster_size(torch.tensor(energy * keV)).item() == size


def test_cluster_size_keeps_the_shape():
    assert cluster_size(torch.zeros(2, 0, 3)).shape == (2, 0, 3)
    assert cluster_size(torch.zeros(4)).dtype == torch.int64


@given(rows=st.lists(ROW, max_size=25), optional=st.booleans())
def test_merged_rows_are_those_of_a_dictionary(
    rows: list[tuple[int, int, int, float, float]], optional: bool
):
    groups: dict[tuple[int, int, int], list[int]] = {}
    for number, row in enumerate(rows):
        groups.setdefault(row[:3], []).append(number)
    merged = merge_deposits(make_rows(rows, optional=optional))
    truth = merged.known_truth
    keys = torch.stack([truth.event, truth.track, merged.layer], dim=1)
    assert [tuple(key) for key in keys.tolist()] == sorted(groups)
    first = [groups[key][0] for key in sorted(groups)]
    assert truth.parent.tolist() == first
    if optional:
        assert truth.pdg is not None
        assert merged.spot is not None
        assert truth.pdg.tolist() == first
        assert merged.spot.tolist() == [[0, 0]] * len(first)
    for hit, key in enumerate(sorted(groups)):
        x = sum(rows[number][3] for number in groups[key]) / len(groups[key])
        assert merged.position[hit].tolist() == pytest.approx([x, 2 * x, 3 * x], rel=1e-6, abs=1e-5)
        energy = sum(rows[number][4] for number in groups[key])
        assert merged.energy[hit].item() == pytest.approx(energy, rel=1e-6)


@given(rows=st.lists(ROW, max_size=15))
def test_merging_twice_changes_nothing(rows: list[tuple[int, int, int, float, float]]):
    once = merge_deposits(make_rows(rows, optional=True))
    twice = merge_deposits(once)
    assert torch.equal(once.position, twice.position)
    assert torch.equal(once.energy, twice.energy)
    assert torch.equal(once.layer, twice.layer)


def test_types_stay_as_they_are():
    rows = make_rows([(0, 1, 2, 0.5, 0.1), (0, 1, 2, 1.5, 0.2)], optional=False)
    assert merge_deposits(rows).position.dtype == torch.float32
    assert merge_deposits(rows.to(torch.float64)).energy.dtype == torch.float64


def test_measured_hits_cannot_be_merged():
    hits = Hits(position=torch.zeros(1, 3), energy=torch.ones(1), layer=torch.zeros(1).long())
    with pytest.raises(DataError, match="no truth"):
        merge_deposits(hits)


def test_events_that_start_anew_at_each_spot_stay_apart():
    rows = make_rows([(0, 1, 3, 10.0, 1.0), (0, 1, 3, 0.0, 2.0)], optional=False)
    spot = torch.tensor([[7.0, 0.0], [-7.0, 0.0]])
    merged = merge_deposits(dataclasses.replace(rows, spot=spot))
    assert merged.position[:, 0].tolist() == [0, 10]
    assert merged.spot is not None
    assert merged.spot.tolist() == [[-7, 0], [7, 0]]
