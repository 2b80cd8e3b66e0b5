"""Largest eigenpairs: against dense algebra, with their bounds, in few products."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature import exact_hessian, top_eigenpairs


def with_spectrum(values: list[float], seed: int = 0) -> torch.Tensor:
    """A full matrix with these eigenvalues."""
    generator = torch.Generator().manual_seed(seed)
    n = len(values)
    turn = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64)).Q
    return turn @ torch.tensor(values).double().diag() @ turn.T


def largest(matrix: torch.Tensor, n: int, which: str) -> torch.Tensor:
    values = torch.linalg.eigvalsh(matrix)
    order = (values.abs() if which == "magnitude" else values).argsort(descending=True)
    return values[order[:n]]


def test_eigenpairs_of_a_net_are_those_of_its_hessian(net, net_hessian):
    found = top_eigenpairs(exact_hessian(net), 5, tolerance=1e-6)
    torch.testing.assert_close(
        found.values, largest(net_hessian, 5, "magnitude"), rtol=1e-6, atol=0
    )
    images = found.vectors @ net_hessian
    torch.testing.assert_close(images, found.values[:, None] * found.vectors, rtol=0, atol=1e-6)
    torch.testing.assert_close(found.vectors @ found.vectors.T, torch.eye(5).double())
    assert found.kind == "exact Hessian"
    assert found.num_matvecs < 67


def test_residuals_are_those_of_the_pairs(net, net_hessian):
    found = top_eigenpairs(exact_hessian(net), 4, tolerance=1e-2)
    true = (found.vectors @ net_hessian - found.values[:, None] * found.vectors).norm(dim=1)
    torch.testing.assert_close(found.residuals, true, rtol=1e-6, atol=1e-10)
    assert (found.residuals <= 1e-2 * found.values.abs()).all()


@pytest.mark.parametrize("which", ["magnitude", "algebraic"])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_ends_of_a_wide_spectrum(matrix_operator, which, n):
    matrix = with_spectrum([*np.linspace(-3, 3, 190), 4, 5, 7, 9, -4, -6, -8, -11, 20, 30])
    operator = matrix_operator(matrix)
    found = top_eigenpairs(operator, n, which=which, tolerance=1e-5)
    torch.testing.assert_close(found.values, largest(matrix, n, which), rtol=1e-8, atol=0)
    assert found.num_matvecs == operator.num_matvecs < 120
    assert (found.vectors.gather(1, found.vectors.abs().argmax(1)[:, None]) > 0).all()


def power_iteration(operator, n: int, tolerance: float) -> torch.Tensor:
    """The usual way: one eigenpair after the other, until its value moves less than tolerance."""
    generator = torch.Generator().manual_seed(0)
    values, vectors = [], torch.zeros(0, operator.shape[0]).double()
    for _ in range(n):
        vector, value = torch.randn(operator.shape[0], generator=generator).double(), None
        for _ in range(500):
            vector = torch.nn.functional.normalize(vector - vectors.T @ (vectors @ vector), dim=0)
            image = operator @ vector
            before, value = value, float(vector @ image)
            if before is not None and abs(value - before) < tolerance * abs(before):
                break
            vector = image
        values.append(value)
        vectors = torch.cat([vectors, vector[None]])
    return torch.tensor(values)


def test_it_takes_less_than_half_the_products_of_power_iteration_and_is_nearer(net, net_hessian):
    exact = largest(net_hessian, 5, "magnitude")
    usual, ours = exact_hessian(net), exact_hessian(net)
    errors = [
        float(((values - exact) / exact).abs().max())
        for values in (power_iteration(usual, 5, 1e-3), top_eigenpairs(ours, 5).values)
    ]
    assert ours.num_matvecs <= 0.5 * usual.num_matvecs
    assert errors[1] < 1e-5 < errors[0]


def test_a_spectrum_like_that_of_a_network_needs_few_products(matrix_operator):
    bulk = (torch.rand(995, generator=torch.Generator().manual_seed(0)) - 0.3).tolist()
    found = top_eigenpairs(matrix_operator(with_spectrum([*bulk, 10, 8, 6.5, 5, 4])), 5)
    assert found.num_matvecs < 30
    torch.testing.assert_close(
        found.values, torch.tensor([10, 8, 6.5, 5, 4]).double(), rtol=1e-5, atol=0
    )


@given(
    values=st.lists(st.integers(-4, 4), min_size=1, max_size=9),
    data=st.data(),
    which=st.sampled_from(["magnitude", "algebraic"]),
)
def test_all_copies_of_few_parameters_are_found(matrix_operator, values, data, which):
    n = data.draw(st.integers(1, len(values)))
    matrix = with_spectrum([float(value) for value in values], seed=n)
    found = top_eigenpairs(matrix_operator(matrix), n, which=which, tolerance=1e-9)
    expected = largest(matrix, n, which)
    if which == "magnitude":  # of equal magnitudes, any sign may come first or be left out
        torch.testing.assert_close(found.values.abs(), expected.abs(), rtol=0, atol=1e-8)
    else:
        torch.testing.assert_close(found.values, expected, rtol=0, atol=1e-8)
    images = found.vectors @ matrix
    torch.testing.assert_close(images, found.values[:, None] * found.vectors, rtol=0, atol=1e-8)
    assert (found.residuals < 1e-8).all()


def test_special_matrices(matrix_operator):
    identity = top_eigenpairs(matrix_operator(torch.eye(7)), 7)
    assert identity.values.tolist() == pytest.approx([1.0] * 7)
    torch.testing.assert_close(identity.vectors @ identity.vectors.T, torch.eye(7).double())
    for size in (4, 40):
        assert not top_eigenpairs(matrix_operator(torch.zeros(size, size)), 2).values.any()
    assert top_eigenpairs(matrix_operator(torch.tensor([[-3.0]])), 1).values.tolist() == [-3.0]
    low_rank = matrix_operator(with_spectrum([5.0, -4.0, *[0.0] * 30]))
    found = top_eigenpairs(low_rank, 4)
    assert found.values.tolist() == pytest.approx([5.0, -4.0, 0.0, 0.0], abs=1e-9)
    assert low_rank.num_matvecs < 25


def test_a_space_that_closes_goes_on_with_the_random_numbers_of_the_seed(matrix_operator):
    low_rank = matrix_operator(with_spectrum([5.0, -4.0, *[0.0] * 30]))
    first, again = (top_eigenpairs(low_rank, 4, seed=3) for _ in range(2))
    assert torch.equal(first.vectors, again.vectors)


def test_seeds_decide_and_repeat(net):
    first, again, other = (top_eigenpairs(exact_hessian(net), 2, seed=s) for s in (0, 0, 1))
    assert torch.equal(first.vectors, again.vectors)
    assert not torch.equal(first.vectors, other.vectors)
    torch.testing.assert_close(first.values, other.values, rtol=1e-5, atol=0)


def test_what_cannot_be_found_is_refused(matrix_operator, net):
    operator = matrix_operator(torch.diag(torch.arange(50.0)))
    with pytest.raises(LandscapeError, match="1 to 50 eigenpairs of 50 parameters, got 51"):
        top_eigenpairs(operator, 51)
    with pytest.raises(LandscapeError, match="positive tolerance"):
        top_eigenpairs(operator, 1, tolerance=0)
    with pytest.raises(LandscapeError, match="at least 3 products"):
        top_eigenpairs(operator, 3, max_matvecs=2)
    with pytest.raises(LandscapeError, match="9 products were not enough; raise max_matvecs"):
        top_eigenpairs(operator, 3, max_matvecs=9)
    with pytest.raises(LandscapeError, match="finite products"):
        top_eigenpairs(exact_hessian(net, at=torch.full((67,), torch.nan)), 1)
