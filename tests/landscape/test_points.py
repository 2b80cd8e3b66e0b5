import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.errors import LandscapeError
from trackscape.landscape.points import bernstein, bezier, grid, line


def vectors(n: int, size: int = 6, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, size, generator=generator, dtype=torch.float64)


@given(steps=st.integers(1, 20), extent=st.floats(1e-3, 1e3))
def test_the_centre_of_a_grid_with_odd_steps_lies_on_it_exactly(steps, extent):
    centre, *directions = vectors(3)
    points = grid(centre, torch.stack(directions), extent=extent, steps=2 * steps + 1)
    assert torch.equal(points[len(points) // 2], centre)
    # ... and the coordinates are symmetric to the last bit, with both ends on the grid.
    assert torch.equal(points.coordinates, -points.coordinates.flip(0))
    assert points.coordinates.max() == pytest.approx(extent)


def test_the_last_axis_of_a_grid_is_the_fastest():
    centre, *directions = vectors(4)
    points = grid(centre, torch.stack(directions), extent=[1, 2, 3], steps=[2, 3, 4])
    assert points.shape == (2, 3, 4)
    coordinates = points.coordinates.reshape(2, 3, 4, 3)
    assert torch.equal(coordinates[0, 0, :, 2], torch.tensor([-3.0, -1.0, 1.0, 3.0]).double())
    assert torch.equal(coordinates[1, 2, 3], torch.tensor([1.0, 2.0, 3.0]).double())
    expected = centre + sum(c * d for c, d in zip(points.coordinates[7], directions, strict=True))
    torch.testing.assert_close(points[7], expected)


def test_a_line_has_both_ends_and_equal_steps():
    a, b = vectors(2)
    points = line(a, b, steps=5)
    torch.testing.assert_close(points[0], a)
    torch.testing.assert_close(points[4], b)
    torch.testing.assert_close(points[1], 0.75 * a + 0.25 * b)


def test_a_curve_is_that_of_de_casteljau():
    control, t = vectors(4), 0.3
    layer = list(control)
    while len(layer) > 1:
        layer = [(1 - t) * p + t * q for p, q in itertools.pairwise(layer)]
    points = bezier(list(control), steps=11)
    torch.testing.assert_close(points[3], layer[0])


@given(degree=st.integers(1, 6), t=st.floats(0, 1))
def test_weights_of_control_points_sum_to_one(degree, t):
    weights = bernstein(torch.tensor([t], dtype=torch.float64), degree)
    assert weights.sum().item() == pytest.approx(1)
    assert weights.min() >= 0


@pytest.mark.parametrize(
    "settings", [{"steps": 1}, {"extent": 0.0}, {"extent": [1.0]}, {"steps": [3, 3, 3]}]
)
def test_grids_that_are_none_are_refused(settings):
    centre, *directions = vectors(3)
    with pytest.raises(LandscapeError, match="each of 2 directions"):
        grid(centre, torch.stack(directions), **settings)


def test_curves_without_length_are_refused():
    with pytest.raises(LandscapeError, match="2 control points"):
        bezier([vectors(1)[0]])


def test_directions_of_another_size_are_refused():
    with pytest.raises(LandscapeError, match="directions"):
        grid(vectors(1)[0], vectors(2, size=5))


@pytest.mark.parametrize(
    "settings",
    [
        {"extent": math.nan},
        {"extent": math.inf},
        {"extent": "a"},
        {"extent": None},
        {"steps": 2.5},
        {"steps": "ab"},
        {"steps": [3, 2.5]},
    ],
)
def test_extents_and_steps_that_are_no_numbers_are_refused(settings):
    centre, *directions = vectors(3)
    with pytest.raises(LandscapeError, match="each of 2 directions"):
        grid(centre, torch.stack(directions), **settings)


def test_extents_and_steps_may_be_numbers_of_numpy():
    centre, *directions = vectors(3)
    points = grid(centre, torch.stack(directions), extent=np.float32(0.5), steps=np.int64(3))
    assert points.shape == (3, 3)
    assert points.coordinates.max() == 0.5


def test_one_vector_is_no_list_of_directions():
    centre, direction = vectors(2)
    for wrong in (direction, [direction]):
        with pytest.raises(LandscapeError, match=r"tensor \(K, P\)"):
            grid(centre, wrong)
