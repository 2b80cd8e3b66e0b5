"""Numbers of pictures: what is surely above the minimum, and where checkpoints are."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.errors import LandscapeError
from trackscape.landscape.output.plots import is_logarithmic, plane_of, significance
from trackscape.landscape.points import bezier, grid
from trackscape.landscape.surface import Surface
from trackscape.landscape.trajectory import project


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_plane_has_its_first_direction_first(surface):
    plane = plane_of(surface(5, 3, noise=0.0), "loss")
    assert plane.x.tolist() == [-1, -0.5, 0, 0.5, 1]
    assert plane.y.tolist() == [-1, 0, 1]
    assert plane.labels == ("axis 1", "axis 2")
    expected = 1 + 2 * plane.x[:, None] ** 2 + plane.y**2
    assert np.allclose(plane.mean, expected)


def test_noise_that_all_points_share_hides_no_difference(surface):
    # The error of each mean is large, that of differences is zero.
    found = surface(5, 5, noise=10.0)
    assert found.standard_error().min() > 1
    sure = significance(found)
    lowest = np.unravel_index(np.nanargmin(found.mean()), (5, 5))
    assert np.isnan(sure[lowest]) or sure[lowest] == 0
    others = np.ones((5, 5), dtype=bool)
    others[lowest] = False
    assert (sure[others] > 100).all()


def test_significance_is_that_of_the_paired_difference(surface):
    shared = surface(5, 5)
    noise = 0.3 * np.random.default_rng(1).normal(size=shared.values.shape)
    found = dataclasses.replace(shared, values=shared.values + noise)
    lowest, other = int(found.mean().argmin()), 3
    difference = found.values[other, :, 0] - found.values[lowest, :, 0]
    mean, n = difference @ found.weights, len(difference)
    error = np.sqrt(n / (n - 1) * (found.weights**2 * (difference - mean) ** 2).sum())
    assert significance(found).ravel()[other] == pytest.approx(mean / error)
    assert significance(found).ravel()[lowest] == 0


def test_one_batch_tells_no_significance(surface):
    assert np.isnan(significance(surface(n_batches=1))).all()


def test_no_number_is_no_significance_and_no_minimum(surface):
    found = surface(3, 3)
    found.values[0, 2, 0] = np.nan
    found.values[1, 2, 0] = -np.inf
    found.values[2, 2, 0] = np.inf
    sure = significance(found).ravel()
    assert np.isnan(sure[:3]).all()
    assert (sure[3:] >= 0).all()


def test_refuses_what_is_no_plane(surface):
    for steps in ((4,), (2, 2, 2)):
        with pytest.raises(LandscapeError, match="grid of two directions"):
            plane_of(surface(*steps))
    curve = bezier([normal(7, seed=seed) for seed in range(3)], steps=4)
    values = np.ones((4, 1, 1))
    along = Surface(points=curve, names=("a",), values=values, weights=np.ones(1), about={})
    with pytest.raises(LandscapeError, match="draw_line"):
        plane_of(along)
    empty = surface()
    empty.values[:, 0, 1] = np.nan
    with pytest.raises(LandscapeError, match="errors is finite nowhere"):
        plane_of(empty, "errors")


def test_logarithms_are_for_positive_values_of_a_wide_span():
    wide, narrow, signed = np.array([0.1, 2, np.nan]), np.array([1.0, 2]), np.array([-1.0, 100])
    assert is_logarithmic(wide, None)
    assert not is_logarithmic(narrow, None)
    assert is_logarithmic(narrow, True)
    assert not is_logarithmic(wide, False)
    assert not is_logarithmic(signed, None)
    with pytest.raises(LandscapeError, match="use a linear one"):
        is_logarithmic(signed, True)


@given(st.integers(0, 1000), st.integers(1, 3))
def test_projection_finds_the_coordinates_of_points_on_the_plane(seed, n):
    plane = grid(normal(6, seed=seed), normal(n, 6, seed=seed + 1), steps=2)
    coordinates = normal(4, n, seed=seed + 2)
    found = project(plane, plane.centre + coordinates @ plane.directions)
    assert np.allclose(found.coordinates, coordinates, atol=1e-6)
    assert np.allclose(found.residuals, 0, atol=1e-6)


def test_residuals_are_at_right_angles_to_the_plane():
    plane = grid(normal(6), normal(2, 6, seed=1), steps=2)
    checkpoints = normal(5, 6, seed=2)
    found = project(plane, checkpoints)
    rest = checkpoints - plane.centre - torch.from_numpy(found.coordinates) @ plane.directions
    assert torch.allclose(rest @ plane.directions.T, torch.zeros(5, 2).double(), atol=1e-12)
    assert np.allclose(found.residuals, rest.norm(dim=1))


def test_projection_refuses_other_spaces():
    plane = grid(normal(6), normal(2, 6, seed=1), steps=2)
    with pytest.raises(LandscapeError, match=r"checkpoints \(T, 6\)"):
        project(plane, normal(5, 7))
    with pytest.raises(LandscapeError, match="leave out those"):
        project(plane, torch.full((1, 6), torch.nan))
