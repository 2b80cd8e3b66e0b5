"""The Hessian of a smoothed loss, from losses alone: unbiased, also for steps."""

import math

import pytest
import torch
from torch import nn

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature import asymmetry, smoothed_hessian, top_eigenpairs
from trackscape.landscape.problem import Problem


def test_a_quadratic_keeps_its_hessian(quadratic, random_symmetric, rng):
    matrix, point = random_symmetric(6), torch.arange(1.0, 7.0)
    slope = torch.randn(6, generator=rng, dtype=torch.float64)
    operator = smoothed_hessian(quadratic(matrix, point, slope), sigma=0.3, samples=4000)
    vectors = torch.linalg.qr(torch.randn(6, 6, generator=rng, dtype=torch.float64)).Q
    pulls: list[float] = []
    for vector in vectors:
        error = operator.standard_error(vector)
        assert error < 0.1 * matrix.norm()
        pulls.append(float(vector @ (operator @ vector) - vector @ matrix @ vector) / error)
    assert max(abs(pull) for pull in pulls) < 3.5
    assert asymmetry(operator) < 1e-12


def test_the_standard_error_is_the_spread_over_seeds(quadratic, random_symmetric):
    made = quadratic(random_symmetric(4), torch.ones(4))
    vector = torch.tensor([1.0, 0.0, 0.0, 0.0])
    operators = [smoothed_hessian(made, sigma=0.1, samples=100, seed=seed) for seed in range(60)]
    values = torch.tensor([float((operator @ vector)[0]) for operator in operators])
    errors = torch.tensor([operator.standard_error(vector) for operator in operators])
    assert float(values.std() / errors.mean()) == pytest.approx(1.0, abs=0.3)


class Step(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.tensor([0.6, -0.8], dtype=torch.float64))


def decided(model: nn.Module, batch: object) -> torch.Tensor:
    """1 where the first parameter exceeds 0.3, else 0."""
    return (model.x[0] > 0.3).double()


def test_a_step_has_the_curvature_of_its_smoothed_edge():
    """The smoothed step is a normal integral, so that its curvature is -z phi(z) / width^2."""
    made = Problem(Step(), [torch.zeros(1)], decided)
    width = 0.5 / math.sqrt(2)  # |theta| is 1, P is 2
    z = (0.6 - 0.3) / width
    expected = -z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / width**2
    operator = smoothed_hessian(made, sigma=0.5, samples=6000)
    first, second = torch.eye(2, dtype=torch.float64)
    for vector, value in ((first, expected), (second, 0.0)):
        error = operator.standard_error(vector)
        assert float(vector @ (operator @ vector)) == pytest.approx(value, abs=3.5 * error)
        assert error < 0.1 * abs(expected)
    found = top_eigenpairs(operator, 1)
    assert abs(float(found.vectors[0, 0])) == pytest.approx(1.0, abs=0.01)
    assert "smoothed by 0.5" in found.kind


def test_settings_out_of_range_are_refused(quadratic):
    made = quadratic(torch.eye(2), torch.ones(2))
    with pytest.raises(LandscapeError, match="positive sigma"):
        smoothed_hessian(made, sigma=0.0, samples=10)
    with pytest.raises(LandscapeError, match="at least 2 samples"):
        smoothed_hessian(made, sigma=0.1, samples=1)
    infinite = quadratic(torch.full((2, 2), torch.inf), torch.ones(2))
    with pytest.raises(LandscapeError, match="finite losses"):
        smoothed_hessian(infinite, sigma=0.1, samples=2) @ torch.ones(2)
