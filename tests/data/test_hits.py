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


def fields(**changed: object) -> dict[str, object]:
    """Arguments of three good hits, but for what is changed."""
    good = {"position": torch.zeros(3, 3), "energy": torch.ones(3), "layer": torch.arange(3)}
    return good | {"spot": torch.zeros(3, 2)} | changed


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["position", "energy", "spot"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_a_hit_that_is_no_number_is_named_at_once(name: str, value: float, dtype: torch.dtype):
    tensor = fields()[name].to(dtype)
    tensor[1] = value
    with pytest.raises(DataError, match=rf"Hits\.{name}, but hit 1 has .*1 of 3 hits"):
        Hits(**fields(**{name: tensor}))


def test_infinities_that_cancel_are_found():
    with pytest.raises(DataError, match="hit 0"):
        Hits(**fields(energy=torch.tensor([float("inf"), -float("inf"), 1.0])))


def test_finite_numbers_may_have_an_infinite_sum():
    assert len(Hits(**fields(energy=torch.full((3,), 3e38)))) == 3


def test_a_layer_below_the_first_is_named():
    with pytest.raises(DataError, match=r"from 0 on in Hits\.layer, but hit 2 has -1"):
        Hits(**fields(layer=torch.tensor([0, 1, -1])))


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("position", torch.zeros(3, 3).long(), "floating-point"),
        ("energy", torch.ones(3, 1), r"shape \(H,\)"),
        ("energy", torch.ones(3).long(), "floating-point"),
        ("layer", torch.zeros(3), "int64 in Hits.layer, got torch.float32"),
        ("layer", torch.zeros(3, dtype=torch.int32), "int64"),
        ("spot", torch.zeros(3, 3), r"shape \(H, 2\)"),
        ("position", [[0.0, 0, 0]] * 3, "Expected a tensor in Hits.position, got list"),
        ("position", torch.tensor(1.0), r"shape \(H, 3\)"),
    ],
)
def test_other_shapes_and_types_are_refused(name: str, value: object, wanted: str):
    with pytest.raises(DataError, match=wanted):
        Hits(**fields(**{name: value}))


def test_numbers_of_the_truth_are_whole():
    event = torch.arange(2)
    with pytest.raises(DataError, match=r"int64 in Truth\.track"):
        Truth(event=event, track=torch.ones(2), parent=event)
