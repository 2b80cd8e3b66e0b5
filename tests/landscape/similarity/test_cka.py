"""CKA keeps its identities, and equals the formula with the n x n matrices written out."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.similarity import (
    layer_cka,
    layer_features,
    layer_names,
    unbiased_hsic,
)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def literal_hsic(x: Tensor, y: Tensor) -> float:
    """Song et al., equation 5, as printed."""
    n = len(x)
    k, l = (each @ each.T for each in (x, y))  # noqa: E741
    k, l = (each - each.diag().diag() for each in (k, l))  # noqa: E741
    one = torch.ones(n, dtype=torch.float64)
    total = (k @ l).trace() + (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
    return float((total - 2 / (n - 2) * one @ k @ l @ one) / (n * (n - 3)))


def cka(x: Tensor, y: Tensor, **settings: int) -> float:
    return layer_cka({"": x}, {"": y}, **settings)[""].value


@settings(max_examples=50)
@given(st.integers(4, 12), st.integers(1, 5), st.integers(1, 15), st.integers(0, 1000))
def test_hsic_is_the_literal_formula(n, wide, other, seed):
    x, y = 3 + normal(n, wide, seed=seed), normal(n, other, seed=seed + 1)
    assert float(unbiased_hsic(x, y)) == pytest.approx(literal_hsic(x, y), rel=1e-9, abs=1e-9)


def test_hsic_has_no_bias():
    # Centred independent normal features: the expectation is 0 between and D within.
    draws = [(normal(6, 3, seed=2 * s), normal(6, 3, seed=2 * s + 1)) for s in range(1000)]
    between = torch.stack([unbiased_hsic(x, y) for x, y in draws])
    within = torch.stack([unbiased_hsic(x, x) for x, _ in draws])
    for found, expected in ((between, 0), (within, 3)):
        error = float(found.std()) / math.sqrt(len(found))
        assert float(found.mean()) == pytest.approx(expected, abs=3.5 * error)


@settings(max_examples=40)
@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-5, 5))
def test_equal_up_to_rotation_scale_and_shift_is_one(seed, scale, shift):
    x = normal(30, 4, seed=seed)
    rotation = torch.linalg.qr(normal(4, 4, seed=seed + 1))[0]
    assert cka(x, scale * x @ rotation + shift, batch=10) == pytest.approx(1, abs=1e-9)


def test_other_maps_change_it():
    x = normal(200, 4)
    stretched = x * torch.tensor([1.0, 1.0, 1.0, 10.0])
    assert 0.3 < cka(x, stretched) < 0.9


def test_independent_features_give_zero_on_average_though_wide():
    found = torch.tensor(
        [cka(normal(40, 60, seed=2 * s), normal(40, 60, seed=2 * s + 1)) for s in range(200)]
    )
    # The biased estimator gives about 0.6 here.
    assert float(found.mean()) == pytest.approx(0, abs=3.5 * float(found.std()) / math.sqrt(200))


def test_a_single_minibatch_is_the_full_formula():
    x, y = normal(50, 4), normal(50, 4) + 0.5 * normal(50, 4, seed=1)
    full = literal_hsic(x, y) / math.sqrt(literal_hsic(x, x) * literal_hsic(y, y))
    found = layer_cka({"": x}, {"": y}, passes=3)[""]
    assert found.value == pytest.approx(full)
    assert math.isnan(found.standard_error)


def test_minibatches_agree_with_the_full_formula():
    x = normal(800, 5)
    y = x + normal(800, 5, seed=1)
    full = literal_hsic(x, y) / math.sqrt(literal_hsic(x, x) * literal_hsic(y, y))
    found = layer_cka({"": x}, {"": y}, batch=50, passes=4)[""]
    assert found.value == pytest.approx(full, abs=0.01)


def test_standard_error_is_the_spread_over_samples():
    found = []
    for seed in range(60):
        x = normal(400, 3, seed=2 * seed)
        y = x + normal(400, 3, seed=2 * seed + 1)
        found.append(layer_cka({"": x}, {"": y}, batch=20, passes=1)[""])
    spread = torch.tensor([each.value for each in found]).std()
    mean_error = torch.tensor([each.standard_error for each in found]).mean()
    assert float(mean_error) == pytest.approx(float(spread), rel=0.3)


def test_a_constant_layer_has_no_similarity():
    assert math.isnan(cka(torch.ones(20, 2), normal(20, 2)))


def test_the_same_seed_gives_the_same():
    x, y = normal(90, 3), normal(90, 3, seed=1)
    assert cka(x, y, batch=20, seed=3) == cka(x, y, batch=20, seed=3)
    assert cka(x, y, batch=20, seed=3) != cka(x, y, batch=20, seed=4)


def apply(model: nn.Module, batch: tuple[Tensor, Tensor]) -> object:
    return model(batch[0])


def test_features_are_what_layers_return(perceptron, batches):
    model, data = perceptron(), batches(4, 7)
    assert layer_names(model) == ["0", "1", "2", "3"]
    found = layer_features(model, data, ["0", "3", ""], apply)
    inputs = torch.cat([batch[0] for batch in data])
    model.eval()
    assert torch.equal(found["0"], torch.cat([model[0](batch[0]) for batch in data]))
    assert torch.allclose(found["3"], model(inputs))
    assert torch.equal(found["3"], found[""])


def test_the_model_stays_as_it_was(perceptron, batches):
    model = perceptron().train()
    mean = model[1].running_mean.clone()
    layer_features(model, batches(4, 7), ["1"], apply)
    assert model.training
    assert not any(part._forward_hooks for part in model.modules())
    assert torch.equal(model[1].running_mean, mean)


def test_chosen_rows_are_the_same_in_all_layers_and_models(batches):
    identity, data = nn.Sequential(nn.Identity(), nn.Identity()), batches(30, 20)
    first = layer_features(identity, data, ["0", "1"], apply, rows=6, seed=2)
    again = layer_features(nn.Identity(), data, [""], apply, rows=6, seed=2)
    assert first["0"].shape == (12, 3)
    assert torch.equal(first["0"], first["1"])
    assert torch.equal(first["0"], again[""])
    other = layer_features(identity, data, ["0"], apply, rows=6, seed=3)
    assert not torch.equal(first["0"], other["0"])


def test_axes_behind_the_first_are_joined_and_calls_follow_each_other():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Conv1d(2, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.inner(self.inner(x))

    found = layer_features(Twice(), [(torch.ones(5, 2, 3),)], ["inner"], apply)
    assert found["inner"].shape == (10, 6)


def test_a_model_is_like_itself_and_less_like_another(perceptron, batches):
    data = batches(200, 200)
    first, second = (layer_features(perceptron(seed), data, ["0", "2"], apply) for seed in range(2))
    same, other = layer_cka(first, first, batch=50), layer_cka(first, second, batch=50)
    for name in ("0", "2"):
        assert same[name].value == pytest.approx(1)
        assert same[name].standard_error == pytest.approx(0, abs=1e-9)
        assert other[name].value < 0.99


def test_refusals_say_what_is_wrong(perceptron, batches):
    model, data = perceptron(), batches(5)
    for layers, sentence in ((["7"], "got 7; it has 0, 1, 2, 3"), ([], "got none")):
        with pytest.raises(LandscapeError, match=sentence):
            layer_features(model, data, layers, apply)
    with pytest.raises(LandscapeError, match="computed nothing"):
        layer_features(model, [], ["0"], apply)
    with pytest.raises(LandscapeError, match="returns a tuple"):
        layer_features(nn.LSTM(3, 2), [(torch.ones(2, 3),)], [""], apply)
    with pytest.raises(LandscapeError, match="the same layers"):
        layer_cka({"a": normal(9, 1)}, {"b": normal(9, 1)})
    with pytest.raises(LandscapeError, match="layer 'a' has 9 and 8"):
        layer_cka({"a": normal(9, 1)}, {"a": normal(8, 1)})
    with pytest.raises(LandscapeError, match="same n >= 4 rows"):
        layer_cka({"a": normal(3, 1)}, {"a": normal(3, 1)})
    with pytest.raises(LandscapeError, match="at least 1 pass"):
        layer_cka({}, {}, passes=0)
