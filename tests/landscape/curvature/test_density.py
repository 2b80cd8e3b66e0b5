"""Densities of eigenvalues: near the exact spectrum, with true moments and bands."""

import functools

import numpy as np
import pytest
import torch

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature import exact_hessian, smoothed_hessian, spectral_density
from trackscape.landscape.curvature.density import Probes, tridiagonal

quiet = functools.partial(spectral_density, progress=False)


def test_the_density_of_a_net_is_near_its_spectrum(net, net_hessian):
    found = quiet(functools.partial(exact_hessian, net), probes=20, steps=40)
    exact = torch.linalg.eigvalsh(net_hessian).numpy()
    # The mean of 20 random probes of 67 dimensions, not the quadrature, limits the distance.
    assert found.wasserstein(exact) < 0.02 * np.ptp(exact)
    assert found.nodes.min() == pytest.approx(exact.min(), rel=1e-6)
    assert found.nodes.max() == pytest.approx(exact.max(), rel=1e-6)
    assert found.kind == "exact Hessian"


def test_moments_are_those_of_the_matrix(net, net_hessian):
    found = quiet(functools.partial(exact_hessian, net), probes=100, steps=5)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, atol=1e-12)
    moments = found.size * (found.weights * found.nodes).sum(axis=1)
    error = moments.std(ddof=1) / 10
    assert found.trace == pytest.approx(moments.mean())
    assert found.trace == pytest.approx(float(net_hessian.trace()), abs=4 * error)


def test_probes_integrate_polynomials_exactly(matrix_operator, random_symmetric, rng):
    matrix = random_symmetric(30)
    start = torch.nn.functional.normalize(torch.randn(30, generator=rng).double(), dim=0)
    diagonal, side = tridiagonal(matrix_operator(matrix), start[None], 4)
    small = diagonal[0].diag() + side[0].diag(1) + side[0].diag(-1)
    for power in range(8):
        expected = start @ torch.linalg.matrix_power(matrix, power) @ start
        found = torch.linalg.matrix_power(small, power)[0, 0]
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=0)


def test_a_few_eigenvalues_are_seen_exactly_by_probes_of_signs(matrix_operator):
    """For a diagonal matrix, each sign vector sees each eigenvalue with the weight 1 / P."""
    values = torch.tensor([3.0] * 6 + [-1.0] * 2 + [0.5] * 8)
    found = quiet(lambda: matrix_operator(values.diag()), probes=3, steps=10)
    assert found.wasserstein(values.numpy()) == pytest.approx(0, abs=1e-8)
    assert found.trace == pytest.approx(float(values.sum()))
    np.testing.assert_allclose(found.low, found.high, atol=1e-8)
    constant = quiet(lambda: matrix_operator(2 * torch.eye(5)), probes=2)
    assert constant.wasserstein(np.array([2.0])) == pytest.approx(0, abs=1e-12)


def test_curves_integrate_to_one_and_their_width_follows_the_range(net):
    recipe = functools.partial(exact_hessian, net)
    narrow, wide = (quiet(recipe, probes=4, steps=20, width=w) for w in (0.01, 0.05))
    for found in (narrow, wide):
        assert np.trapezoid(found.mean, found.grid) == pytest.approx(1, rel=1e-3)
        assert (found.low <= found.mean + 1e-12).all()
        assert (found.mean <= found.high + 1e-12).all()
    assert wide.width == pytest.approx(5 * narrow.width)
    assert narrow.width == pytest.approx(0.01 * np.ptp(narrow.nodes))


def test_the_band_covers_the_density_of_many_probes(net):
    recipe = functools.partial(exact_hessian, net)
    many = quiet(recipe, probes=30, steps=15)
    some = quiet(recipe, probes=12, steps=15, seed=7)
    lower, mean, upper = (
        np.interp(many.grid, some.grid, c) for c in (some.low, some.mean, some.high)
    )
    covered = (lower <= many.mean) & (many.mean <= upper)
    dense = mean > 0.01 * mean.max()
    assert covered[dense].mean() > 0.7


@pytest.mark.parametrize("at_once", [1, 1 << 27])
def test_rows_do_not_depend_on_their_neighbours(net, monkeypatch, at_once):
    monkeypatch.setattr("trackscape.landscape.curvature.density._MOST_AT_ONCE", at_once)
    for recipe in (
        functools.partial(exact_hessian, net),
        functools.partial(smoothed_hessian, net, sigma=0.1, samples=20),
    ):
        work = Probes(recipe, 5, 7, 0)
        compute = work.start()
        whole = compute(0, 5)
        assert whole.shape == (5, work.width)
        np.testing.assert_array_equal(whole, np.concatenate([compute(0, 2), compute(2, 5)]))
        np.testing.assert_array_equal(whole[3:4], Probes(recipe, 9, 7, 0).start()(3, 4))


def test_the_fingerprint_follows_all_that_decides(net):
    def of(steps: int = 7, seed: int = 0, **settings: object) -> str:
        return Probes(functools.partial(exact_hessian, net, **settings), 5, steps, seed).fingerprint

    assert of() == of()
    assert len({of(), of(8), of(seed=1), of(at=net.centre + 1)}) == 4


def test_settings_out_of_range_are_refused(net):
    recipe = functools.partial(exact_hessian, net)
    with pytest.raises(LandscapeError, match="at least 2 probes"):
        quiet(recipe, probes=1)
    with pytest.raises(LandscapeError, match="positive width"):
        quiet(recipe, width=0)
