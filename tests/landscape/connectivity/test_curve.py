"""Curves: gradients of their control points, fixed ends, and a way round a hill."""

import dataclasses
import math

import pytest
import torch
from torch import nn

from trackscape.errors import LandscapeError
from trackscape.landscape.connectivity import evaluate_path, path_summary, train_bezier
from trackscape.landscape.connectivity.path import bend_gradient
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.points import bernstein

QUICK = {"steps": 150, "learning_rate": 0.1, "progress": False}


def at_angle(degrees: float) -> torch.Tensor:
    radians = math.radians(degrees)
    return torch.tensor([math.cos(radians), math.sin(radians)], dtype=torch.float64)


@pytest.mark.parametrize("norm", ["frozen", "batch"])
@pytest.mark.parametrize("bends", [1, 3])
def test_the_gradient_of_control_points_is_that_of_finite_differences(
    problem, rng, norm, bends
) -> None:
    evaluator = Evaluator(dataclasses.replace(problem(4, 7, norm=True), norm=norm))
    shape = (bends + 2, evaluator.space.size)
    control = torch.randn(shape, generator=rng, dtype=torch.float64)
    step = torch.zeros(shape).double()
    step[1:-1] = 1e-4 * torch.randn(bends, shape[1], generator=rng, dtype=torch.float64)
    weights = bernstein(torch.tensor([0.3]).double(), bends + 1)[0]

    def loss(points: torch.Tensor) -> float:
        evaluator.move(weights @ points)
        return sum(float(w * evaluator.losses(n)[0]) for n, w in enumerate(evaluator.weights))

    found = (bend_gradient(evaluator, control, time=0.3) * step[1:-1]).sum()
    expected = (loss(control + step) - loss(control - step)) / 2
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_a_trained_curve_goes_round_the_hill(valley) -> None:
    problem, a, b = valley(0.8, 1.2), at_angle(0), at_angle(150)
    control = train_bezier(problem, a, b, **QUICK)
    straight, curved = (
        path_summary(evaluate_path(problem, points, progress=False)) for points in ([a, b], control)
    )
    assert torch.equal(control[0], a)
    assert torch.equal(control[-1], b)
    assert straight.barrier.value > 0.8
    assert curved.barrier.value < 0.05
    assert curved.mean < 0.02


def test_who_watches_sees_every_step_and_changes_nothing(valley) -> None:
    problem, a, b = valley(0.8, 1.2), at_angle(0), at_angle(150)
    seen: list[tuple[int, torch.Tensor]] = []
    control = train_bezier(
        problem, a, b, **QUICK, watch=lambda step, points: seen.append((step, points.clone()))
    )
    assert [step for step, _ in seen] == list(range(151))
    assert torch.allclose(seen[0][1][1], (a + b) / 2)  # the straight line
    assert torch.equal(seen[-1][1], torch.stack(control))
    assert torch.equal(torch.stack(control), torch.stack(train_bezier(problem, a, b, **QUICK)))


def test_more_bends_follow_a_valley_further(valley) -> None:
    problem, a, b = valley(), at_angle(0), at_angle(170)
    means = [
        path_summary(
            evaluate_path(problem, train_bezier(problem, a, b, bends=n, **QUICK), progress=False)
        ).mean
        for n in (1, 3)
    ]
    assert means[1] < means[0]


def test_seed_and_batches_decide_and_the_problem_stays_as_it_is(valley) -> None:
    problem, a, b = valley(0.5, 1.0, 1.5), at_angle(0), at_angle(120)
    settings = {**QUICK, "steps": 5}

    def bend(**changes: int) -> torch.Tensor:
        return train_bezier(problem, a, b, **settings, **changes)[1]

    assert torch.equal(bend(), bend(seed=0))
    assert not torch.equal(bend(), bend(seed=1))
    assert not torch.equal(bend(), bend(batches_per_step=3))
    assert problem.centre.tolist() == [1, 0]


def test_a_curve_between_networks_has_less_loss_than_the_line(problem, perceptron) -> None:
    base = dataclasses.replace(problem(8, 8, norm=True), norm="batch")

    def trained(seed: int) -> torch.Tensor:
        start = base.space.read(perceptron(seed, norm=True)).requires_grad_()
        evaluator, descent = Evaluator(base), torch.optim.Adam([start], lr=0.05)
        for _ in range(60):
            start.grad = evaluator.gradient(start.detach())
            descent.step()
        return start.detach()

    a, b = trained(0), trained(3)
    control = train_bezier(base, a, b, steps=120, learning_rate=0.05, progress=False)
    usable = dataclasses.replace(base, norm="recomputed")
    line, curve = (
        path_summary(evaluate_path(usable, points, steps=9, progress=False))
        for points in ([a, b], control)
    )
    assert curve.mean < line.mean
    assert curve.barrier.value < line.barrier.value


class Root(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.ones(2).double())


def root(model: Root, batch: torch.Tensor) -> torch.Tensor:
    return batch.mean() * model.place.sum().sqrt()


def test_a_loss_without_numbers_stops_the_training(valley) -> None:
    undefined = dataclasses.replace(valley(), model=Root(), objective=root)
    ends = torch.tensor([[1.0, 1], [-1, -2]]).double()
    with pytest.raises(LandscapeError, match=r"finite gradient, got NaN or infinity in step \d"):
        train_bezier(undefined, *ends, **QUICK)


def test_settings_that_make_no_curve_are_refused(valley) -> None:
    problem, a, b = valley(), at_angle(0), at_angle(90)
    with pytest.raises(LandscapeError, match="two ends of 2 parameters"):
        train_bezier(problem, a, b[:1], **QUICK)
    with pytest.raises(LandscapeError, match="1 to 1 batches"):
        train_bezier(problem, a, b, batches_per_step=2, **QUICK)
    with pytest.raises(LandscapeError, match="positive bends"):
        train_bezier(problem, a, b, bends=0, **QUICK)
