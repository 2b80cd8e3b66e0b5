"""Gauss-Newton matrix and empirical Fisher, by hand and by identities."""

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature import (
    asymmetry,
    empirical_fisher,
    exact_hessian,
    first_order,
    gauss_newton,
)
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.problem import Problem

Batch = tuple[Tensor, Tensor]


def outputs(model: nn.Module, batch: Batch) -> Tensor:
    return model(batch[0])


def cross_entropy(predicted: Tensor, batch: Batch) -> Tensor:
    return nn.functional.cross_entropy(predicted, batch[1])


def squared(predicted: Tensor, batch: Batch) -> Tensor:
    return (predicted - nn.functional.one_hot(batch[1], 3)).square().sum(dim=1).mean() / 2


def eye(size: int) -> Tensor:
    return torch.eye(size, dtype=torch.float64)


def jacobian(problem: Problem) -> Tensor:
    """Of all outputs of all samples in the parameters, (samples * outputs, P)."""
    inputs = torch.cat([batch[0] for batch in problem.batches])

    def predicted(vector: Tensor) -> Tensor:
        values = dict(problem.space.views(vector))
        return torch.func.functional_call(problem.model, values, (inputs,)).flatten()

    return torch.autograd.functional.jacobian(predicted, problem.centre)


def test_of_least_squares_it_is_the_mean_square_of_the_jacobian(net):
    matrix = gauss_newton(net, outputs=outputs, loss=squared) @ eye(67)
    slopes = jacobian(net)
    torch.testing.assert_close(matrix, slopes.T @ slopes / 16)


def test_of_cross_entropy_the_loss_contributes_its_own_curvature(net):
    matrix = gauss_newton(net, outputs=outputs, loss=cross_entropy) @ eye(67)
    shares = net.model(torch.cat([batch[0] for batch in net.batches])).softmax(dim=1).detach()
    inner = torch.block_diag(*[share.diag() - share[:, None] * share for share in shares])
    slopes = jacobian(net)
    torch.testing.assert_close(matrix, slopes.T @ inner @ slopes / 16)
    assert torch.linalg.eigvalsh(matrix).min() > -1e-12


def test_of_a_linear_model_it_is_the_hessian(net):
    torch.manual_seed(0)
    linear = dataclasses.replace(net, model=nn.Linear(4, 3).double())
    matrix = gauss_newton(linear, outputs=outputs, loss=cross_entropy) @ eye(15)
    torch.testing.assert_close(matrix, exact_hessian(linear) @ eye(15))


def test_a_loss_linear_in_the_outputs_has_none(net):
    operator = gauss_newton(net, outputs=outputs, loss=lambda predicted, _: predicted.mean())
    assert not (operator @ torch.ones(67)).any()


class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: object, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return gradient.clone()


def test_outputs_that_cannot_be_differentiated_twice_are_refused(net):
    operator = gauss_newton(net, outputs=lambda m, b: Once.apply(m(b[0])), loss=cross_entropy)
    with pytest.raises(LandscapeError, match="once_differentiable"):
        operator @ torch.ones(67)


def test_outputs_are_one_tensor(net):
    with pytest.raises(LandscapeError, match="one tensor, got tuple"):
        gauss_newton(net, outputs=lambda model, batch: (model(batch[0]),), loss=squared)  # type: ignore


def test_an_output_without_a_parameter_is_refused(net):
    with pytest.raises(LandscapeError, match=r"2\.weight has no gradient"):
        gauss_newton(
            net,
            outputs=lambda model, batch: model[0](batch[0]),
            loss=lambda predicted, _: predicted.square().mean(),
        )


@pytest.mark.parametrize("kept", [1 << 25, 0])
def test_fisher_is_the_mean_square_of_gradients_of_batches(net, monkeypatch, kept):
    monkeypatch.setattr(first_order, "_MOST_KEPT", kept)
    monkeypatch.setattr(first_order, "_MOST_AT_ONCE", 2 * 67)
    evaluator = Evaluator(net)
    evaluator.move(net.centre)
    gradients = torch.stack([evaluator.batch_gradient(number) for number in range(3)])
    weights = torch.tensor([5.0, 9.0, 2.0]).double() / 16
    operator = empirical_fisher(net)
    found = operator @ eye(67)
    torch.testing.assert_close(found, gradients.T @ weights.diag() @ gradients)
    assert asymmetry(operator) < 1e-12


def test_fisher_of_single_samples_of_a_true_model_is_gauss_newton(rng):
    """If labels are drawn from what the model predicts, both are the Fisher information."""
    torch.manual_seed(0)
    model = nn.Linear(2, 3).double()
    inputs = torch.randn(4, 2, generator=rng, dtype=torch.float64)
    shares = model(inputs).softmax(dim=1).detach()
    batches = [(inputs[i : i + 1], torch.tensor([k])) for i in range(4) for k in range(3)]
    weights = {(float(x[0, 0]), int(k)): 0.0 for x, k in batches}
    for row, share in zip(inputs, shares, strict=True):
        weights |= {(float(row[0]), k): float(share[k]) for k in range(3)}
    made = Problem(
        model,
        batches,
        lambda model, batch: cross_entropy(model(batch[0]), batch),
        samples=lambda batch: weights[(float(batch[0][0, 0]), int(batch[1]))],
    )
    torch.testing.assert_close(
        empirical_fisher(made) @ eye(9),
        gauss_newton(made, outputs=outputs, loss=cross_entropy) @ eye(9),
    )
