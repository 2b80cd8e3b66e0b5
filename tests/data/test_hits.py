"""Hits and their truth: what is refused, and that selections and moves take everything along."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.data import Hits, Truth
from trackscape.errors import DataError

FIELDS = ("position", "energy", "layer", "spot")
TRUTH_FIELDS = ("event", "track", "parent", "pdg")


@pytest.fixture(scope="module")
def full_hits() -> Hits:
    """Seven hits with every optional field, all values different."""
    number = torch.arange(7)
    return Hits(
        position=torch.arange(21.0).view(7, 3),
        energy=0.01 * number,
        layer=torch.tensor([3, 1, 0, 3, 2, 1, 0]),
        spot=torch.arange(14.0).view(7, 2),
        truth=Truth(event=10 + number, track=20 + number, parent=number % 2, pdg=30 + number),
    )


@given(index=st.lists(st.integers(0, 6), max_size=9))
def test_select_takes_every_field_along(full_hits: Hits, index: list[int]):
    chosen = full_hits.select(torch.tensor(index, dtype=torch.int64))
    for name in FIELDS:
        assert getattr(chosen, name).tolist() == [
            getattr(full_hits, name).tolist()[i] for i in index
        ]
    for name in TRUTH_FIELDS:
        truth = getattr(full_hits.known_truth, name).tolist()
        assert getattr(chosen.known_truth, name).tolist() == [truth[i] for i in index]


def test_a_mask_selects_as_its_numbers_do(full_hits: Hits):
    mask = full_hits.layer >= 2
    assert full_hits.select(mask).position.tolist() == full_hits.position[[0, 3, 4]].tolist()
    assert full_hits.select(mask).known_truth.pdg.tolist() == [30, 33, 34]


def test_select_leaves_out_what_is_not_known():
    hits = Hits(position=torch.zeros(2, 3), energy=torch.ones(2), layer=torch.tensor([0, 1]))
    chosen = hits.select(torch.tensor([1]))
    assert chosen.spot is None
    assert chosen.truth is None


def test_sorting_keeps_the_order_within_a_layer(full_hits: Hits):
    ordered = full_hits.sorted_by_layer()
    assert ordered.layer.tolist() == [0, 0, 1, 1, 2, 3, 3]
    assert ordered.known_truth.event.tolist() == [12, 16, 11, 15, 14, 10, 13]


def test_a_floating_type_reaches_all_floats_and_no_integers(full_hits: Hits):
    moved = full_hits.to(torch.float64)
    assert {moved.position.dtype, moved.energy.dtype, moved.spot.dtype} == {torch.float64}
    assert moved.layer.dtype == torch.int64
    assert all(getattr(moved.known_truth, name).dtype == torch.int64 for name in TRUTH_FIELDS)
    assert torch.equal(moved.position.float(), full_hits.position)


def test_a_device_reaches_everything(full_hits: Hits):
    moved = full_hits.to("meta")
    fields = [getattr(moved, name) for name in FIELDS]
    fields += [getattr(moved.known_truth, name) for name in TRUTH_FIELDS]
    assert all(field.device.type == "meta" for field in fields)


def test_positions_are_relative_to_the_spot_along_x_and_y_only():
    position = torch.tensor([[1.0, 2, 3], [4, 5, 6]])
    hits = Hits(position=position, energy=torch.ones(2), layer=torch.zeros(2).long())
    assert hits.relative_position is position
    hits = Hits(
        position=position,
        energy=torch.ones(2),
        layer=torch.zeros(2).long(),
        spot=torch.tensor([[1.0, 1], [-4, 0]]),
    )
    assert hits.relative_position.tolist() == [[0, 1, 3], [8, 5, 6]]


def test_primaries_have_no_parent(full_hits: Hits):
    assert full_hits.known_truth.primary.tolist() == [True, False, True, False, True, False, True]


@pytest.mark.parametrize("shape", [(4,), (4, 2), (4, 3, 1)])
def test_positions_of_another_shape_are_refused(shape: tuple[int, ...]):
    with pytest.raises(DataError, match=r"shape \(H, 3\)"):
        Hits(position=torch.zeros(shape), energy=torch.zeros(4), layer=torch.zeros(4).long())


@pytest.mark.parametrize("short", ["energy", "layer", "spot", "truth"])
def test_fields_of_another_length_are_named(short: str):
    n = dict.fromkeys(["energy", "layer", "spot", "truth"], 3) | {short: 2}
    event = torch.zeros(n["truth"]).long()
    with pytest.raises(DataError, match=rf"Hits\.{short} has 2 entries for 3 hits"):
        Hits(
            position=torch.zeros(3, 3),
            energy=torch.zeros(n["energy"]),
            layer=torch.zeros(n["layer"]).long(),
            spot=torch.zeros(n["spot"], 2),
            truth=Truth(event=event, track=event, parent=event),
        )


@pytest.mark.parametrize("short", ["track", "parent", "pdg"])
def test_truth_fields_of_another_length_are_named(short: str):
    fields = {name: torch.zeros(2 if name == short else 3).long() for name in TRUTH_FIELDS}
    with pytest.raises(DataError, match=rf"Truth\.{short} has 2 entries for 3 hits"):
        Truth(**fields)


def test_hits_without_truth_say_so():
    hits = Hits(position=torch.zeros(1, 3), energy=torch.ones(1), layer=torch.zeros(1).long())
    with pytest.raises(DataError, match="no truth"):
        _ = hits.known_truth
