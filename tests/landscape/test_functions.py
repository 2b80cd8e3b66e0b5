"""Landscapes of functions of a flat vector: exact where the answer is known, equal to PyTorch's."""

import functools
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from trackscape.errors import LandscapeError
from trackscape.landscape import (
    Problem,
    evaluate,
    evaluate_path,
    exact_hessian,
    finite_difference_hessian,
    grid,
    path_summary,
    random_directions,
    spectral_density,
    top_eigenpairs,
    trace,
    train_bezier,
)
from trackscape.landscape.evaluator import Evaluator

VALUES = np.array([9.0, -4.0, *np.linspace(0.1, 1.0, 28)])
TURN = np.linalg.qr(np.random.default_rng(0).normal(size=(30, 30)))[0]
MATRIX = TURN @ np.diag(VALUES) @ TURN.T
SLOPE = np.arange(30.0)
START = np.linspace(-1.0, 1.0, 30)


def loss(x):
    return float(x @ MATRIX @ x / 2 + SLOPE @ x)


def gradient(x):
    return MATRIX @ x + SLOPE


def hvp(x, v):
    return MATRIX @ v


def quadratic(**settings) -> Problem:
    return Problem.from_function(loss, gradient, hvp, start=START, **settings)


def test_a_surface_holds_the_values_of_the_function():
    problem = quadratic()
    directions = random_directions(problem.model, 2, norm="none", seed=0, ignore_vectors=False)
    points = grid(problem.centre, directions.vectors, extent=2.0, steps=5)
    surface = evaluate(problem, points, progress=False)
    expected = [loss(points[number].numpy()) for number in range(len(points))]
    assert surface.names == ("loss",)
    assert surface.mean().ravel().tolist() == expected
    assert torch.equal(problem.centre, torch.from_numpy(START))


def test_its_curvature_is_that_of_the_matrix():
    operator = exact_hessian(quadratic())
    pairs = top_eigenpairs(operator, 2, tolerance=1e-8)
    assert pairs.values.tolist() == pytest.approx([9.0, -4.0], rel=1e-10)
    overlap = (pairs.vectors @ torch.from_numpy(TURN[:, :2])).abs()
    torch.testing.assert_close(overlap, torch.eye(2).double(), rtol=0, atol=1e-8)
    torch.testing.assert_close(operator @ torch.eye(30), torch.from_numpy(MATRIX))
    found = trace(operator, num_matvecs=30)
    assert found.low <= VALUES.sum() <= found.high
    density = spectral_density(
        functools.partial(exact_hessian, quadratic()), probes=4, steps=30, progress=False
    )
    assert density.wasserstein(VALUES) < 0.02 * np.ptp(VALUES)


def test_with_a_gradient_alone_differences_are_the_hessian():
    problem = Problem.from_function(loss, gradient, start=START)
    seen = finite_difference_hessian(problem, step=1e-3) @ torch.eye(30)
    torch.testing.assert_close(seen, torch.from_numpy(MATRIX), rtol=0, atol=1e-8)
    with pytest.raises(LandscapeError, match="pass hvp= to Problem"):
        exact_hessian(problem) @ problem.centre


def test_with_a_loss_alone_there_are_surfaces_and_paths_but_no_gradient():
    problem = Problem.from_function(lambda x: float(np.cos(x).sum()), n=3)
    ends = [torch.zeros(3).double(), torch.full((3,), 2 * np.pi).double()]
    path = path_summary(evaluate_path(problem, ends, steps=5, progress=False))
    assert path.barrier.value == pytest.approx(0, abs=1e-12)
    assert path.lowest == pytest.approx(-3)
    with pytest.raises(LandscapeError, match="pass gradient= to Problem"):
        Evaluator(problem).gradient(problem.centre)


def test_a_curve_is_trained_along_its_gradient():
    problem = Problem.from_function(lambda x: float(x @ x), lambda x: 2 * x, n=2)
    a, b = torch.tensor([[1.0, 0.5], [-1.0, 0.5]]).double()
    curve = train_bezier(problem, a, b, steps=200, learning_rate=0.05, progress=False)
    assert curve[1][1] < 0.1 < a[1]


def test_batches_are_an_argument_and_have_weights():
    def shifted(x, batch):
        return {"loss": ((x - batch) ** 2).sum() / 2, "shift": np.float32(batch[0])}

    problem = Problem.from_function(
        shifted,
        lambda x, batch: x - batch,
        lambda x, v, batch: v,
        n=2,
        batches=[np.array([1.0, 0.0]), np.array([4.0, 0.0])],
        samples=lambda batch: batch[0],
    )
    evaluator = Evaluator(problem)
    assert evaluator.names == ("loss", "shift")
    assert evaluator.batch_losses(problem.centre).tolist() == [0.5, 8.0]
    assert evaluator.gradient(problem.centre).tolist() == pytest.approx([-17 / 5, 0])
    torch.testing.assert_close(exact_hessian(problem) @ torch.eye(2), torch.eye(2).double())


def mean_square(net, batch):
    return nn.functional.mse_loss(net(batch[0]), batch[1])


def torch_problem(batches) -> Problem:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    return Problem(net, batches, mean_square)


def as_functions(problem: Problem) -> Problem:
    """The same landscape by functions of NumPy vectors, with the names of the parameters."""

    def call(vector: torch.Tensor, batch) -> torch.Tensor:
        parts = dict(problem.space.views(vector))
        found = torch.func.functional_call(problem.model, parts, (batch[0],))
        return nn.functional.mse_loss(found, batch[1])

    @torch.enable_grad()
    def slope(x, v, batch):
        vector = torch.tensor(x, requires_grad=True)
        (first,) = torch.autograd.grad(call(vector, batch), vector, create_graph=True)
        if v is None:
            return first.detach().numpy()
        return torch.autograd.grad(first @ torch.from_numpy(v), vector)[0].numpy()

    return Problem.from_function(
        lambda x, batch: call(torch.from_numpy(x), batch).item(),
        lambda x, batch: slope(x, None, batch),
        slope,
        start=problem.centre,
        shapes={part.name: part.shape for part in problem.space.parts},
        batches=problem.batches,
        samples=problem.samples,
    )


@pytest.mark.parametrize("norm", ["filter", "layer", "tensor", "none"])
def test_it_is_the_landscape_of_the_same_model_in_pytorch(batches, norm):
    original = torch_problem(batches(4, 7))
    foreign = as_functions(original)
    ours, theirs = (
        random_directions(problem.model, 2, norm=norm, seed=3).vectors
        for problem in (original, foreign)
    )
    assert torch.equal(ours, theirs)
    points = grid(original.centre, ours, steps=3)
    values = [evaluate(each, points, progress=False).values for each in (original, foreign)]
    np.testing.assert_allclose(*values, rtol=1e-12)
    hessians = [exact_hessian(each) @ torch.eye(26) for each in (original, foreign)]
    torch.testing.assert_close(*hessians)
    assert "0.weight" in [part.name for part in foreign.space.parts]


def test_the_fingerprint_follows_the_functions():
    prints = {
        Problem.from_function(loss, n=30).fingerprint,
        Problem.from_function(loss, gradient, n=30).fingerprint,
        Problem.from_function(loss, start=START).fingerprint,
        Problem.from_function(lambda x: 0.0, n=30).fingerprint,
    }
    assert len(prints) == 4
    assert Problem.from_function(loss, n=30).fingerprint in prints


def test_it_goes_to_other_processes():
    problem = quadratic(n=30)
    arrived = pickle.loads(pickle.dumps(problem))
    assert arrived.fingerprint == problem.fingerprint
    assert torch.equal(
        exact_hessian(arrived) @ problem.centre, exact_hessian(problem) @ problem.centre
    )


def test_what_does_not_fit_is_said():
    with pytest.raises(LandscapeError, match=r"by n, start or shapes, .* got none"):
        Problem.from_function(loss)
    with pytest.raises(LandscapeError, match="got n 4, shapes 6"):
        Problem.from_function(loss, n=4, shapes={"a": (2, 3)})
    for names in (["a", "a.b"], ["forward"], [""]):
        with pytest.raises(LandscapeError, match="names of arrays"):
            Problem.from_function(loss, shapes={name: (2,) for name in names})
    wrong = Problem.from_function(loss, lambda x: x[:3], start=START)
    with pytest.raises(LandscapeError, match=r"gradient to return .* got the shape \(3,\)"):
        Evaluator(wrong).gradient(wrong.centre)
    with pytest.raises(LandscapeError, match="one number"):
        Evaluator(Problem.from_function(lambda x: [1.0, 2.0], n=2))
