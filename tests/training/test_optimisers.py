"""What each optimiser makes of a gradient."""

import pytest
import torch

from trackscape.training.modules import OptimiserKind, build_optimiser

RATE = 0.01


def path(kind: OptimiserKind, *, rotation: torch.Tensor, steps: int = 30) -> torch.Tensor:
    """Where a matrix goes that is pulled to `target`, its columns given in a rotated basis."""
    generator = torch.Generator().manual_seed(0)
    stretch = torch.tensor([1.0, 3.0, 10.0], dtype=torch.float64)
    target = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    weight = torch.nn.Parameter(torch.zeros(3, 3, dtype=torch.float64))
    optimiser = build_optimiser(kind, [weight], learning_rate=RATE)
    for _ in range(steps):
        optimiser.zero_grad()
        ((weight @ rotation * stretch - target) ** 2).sum().backward()
        optimiser.step()
    return weight.detach() @ rotation


@pytest.mark.parametrize(("kind", "cares"), [("rmsprop", True), ("adam", True), ("soap", False)])
def test_only_soap_does_not_care_in_which_basis_the_inputs_come(kind, cares):
    angle = torch.tensor(0.7)
    unmoved = torch.eye(3, dtype=torch.float64)
    rotation = unmoved.clone()
    rotation[:2, :2] = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
    moved, straight = path(kind, rotation=rotation), path(kind, rotation=unmoved)
    assert torch.allclose(moved, straight, atol=1e-4) != cares


def test_soap_moves_a_lone_weight_as_rmsprop_that_starts_without_bias():
    """A 1 x 1 matrix has one eigenvector; SOAP spends its first gradient on finding it."""
    weight = torch.nn.Parameter(torch.ones(1, 1))
    optimiser = build_optimiser("soap", [weight], learning_rate=RATE)
    gradients = [3.0, -1.0, 2.0, 0.5]
    value, square = 1.0, 0.0
    for step, gradient in enumerate(gradients):
        weight.grad = torch.tensor([[gradient]])
        optimiser.step()
        if step > 0:
            square = 0.99 * square + 0.01 * gradient**2
            value -= RATE * gradient / (square / (1 - 0.99**step)) ** 0.5
        assert weight.item() == pytest.approx(value, rel=1e-5)
