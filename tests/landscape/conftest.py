"""Small models and data of any kind: nothing here knows of tracks."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from trackscape.landscape.problem import Problem

Batch = tuple[Tensor, Tensor]


def squared_error(model: nn.Module, batch: Batch) -> Tensor:
    inputs, targets = batch
    return nn.functional.mse_loss(model(inputs), targets)


def make_perceptron(seed: int = 0, *, norm: bool = True) -> nn.Sequential:
    """Two layers in float64, with statistics of BatchNorm that are not those of any data."""
    torch.manual_seed(seed)
    layers = [nn.Linear(3, 5), *([nn.BatchNorm1d(5)] if norm else []), nn.Tanh(), nn.Linear(5, 1)]
    model = nn.Sequential(*layers).double()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d):
            layer.running_mean += 0.3
            layer.running_var *= 1.7
    return model


def make_batches(*sizes: int, seed: int = 1) -> list[Batch]:
    generator = torch.Generator().manual_seed(seed)
    return [
        (
            torch.randn(size, 3, generator=generator, dtype=torch.float64),
            torch.randn(size, 1, generator=generator, dtype=torch.float64),
        )
        for size in sizes
    ]


def make_problem(*sizes: int, norm: bool = False, **settings: str) -> Problem:
    batches = make_batches(*(sizes or (4, 7, 2)))
    return Problem(make_perceptron(norm=norm), batches, squared_error, **settings)  # type: ignore


@pytest.fixture(scope="session")
def perceptron() -> Callable[..., nn.Sequential]:
    return make_perceptron


@pytest.fixture(scope="session")
def batches() -> Callable[..., list[Batch]]:
    return make_batches


@pytest.fixture(scope="session")
def problem() -> Callable[..., Problem]:
    return make_problem
