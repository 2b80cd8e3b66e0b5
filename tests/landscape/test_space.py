import pytest
import torch
from torch import nn

from trackscape.errors import LandscapeError
from trackscape.landscape.space import ParameterSpace


def test_a_vector_goes_into_a_module_and_comes_out_again(perceptron, rng):
    model = perceptron(norm=True)
    space = ParameterSpace(model)
    vector = torch.randn(space.size, generator=rng, dtype=torch.float64)
    space.write(vector, model)
    assert torch.equal(space.read(model), vector)
    views = dict(space.views(vector))
    for name, value in model.named_parameters():
        assert torch.equal(views[name], value)


def test_buffers_and_frozen_parameters_are_not_part_of_the_space(perceptron):
    model = perceptron(norm=True)
    model[0].bias.requires_grad_(False)
    names = [part.name for part in ParameterSpace(model).parts]
    assert names == ["0.weight", "1.weight", "1.bias", "3.weight", "3.bias"]


def test_a_tied_parameter_counts_once():
    model = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
    model[1].weight = model[0].weight
    assert ParameterSpace(model).size == 16 + 4 + 4


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Tanh(), "none requires"),
        (nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1).double()), "one type"),
    ],
)
def test_models_without_a_space_are_refused(model, message):
    with pytest.raises(LandscapeError, match=message):
        ParameterSpace(model)


def test_another_architecture_is_refused(perceptron):
    with pytest.raises(LandscapeError, match="same architecture"):
        ParameterSpace(perceptron(norm=True)).read(nn.Linear(3, 5))
