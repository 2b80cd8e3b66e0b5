"""Curvature curvature_along_trajectory a training."""

import functools
import math

import pytest
import torch

from trackscape.landscape.curvature import (
    exact_hessian,
    finite_difference_hessian,
    top_eigenpairs,
    trace,
)
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.trajectory import curvature_along_trajectory


def test_a_quadratic_curves_alike_everywhere_while_loss_and_gradient_change(quadratic):
    values = torch.tensor([6.0, 3.0, -2.0, 0.5])
    made = quadratic(values.diag(), torch.ones(4))
    path = torch.tensor([[2.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 0, 0]])
    checkpoints = curvature_along_trajectory(made, path, n=2, num_matvecs=12)
    for checkpoint, point in zip(checkpoints, path, strict=True):
        assert checkpoint.eigenvalues == pytest.approx((6.0, 3.0), rel=1e-5)
        assert checkpoint.trace.value == pytest.approx(7.5)
        assert checkpoint.loss == pytest.approx(float(point @ values.diag() @ point) / 2)
        assert checkpoint.gradient_norm == pytest.approx(float((values * point).norm()))
        assert checkpoint.loss_error == pytest.approx(0)
    assert [checkpoint.number for checkpoint in checkpoints] == [0, 1, 2]


def test_each_checkpoint_is_measured_as_alone(net, rng):
    path = net.centre + 0.1 * torch.randn(2, 67, generator=rng)
    checkpoints = curvature_along_trajectory(net, path, n=2, num_matvecs=12, seed=3)
    operator = exact_hessian(net, at=path[1])
    alone = top_eigenpairs(operator, 2, seed=3)
    assert checkpoints[1].eigenvalues == tuple(alone.values.tolist())
    assert checkpoints[1].trace == trace(operator, num_matvecs=12, seed=3)
    losses = Evaluator(net).batch_losses(path[1]).tolist()
    weights = [5 / 16, 9 / 16, 2 / 16]
    mean = sum(w * x for w, x in zip(weights, losses, strict=True))
    spread = sum((w * (x - mean)) ** 2 for w, x in zip(weights, losses, strict=True))
    assert checkpoints[1].loss == pytest.approx(mean)
    assert checkpoints[1].loss_error == pytest.approx(math.sqrt(1.5 * spread))


def test_other_operators_name_themselves(net):
    recipe = functools.partial(finite_difference_hessian, step=1e-5)
    seen = curvature_along_trajectory(net, net.centre[None], n=1, num_matvecs=12, operator=recipe)
    exact = curvature_along_trajectory(net, net.centre[None], n=1, num_matvecs=12)
    assert seen[0].eigenvalues == pytest.approx(exact[0].eigenvalues, rel=1e-5)
    assert "finite-difference" in seen[0].kind
