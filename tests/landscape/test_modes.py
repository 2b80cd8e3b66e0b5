"""The numbers are those outside of any mode of PyTorch that a caller is in."""

import contextlib
import dataclasses

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from trackscape.errors import LandscapeError
from trackscape.landscape.connectivity import train_bezier
from trackscape.landscape.curvature import exact_hessian, gauss_newton, top_eigenpairs, trace
from trackscape.landscape.directions import random_directions
from trackscape.landscape.points import grid
from trackscape.landscape.problem import Problem
from trackscape.landscape.surface import evaluate


def squared_error(model, batch):
    return nn.functional.mse_loss(model(batch[0]), batch[1])


def make(objective=squared_error) -> Problem:
    torch.manual_seed(0)
    first = parametrizations.weight_norm(nn.Linear(3, 5))
    model = nn.Sequential(first, nn.Tanh(), nn.Linear(5, 1))
    data = torch.randn(2, 8, 4)
    return Problem(model, [(part[:, :3], part[:, 3:]) for part in data], objective)


def everything(problem: Problem) -> list[bytes]:
    directions = random_directions(problem.model, 1, seed=0)
    points = grid(problem.centre, directions.vectors, steps=3)
    hessian = exact_hessian(problem)
    outer = gauss_newton(
        problem,
        outputs=lambda model, batch: model(batch[0]),
        loss=lambda found, batch: nn.functional.mse_loss(found, batch[1]),
    )
    curve = train_bezier(problem, points[0], points[2], steps=2, learning_rate=0.1, progress=False)
    return [
        evaluate(problem, points, progress=False).values.tobytes(),
        top_eigenpairs(hessian, 1).values.detach().numpy().tobytes(),
        str(trace(hessian, num_matvecs=6)).encode(),
        (outer @ problem.centre).detach().numpy().tobytes(),
        curve[1].detach().numpy().tobytes(),
    ]


@contextlib.contextmanager
def no_gradients():
    torch.set_grad_enabled(False)
    try:
        yield
    finally:
        torch.set_grad_enabled(True)


@pytest.mark.parametrize(
    "mode",
    [
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
        lambda: torch.autocast("cpu", enabled=False),
        torch.inference_mode,
        torch.no_grad,
        no_gradients,
        parametrize.cached,
        lambda: torch.device("meta"),
    ],
    ids=["autocast", "no autocast", "inference", "no_grad", "grad off", "cached", "device"],
)
def test_a_mode_around_a_call_changes_nothing(mode):
    problem = make()
    outside = everything(problem)
    with mode():
        inside = everything(problem)
    assert inside == outside


def test_autocast_within_an_objective_counts_wherever_the_call_is():
    def rounded(model, batch):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return squared_error(model, batch)

    problem = make(rounded)
    points = grid(problem.centre, problem.centre[None], extent=0.5, steps=3)
    values = evaluate(problem, points, progress=False).values
    assert len(set(values[:, 0, 0].tolist())) == 3
    for enabled in (True, False):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            assert evaluate(problem, points, progress=False).values.tobytes() == values.tobytes()


def test_batches_that_no_gradient_can_be_taken_with_are_named():
    with torch.inference_mode():
        batches = [tuple(part.clone() for part in batch) for batch in make().batches]
    problem = dataclasses.replace(make(), batches=batches)
    direction = torch.ones_like(problem.centre)[None]
    evaluate(problem, grid(problem.centre, direction, steps=2), progress=False)
    with pytest.raises(LandscapeError, match="clone them"):
        exact_hessian(problem) @ problem.centre
