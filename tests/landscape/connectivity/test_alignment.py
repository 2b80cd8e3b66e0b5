"""Alignment: permuted copies come back exactly, and no function is ever changed."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from trackscape.errors import LandscapeError
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, line_graph, split_frames
from trackscape.landscape.connectivity import (
    Group,
    Slot,
    align,
    evaluate_path,
    groups_of,
    path_summary,
    permuted,
)
from trackscape.landscape.problem import Problem
from trackscape.samples import VALIDATION
from trackscape.scoring import build_network

SEED = st.integers(0, 10_000)
WIDTHS = st.lists(st.integers(1, 9), min_size=1, max_size=3)


def weights(model: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(model.parameters()).detach()


def inputs(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def squared_error(model: nn.Module, batch: torch.Tensor) -> torch.Tensor:
    return (model(batch) - batch[:, :2].sin()).square().mean()


@settings(max_examples=25)
@given(seed=SEED, widths=WIDTHS, norm=st.booleans())
def test_a_permuted_copy_comes_back_and_is_linearly_connected(nets, seed, widths, norm) -> None:
    model = nets.mlp(seed, *widths, norm=norm)
    groups = groups_of(model)
    other = nets.shuffled(model, groups, seed + 1)
    found = align(other, model, groups, attempts=2)
    assert found.distance == 0
    problem = Problem(model, [inputs(4, 3), inputs(2, 3)], squared_error)
    ends = [problem.centre, problem.space.read(found.model)]
    barrier = path_summary(evaluate_path(problem, ends, steps=3, progress=False)).barrier
    assert barrier.value == pytest.approx(0, abs=1e-12)
    torch.testing.assert_close(found.model(inputs(4, 3)), model(inputs(4, 3)))


def test_what_was_shuffled_has_a_barrier_before(nets) -> None:
    model = nets.mlp(0, 8, 8)
    groups = groups_of(model)
    other = nets.shuffled(model, groups, 1)
    found = align(other, model, groups)
    assert found.distance_before == pytest.approx((weights(model) - weights(other)).norm().item())
    assert found.distance_before > 1
    problem = Problem(model, [inputs(16, 3)], lambda m, b: (m(b) - model(b)).square().mean())
    ends = [problem.centre, problem.space.read(other)]
    path = evaluate_path(problem, ends, steps=3, progress=False)
    assert path_summary(path).barrier.value > 1e-3


@given(seed=SEED, widths=WIDTHS, norm=st.booleans())
def test_alignment_changes_no_function_and_never_the_model(nets, seed, widths, norm) -> None:
    model, reference = (nets.mlp(number, *widths, norm=norm) for number in (seed, seed + 1))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = align(model, reference, groups_of(model), attempts=2)
    x = inputs(5, 3)
    torch.testing.assert_close(found.model(x), model(x))
    assert found.distance <= found.distance_before
    assert found.distance == pytest.approx((weights(found.model) - weights(reference)).norm())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_one_group_is_matched_best_of_all_permutations(nets) -> None:
    model, reference = nets.mlp(3, 5), nets.mlp(4, 5)
    groups = groups_of(model)
    distances = [
        (weights(permuted(model, groups, {"0": torch.tensor(order)})) - weights(reference)).norm()
        for order in itertools.permutations(range(5))
    ]
    found = align(model, reference, groups)
    assert found.distance == pytest.approx(min(distances).item())
    assert found.distances == pytest.approx([found.distance] * 10)


def test_more_attempts_are_never_worse_and_the_seed_decides(nets) -> None:
    model, reference = nets.mlp(3, 9, 9, 9), nets.mlp(4, 9, 9, 9)
    groups = groups_of(model)
    few, many, again = (align(model, reference, groups, attempts=n) for n in (2, 12, 12))
    assert many.distances[:2] == few.distances
    assert many.distance == min(many.distances) <= few.distance
    assert many.distances == again.distances
    assert align(model, reference, groups, attempts=12, seed=1).distances != many.distances


def test_permutations_say_which_unit_comes_to_each_place(nets) -> None:
    model = nets.mlp(0, 4)
    order = torch.tensor([2, 0, 3, 1])
    copy = permuted(model, groups_of(model), {"0": order})
    torch.testing.assert_close(copy[0].weight, model[0].weight[order])
    torch.testing.assert_close(copy[2].weight, model[2].weight[:, order])
    found = align(model, copy, groups_of(model))
    assert torch.equal(found.permutations["0"], order)


@pytest.mark.parametrize("seed", range(3))
def test_images_keep_their_classes(nets, seed) -> None:
    model, reference = nets.conv(seed), nets.conv(seed + 10)
    groups = groups_of(model)
    assert [group.size for group in groups] == [4, 5, 6]
    other = nets.shuffled(model, groups, seed)
    assert (weights(other) - weights(model)).norm() > 1
    images = inputs(7, 2, 6, 6)
    torch.testing.assert_close(other(images), model(images))
    assert align(other, model, groups).distance == 0
    aligned = align(model, reference, groups)
    torch.testing.assert_close(aligned.model(images), model(images))
    assert aligned.distance < aligned.distance_before
    # In training too: BatchNorm then takes the statistics of the batch.
    for net in (model, other):
        for layer in net.modules():
            layer.train(isinstance(layer, nn.modules.batchnorm._BatchNorm))
    torch.testing.assert_close(other(images), model(images))


@pytest.fixture(scope="module")
def graph():
    frame = split_frames(read_hits(VALIDATION), per_frame=15)[0]
    return connect_layers(frame.to(torch.float64))


@pytest.mark.parametrize("kind", ["line_graph", "hit_graph"])
def test_interaction_networks_keep_their_scores(nets, graph, kind) -> None:
    torch.manual_seed(1)
    model, reference = (nets.shaken(build_network(kind).double()) for _ in range(2))
    groups = getattr(nets, f"{kind}_groups")(model)
    prepared = line_graph(graph) if kind == "line_graph" else graph
    expected = model(prepared).logit
    other = nets.shuffled(model, groups, 2)
    torch.testing.assert_close(other(prepared).logit, expected)
    assert align(other, model, groups, attempts=2).distance == 0
    aligned = align(model, reference, groups, attempts=2)
    torch.testing.assert_close(aligned.model(prepared).logit, expected)
    assert aligned.distance < 0.98 * aligned.distance_before


class Recurrent(nn.Module):
    """Units on both axes of one tensor: no linear assignment."""

    def __init__(self) -> None:
        super().__init__()
        self.take, self.keep, self.give = nn.Linear(3, 6), nn.Linear(6, 6), nn.Linear(6, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = self.take(x)
        for _ in range(3):
            state = (state + self.keep(state)).tanh()
        return self.give(state)


def recurrent_groups() -> list[Group]:
    rows = [Slot(f"{name}.{kind}", 0) for name in ("take", "keep") for kind in ("weight", "bias")]
    return [Group("state", 6, (*rows, Slot("keep.weight", 1), Slot("give.weight", 1)))]


@pytest.mark.parametrize("seed", range(4))
def test_a_group_may_stand_on_both_axes_of_a_tensor(nets, seed) -> None:
    torch.manual_seed(seed)
    model, reference = (Recurrent().double() for _ in range(2))
    other = nets.shuffled(model, recurrent_groups(), seed)
    torch.testing.assert_close(other(inputs(4, 3)), model(inputs(4, 3)))
    assert align(other, model, recurrent_groups()).distance == 0
    found = align(model, reference, recurrent_groups())
    assert found.distance <= found.distance_before
    torch.testing.assert_close(found.model(inputs(4, 3)), model(inputs(4, 3)))


def test_what_cannot_be_aligned_is_said(nets) -> None:
    model = nets.mlp(0, 4, 4)
    groups = groups_of(model)
    with pytest.raises(LandscapeError, match=r"0\.weight has the shapes"):
        align(model, nets.mlp(0, 5, 4), groups)
    with pytest.raises(LandscapeError, match="at least 2 attempts"):
        align(model, model, groups, attempts=1)
    with pytest.raises(LandscapeError, match="permutation of the 4 units of 0"):
        permuted(model, groups, {"0": torch.tensor([0, 0, 1, 2])})
    broken = nets.mlp(1, 4, 4)
    with torch.no_grad():
        broken[2].bias[0] = torch.nan
    with pytest.raises(LandscapeError, match=r"2\.bias holds NaN"):
        align(broken, model, groups)
