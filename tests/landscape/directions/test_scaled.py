"""Directions have the lengths of the weights, part by part, and no NaN where weights are zero."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from trackscape.errors import LandscapeError
from trackscape.landscape.directions import eigen_directions, random_directions
from trackscape.landscape.space import ParameterSpace


def make_network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 4)
    ).double()


def parts(vectors: torch.Tensor, model: nn.Module) -> dict[str, torch.Tensor]:
    return dict(ParameterSpace(model).views(vectors))


def test_filters_of_a_random_direction_are_as_long_as_those_of_the_model() -> None:
    model = make_network()
    found = parts(random_directions(model, 2, seed=1).vectors, model)
    for name, weights in model.named_parameters():
        lengths = found[name].flatten(2).norm(dim=2) if weights.ndim > 1 else found[name]
        expected = weights.flatten(1).norm(dim=1) if weights.ndim > 1 else torch.zeros(len(weights))
        torch.testing.assert_close(lengths, expected.double().expand(2, -1))


def test_vectors_are_scaled_as_one_tensor_if_they_are_not_ignored() -> None:
    model = make_network()
    found = random_directions(model, 1, norm="filter", seed=1, ignore_vectors=False)
    for name, part in parts(found.vectors, model).items():
        weights = model.get_parameter(name)
        if weights.ndim == 1:
            assert part.norm().item() == pytest.approx(weights.norm().item())


@pytest.mark.parametrize("ignore_vectors", [True, False])
def test_layers_and_tensors_have_the_lengths_of_the_weights(ignore_vectors: bool) -> None:
    model = make_network()
    weights = parts(ParameterSpace(model).read(model), model)
    settings = {"seed": 2, "ignore_vectors": ignore_vectors}
    by_tensor = parts(random_directions(model, 1, norm="tensor", **settings).vectors, model)
    by_layer = parts(random_directions(model, 1, norm="layer", **settings).vectors, model)
    for name, weight in weights.items():
        kept = weight.ndim > 1 or not ignore_vectors
        assert by_tensor[name].norm().item() == pytest.approx(weight.norm().item() * kept)
    for layer in ("0", "1", "4"):
        names = [f"{layer}.weight", f"{layer}.bias"]
        kept = [weights[n].norm() for n in names if weights[n].ndim > 1 or not ignore_vectors]
        found = torch.stack([by_layer[name].norm() for name in names]).norm().item()
        assert found == pytest.approx(torch.stack([*kept, torch.zeros(()).double()]).norm().item())


@given(seed=st.integers(0, 1000), ignore_vectors=st.booleans())
def test_without_a_scale_a_direction_is_a_unit_vector(seed: int, ignore_vectors: bool) -> None:
    settings = {"norm": "none", "seed": seed, "ignore_vectors": ignore_vectors}
    found = random_directions(make_network(), 3, **settings)
    torch.testing.assert_close(found.vectors.norm(dim=1), torch.ones(3).double())
    assert found.about == {"kind": "random", **settings}


@pytest.mark.parametrize("norm", ["filter", "layer", "tensor", "none"])
def test_weights_of_zero_do_not_move_and_are_never_nan(norm: str) -> None:
    model = make_network()
    with torch.no_grad():
        model[0].weight[1] = 0
        model[4].weight.zero_()
        model[4].bias.zero_()
    found = parts(random_directions(model, 2, norm=norm, seed=3).vectors, model)
    assert all(part.isfinite().all() for part in found.values())
    if norm != "none":
        assert (found["4.weight"] == 0).all()
    if norm == "filter":
        assert (found["0.weight"][:, 1] == 0).all()
        assert (found["0.weight"][:, 0] != 0).all()


def test_the_seed_alone_decides() -> None:
    model = make_network()
    first, again, other = (random_directions(model, 2, seed=seed).vectors for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])


@given(seed=st.integers(0, 1000), factor=st.floats(1e-3, 1e3))
def test_a_scaled_eigenvector_does_not_depend_on_its_length(seed: int, factor: float) -> None:
    model = make_network()
    vectors = torch.randn(
        2, ParameterSpace(model).size, generator=torch.Generator().manual_seed(seed)
    )
    first = eigen_directions(vectors, model)
    torch.testing.assert_close(first.vectors, eigen_directions(factor * vectors, model).vectors)
    for name, part in parts(first.vectors, model).items():
        weights = model.get_parameter(name).detach()
        torch.testing.assert_close(part.flatten(1).norm(dim=1), weights.norm().expand(2))
        given_ = parts(vectors.double(), model)[name].flatten(1)
        cosine = nn.functional.cosine_similarity(part.flatten(1), given_)
        torch.testing.assert_close(cosine, (weights.norm() > 0).double().expand(2))


def test_eigenvectors_without_a_scale_are_what_they_were() -> None:
    model = make_network()
    vectors = nn.functional.normalize(torch.randn(2, ParameterSpace(model).size).double())
    torch.testing.assert_close(eigen_directions(vectors, model, norm="none").vectors, vectors)


def test_settings_that_make_no_direction_are_refused() -> None:
    model = make_network()
    with pytest.raises(LandscapeError, match="filter, layer, tensor, none"):
        random_directions(model, 1, norm="weights", seed=0)
    with pytest.raises(LandscapeError, match=r"\(K, 85\)"):
        eigen_directions(torch.ones(3, 5), model)


def test_directions_that_do_not_move_the_model_are_refused() -> None:
    still = nn.Linear(3, 1)
    nn.init.zeros_(still.weight)
    for model in (still, nn.BatchNorm1d(3)):  # the second has vectors only
        with pytest.raises(LandscapeError, match="ignore_vectors=False"):
            random_directions(model, 1, seed=0)
    assert random_directions(nn.BatchNorm1d(3), 1, seed=0, ignore_vectors=False).vectors.any()
    for n in (0, -1):
        with pytest.raises(LandscapeError, match="at least one direction"):
            random_directions(nn.Linear(3, 1), n, seed=0)
