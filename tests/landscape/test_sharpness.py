"""Sharpness of quadratics in closed form, and what exists for decisions."""

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.problem import Problem
from trackscape.landscape.sharpness import adaptive_sharpness, average_sharpness, sam_sharpness

CURVES = torch.tensor([5.0, 2.0, 0.5], dtype=torch.float64)


class Bowl(nn.Module):
    def __init__(self, *point: float) -> None:
        super().__init__()
        self.x = nn.Parameter(torch.tensor(point, dtype=torch.float64))


def half_square(model: nn.Module, batch: Tensor) -> Tensor:
    return (CURVES * model.x.square()).sum() / 2


def bowl(*point: float) -> Problem:
    return Problem(Bowl(*point), [torch.zeros(2), torch.zeros(1)], half_square)


def height(point: Tensor) -> float:
    return float((CURVES * point.square()).sum() / 2)


def test_one_step_is_the_published_one():
    point = torch.tensor([0.1, -0.4, 0.7], dtype=torch.float64)
    gradient = CURVES * point
    found = sam_sharpness(bowl(*point), rho=0.2)
    torch.testing.assert_close(found.perturbation, 0.2 * gradient / gradient.norm())
    assert found.value == pytest.approx(height(point + found.perturbation) - height(point))
    assert found.loss == pytest.approx(height(point))
    scaled = adaptive_sharpness(bowl(*point), rho=0.2)
    expected = 0.2 * point.square() * gradient / (point.abs() * gradient).norm()
    torch.testing.assert_close(scaled.perturbation, expected)


def test_more_steps_reach_the_top_of_the_ball():
    """Near the minimum, that is half the largest curvature times the squared radius."""
    made = bowl(1e-9, 1e-6, -1e-6)
    values = [sam_sharpness(made, rho=0.3, steps=steps).value for steps in (1, 2, 5, 40)]
    assert values == sorted(values)
    assert values[0] < values[-1]
    assert values[-1] == pytest.approx(0.5 * 5.0 * 0.3**2, rel=1e-4)
    top = sam_sharpness(made, rho=0.3, steps=40)
    assert float(top.perturbation.norm()) == pytest.approx(0.3)


def test_the_top_of_a_ball_around_a_slope_is_where_the_gradient_points():
    point = torch.tensor([0.3, 1.0, -2.0], dtype=torch.float64)
    found = sam_sharpness(bowl(*point), rho=0.5, steps=60).perturbation
    slope = CURVES * (point + found)
    torch.testing.assert_close(slope / slope.norm(), found / 0.5, rtol=0, atol=1e-3)


def test_a_maximum_inside_of_the_ball_is_found():
    hill = dataclasses.replace(bowl(0.1, 0.1, 0.1), objective=lambda m, b: -half_square(m, b))
    found = sam_sharpness(hill, rho=1.0, steps=60)
    assert found.value == pytest.approx(height(torch.tensor([0.1, 0.1, 0.1])), rel=1e-3)
    assert sam_sharpness(hill, rho=1.0, steps=1).value < 0, "one step is reported as it is"


def test_adaptive_sharpness_ignores_how_a_layer_is_scaled(rng):
    class Product(nn.Module):
        def __init__(self, scale: float) -> None:
            super().__init__()
            self.first = nn.Linear(3, 4, bias=False)
            self.last = nn.Linear(4, 1, bias=False)
            generator = torch.Generator().manual_seed(0)
            for layer, factor in ((self.first, scale), (self.last, 1 / scale)):
                weight = torch.randn(layer.weight.shape, generator=generator)
                layer.weight = nn.Parameter(factor * weight)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.first(x).relu())

    inputs = torch.randn(20, 3, generator=rng, dtype=torch.float64)
    problems = [
        Problem(Product(scale).double(), [inputs], lambda model, x: (model(x) - 1).square().mean())
        for scale in (1.0, 4.0)
    ]
    adaptive = [adaptive_sharpness(made, rho=0.3, steps=5).value for made in problems]
    assert adaptive[0] == pytest.approx(adaptive[1])
    plain = [sam_sharpness(made, rho=0.3, steps=5).value for made in problems]
    assert plain[0] != pytest.approx(plain[1], rel=0.1)
    means = [average_sharpness(made, sigma=0.1, scaled=True).value for made in problems]
    assert means[0] == pytest.approx(means[1])


def test_average_sharpness_is_half_the_variance_times_the_trace():
    point = (0.3, -1.0, 2.0)
    plain = average_sharpness(bowl(*point), sigma=0.2, samples=2000)
    assert plain.value == pytest.approx(0.5 * 0.04 * 7.5, abs=4 * plain.standard_error)
    scaled = average_sharpness(bowl(*point), sigma=0.2, samples=2000, scaled=True)
    expected = 0.5 * 0.04 * (5 * 0.09 + 2 * 1 + 0.5 * 4)
    assert scaled.value == pytest.approx(expected, abs=4 * scaled.standard_error)
    # The variance of a sum of c z^2 / 2 with normal z is the sum of c^2 / 2.
    error = 0.04 * float(CURVES.square().sum() / 2) ** 0.5 / 2000**0.5
    assert plain.standard_error == pytest.approx(error, rel=0.15)
    assert plain.loss == pytest.approx(height(torch.tensor(point)))


def test_another_point_is_measured_as_if_the_model_were_there():
    there = torch.tensor([0.1, 0.2, 0.3])
    for measure in (
        lambda made, at: sam_sharpness(made, rho=0.1, steps=3, at=at).value,
        lambda made, at: adaptive_sharpness(made, rho=0.1, at=at).value,
        lambda made, at: average_sharpness(made, sigma=0.1, samples=5, at=at).value,
    ):
        expected = measure(bowl(*there.tolist()), None)
        assert measure(bowl(1.0, 1.0, 1.0), there) == pytest.approx(expected)


def test_of_decisions_only_the_average_exists():
    def decided(model: nn.Module, batch: Tensor) -> Tensor:
        return (model.x.sum() > 0).double()

    made = dataclasses.replace(bowl(-0.1, 0.0, 0.0), objective=decided)
    for measure in (sam_sharpness, adaptive_sharpness):
        with pytest.raises(LandscapeError, match="with a gradient"):
            measure(made, rho=0.1)
    found = average_sharpness(made, sigma=1.0, samples=400)
    assert found.value == pytest.approx(0.477, abs=4 * found.standard_error)  # Phi(-0.1 / sqrt 3)


def test_without_a_gradient_one_step_goes_nowhere():
    assert sam_sharpness(bowl(0.0, 0.0, 0.0), rho=1.0).value == 0


def test_settings_out_of_range_are_refused():
    made = bowl(1.0, 1.0, 1.0)
    with pytest.raises(LandscapeError, match="positive rho"):
        sam_sharpness(made, rho=0)
    with pytest.raises(LandscapeError, match="at least 1 step"):
        adaptive_sharpness(made, rho=1, steps=0)
    with pytest.raises(LandscapeError, match="at least 2 samples"):
        average_sharpness(made, sigma=1, samples=1)
    with pytest.raises(LandscapeError, match="point of 3 parameters"):
        sam_sharpness(made, rho=1, at=torch.zeros(2))
