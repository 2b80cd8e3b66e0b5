"""Products with the Hessian: mean by sample, symmetric, and revealed where they are not so."""

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature import (
    asymmetry,
    compare_scales,
    exact_hessian,
    finite_difference_hessian,
    smoothed_hessian,
)
from trackscape.landscape.problem import Problem


def eye(size: int) -> Tensor:
    return torch.eye(size, dtype=torch.float64)


def test_uneven_batches_give_the_hessian_of_all_their_samples(net, net_hessian):
    assert len(net_hessian) == 67
    torch.testing.assert_close(exact_hessian(net) @ eye(67), net_hessian)


def test_finite_differences_agree_and_say_their_distance(net, net_hessian):
    operator = finite_difference_hessian(net, step=1e-5)
    torch.testing.assert_close(operator @ eye(67), net_hessian, rtol=1e-6, atol=1e-8)
    assert "1e-05 |theta|" in operator.kind
    assert not (operator @ torch.zeros(67)).any()


def test_one_vector_and_many_give_the_same_bits_and_are_counted(net, rng):
    vectors = torch.randn(3, 67, generator=rng)
    for make in (exact_hessian, lambda p: smoothed_hessian(p, sigma=0.1, samples=9)):
        operator = make(net)
        together = operator @ vectors.T
        assert together.dtype == torch.float64
        assert torch.equal(together.T, torch.stack([operator @ vector for vector in vectors]))
        assert operator.num_matvecs == 6


def test_an_operator_stands_where_it_is_told_and_moves_nothing(net, rng):
    other = net.centre + torch.randn(67, generator=rng)
    moved = exact_hessian(net, at=other)
    here = exact_hessian(net)
    vector = torch.randn(67, generator=rng)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    net.space.write(other, model)
    there = exact_hessian(dataclasses.replace(net, model=model))
    torch.testing.assert_close(moved @ vector, there @ vector, rtol=0, atol=0)
    assert not torch.allclose(moved @ vector, here @ vector)


@pytest.mark.parametrize("norm", ["frozen", "batch"])
def test_the_policy_of_batch_norm_holds(problem, rng, norm):
    made = dataclasses.replace(problem(norm=True), norm=norm)
    vectors = torch.randn(2, made.space.size, generator=rng, dtype=torch.float64)
    exact = exact_hessian(made) @ vectors.T
    seen = finite_difference_hessian(made, step=1e-5) @ vectors.T
    torch.testing.assert_close(seen, exact, rtol=1e-5, atol=1e-7)


def test_a_linear_loss_has_no_curvature(quadratic):
    made = quadratic(torch.zeros(3, 3), torch.ones(3), torch.arange(3.0))
    assert not (exact_hessian(made) @ torch.ones(3)).any()


def test_the_exact_hessian_is_symmetric(net):
    assert asymmetry(exact_hessian(net)) < 1e-12


def test_a_matrix_that_is_not_symmetric_is_seen(matrix_operator, rng):
    assert asymmetry(matrix_operator(torch.randn(30, 30, generator=rng))) > 0.1


class Rounded(torch.autograd.Function):
    """A decision whose backward is a constant, as that of a blackbox layer."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return (8 * x).round() / 8

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return gradient


def decided_loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    outputs = Rounded.apply(model(batch[0]).sigmoid())
    return (outputs - nn.functional.one_hot(batch[1], 3)).square().mean()


def test_differentiating_a_decision_twice_is_revealed_by_finite_differences(net, rng):
    made = dataclasses.replace(net, objective=decided_loss)
    vectors = torch.randn(4, 67, generator=rng, dtype=torch.float64)
    assert asymmetry(exact_hessian(made)) < 1e-12, "symmetry says nothing: that of another model"
    decided, smooth = (compare_scales(p, vectors, [1e-6, 3e-2]) for p in (made, net))
    assert all(scale.cosine.min() > 0.99 for scale in smooth)
    assert all((scale.ratio - 1).abs().max() < 0.05 for scale in smooth)
    assert decided[1].step == 3e-2
    assert decided[1].cosine.min() < 0.9


class Once(torch.autograd.Function):
    """A function that refuses to be differentiated twice."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: object, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return gradient.clone()


def test_a_loss_without_second_derivative_points_to_finite_differences(net, rng):
    def once(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return nn.functional.cross_entropy(Once.apply(model(batch[0])), batch[1])

    made = dataclasses.replace(net, objective=once)
    vector = torch.randn(67, generator=rng)
    with pytest.raises(LandscapeError, match="use finite_difference_hessian"):
        exact_hessian(made) @ vector
    seen = finite_difference_hessian(made, step=1e-5) @ vector
    torch.testing.assert_close(seen, exact_hessian(net) @ vector, rtol=1e-5, atol=1e-7)


def test_a_function_whose_second_derivative_pytorch_lacks_is_named(net):
    def attentive(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        seen = model(batch[0])[None, None]
        return nn.functional.scaled_dot_product_attention(seen, seen, seen).square().mean()

    with (
        nn.attention.sdpa_kernel(nn.attention.SDPBackend.FLASH_ATTENTION),
        pytest.raises(LandscapeError, match="attention"),
    ):
        exact_hessian(dataclasses.replace(net, objective=attentive)) @ torch.ones(67)


def test_a_parameter_without_gradient_is_named(net):
    def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return model[0](batch[0]).square().mean()

    with pytest.raises(LandscapeError, match=r"2\.weight has no gradient"):
        exact_hessian(dataclasses.replace(net, objective=loss)) @ torch.zeros(67)


def test_what_cannot_be_multiplied_is_refused(net, quadratic):
    with pytest.raises(LandscapeError, match="vectors of 67 numbers"):
        exact_hessian(net) @ torch.zeros(66)
    with pytest.raises(LandscapeError, match="point of 67 parameters"):
        exact_hessian(net, at=torch.zeros(3))
    with pytest.raises(LandscapeError, match="positive step"):
        finite_difference_hessian(net, step=0)
    with pytest.raises(LandscapeError, match="other than zero"):
        finite_difference_hessian(net, step=1e-3, at=torch.zeros(67))
    infinite = quadratic(torch.full((2, 2), torch.inf), torch.ones(2))
    with pytest.raises(LandscapeError, match="finite products"):
        exact_hessian(infinite) @ torch.ones(2)


def test_the_model_stays_as_it_was(net, rng):
    before = net.centre
    for operator in (exact_hessian(net, at=2 * before), finite_difference_hessian(net, step=0.1)):
        operator @ torch.randn(67, generator=rng)
    assert torch.equal(net.centre, before)
    assert all(value.grad is None for value in net.model.parameters())


def test_float32_models_give_float64_sums(net, net_hessian, rng):
    single = Problem(
        nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)),
        [(inputs.float(), labels) for inputs, labels in net.batches],
        net.objective,
    )
    single.space.write(net.centre, single.model)
    vector = torch.randn(67, generator=rng)
    found = exact_hessian(single) @ vector
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, net_hessian @ vector.double(), rtol=1e-4, atol=1e-5)
