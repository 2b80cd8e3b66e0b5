"""Activation matching: permuted copies come back, whatever the scale of a unit."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.connectivity import align, align_by_outputs, groups_of, permuted
from trackscape.landscape.similarity import layer_features

SEED = st.integers(0, 10_000)
WIDTHS = st.lists(st.integers(2, 9), min_size=1, max_size=3)


def inputs(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def outputs_of(model: nn.Module, batch: Tensor) -> dict[str, Tensor]:
    names = [group.name for group in groups_of(model)]
    return layer_features(model, [batch], names, lambda m, b: m(b))


def aligned(model: nn.Module, reference: nn.Module, batch: Tensor):
    return align_by_outputs(
        model,
        reference,
        groups_of(model),
        outputs=outputs_of(model, batch),
        wanted=outputs_of(reference, batch),
    )


@settings(max_examples=25)
@given(seed=SEED, widths=WIDTHS, norm=st.booleans())
def test_a_permuted_copy_comes_back(nets, seed, widths, norm) -> None:
    model = nets.mlp(seed, *widths, norm=norm)
    other = nets.shuffled(model, groups_of(model), seed + 1)
    found = aligned(other, model, inputs(50, 3))
    assert found.distance == 0
    torch.testing.assert_close(found.model(inputs(4, 3)), model(inputs(4, 3)))


@given(seed=SEED, widths=WIDTHS, norm=st.booleans())
def test_it_changes_no_function_and_never_the_model(nets, seed, widths, norm) -> None:
    model, reference = (nets.mlp(number, *widths, norm=norm) for number in (seed, seed + 1))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = aligned(model, reference, inputs(30, 3))
    torch.testing.assert_close(found.model(inputs(5, 3)), model(inputs(5, 3)))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_units_that_do_alike_match_whatever_their_scale() -> None:
    # LeakyReLU lets a unit be scaled: what it computes is the same, its weights are not.
    torch.manual_seed(2)
    model = nn.Sequential(nn.Linear(3, 8), nn.LeakyReLU(), nn.Linear(8, 2)).double()
    order = torch.randperm(8, generator=torch.Generator().manual_seed(1))
    other = permuted(model, groups_of(model), {"0": order})
    scale = torch.logspace(-2, 2, 8, dtype=torch.float64)
    with torch.no_grad():
        other[0].weight *= scale[:, None]
        other[0].bias *= scale
        other[2].weight /= scale
    torch.testing.assert_close(other(inputs(4, 3)), model(inputs(4, 3)))
    inverse = torch.argsort(order)
    assert torch.equal(aligned(other, model, inputs(50, 3)).permutations["0"], inverse)
    assert not torch.equal(align(other, model, groups_of(model)).permutations["0"], inverse)


def test_the_sum_of_correlations_is_the_best_of_all_permutations(nets) -> None:
    model, reference = nets.mlp(3, 5), nets.mlp(4, 5)
    own, wanted = (outputs_of(each, inputs(40, 3))["0"] for each in (model, reference))
    both = torch.corrcoef(torch.cat([wanted, own], dim=1).T)[:5, 5:]
    sums = [both[range(5), order].sum().item() for order in itertools.permutations(range(5))]
    found = aligned(model, reference, inputs(40, 3)).permutations["0"]
    assert both[range(5), found].sum().item() == pytest.approx(max(sums))


def test_channels_of_images_match_by_all_their_pixels(nets) -> None:
    model = nets.conv(1)
    other = nets.shuffled(model, groups_of(model), 2)
    found = aligned(other, model, inputs(8, 2, 6, 6))
    assert found.distance == 0


def test_a_constant_unit_correlates_with_nothing(nets) -> None:
    model = nets.mlp(0, 4)
    with torch.no_grad():
        model[0].weight[2] = 0.0
    other = nets.shuffled(model, groups_of(model), 1)
    assert aligned(other, model, inputs(40, 3)).distance == 0


def test_outputs_that_do_not_fit_are_refused(nets) -> None:
    model, batch = nets.mlp(0, 4), inputs(9, 3)
    good, groups = outputs_of(model, batch), groups_of(model)
    wrong = {
        "the layer 0, got None": {},
        r"the layer 0, got \(9, 3\)": {"0": good["0"][:, :3]},
        "the same rows": {"0": good["0"][:5]},
        "finite outputs of 0": {"0": good["0"] * torch.nan},
    }
    for sentence, outputs in wrong.items():
        with pytest.raises(LandscapeError, match=sentence):
            align_by_outputs(model, model, groups, outputs=outputs, wanted=good)
