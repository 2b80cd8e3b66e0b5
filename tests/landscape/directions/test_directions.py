"""Directions: angles, planes through models, and principal components of a training."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.errors import LandscapeError
from trackscape.landscape.directions import Directions, between
from trackscape.landscape.points import grid
from trackscape.landscape.trajectory import trajectory_directions


def directions(*vectors: list[float]) -> Directions:
    axes = tuple("abcdef"[: len(vectors)])
    return Directions(vectors=torch.tensor(vectors).double(), axes=axes, about={"kind": "given"})


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_angles_are_in_degrees() -> None:
    found = directions([2, 0, 0], [1, 1, 0], [0, 0, 5], [-3, 0, 0]).angles()
    expected = [[0, 45, 90, 180], [45, 0, 90, 135], [90, 90, 0, 90], [180, 135, 90, 0]]
    torch.testing.assert_close(found, torch.tensor(expected).double())


def test_small_angles_are_not_rounded_away() -> None:
    found = directions([1, 0], [1, 1e-11]).angles()
    assert found[0, 1].item() == pytest.approx(math.degrees(1e-11), rel=1e-4)


def test_the_angle_with_a_vector_of_zeros_is_no_number() -> None:
    assert directions([1, 0], [0, 0]).angles()[0, 1].isnan()


def test_directions_without_numbers_are_refused() -> None:
    with pytest.raises(LandscapeError, match="hold NaN"):
        directions([1, math.nan])
    with pytest.raises(LandscapeError, match=r"\(K, P\)"):
        Directions(vectors=torch.zeros(2, 3), axes=("a",), about={})


def test_three_models_are_points_of_the_plane_between_them() -> None:
    a, b, c = random(3, 40).float()
    plane = between(a, b, c)
    points = grid(a, plane.vectors, extent=1.0, steps=3, axes=plane.axes)
    place = {tuple(found): number for number, found in enumerate(points.coordinates.tolist())}
    assert torch.equal(points[place[0, 0]].float(), a)
    assert torch.equal(points[place[1, 0]].float(), b)
    assert torch.equal(points[place[0, 1]].float(), c)
    assert between(a, b).axes == ("a to b",)
    with pytest.raises(LandscapeError, match="one space"):
        between(a, b[:-1])


@given(seed=st.integers(0, 1000), n_checkpoints=st.integers(3, 12))
def test_a_planar_trajectory_lies_in_its_plane(seed: int, n_checkpoints: int) -> None:
    plane = random(2, 30, seed=seed)
    checkpoints = 5.0 + random(n_checkpoints, 2, seed=seed + 1) @ plane
    found = trajectory_directions(checkpoints)
    torch.testing.assert_close(found.residuals, torch.zeros(n_checkpoints).double())
    assert found.explained.sum().item() == pytest.approx(1)
    torch.testing.assert_close(found.vectors @ found.vectors.T, torch.eye(2).double())
    torch.testing.assert_close(found.centre + found.coordinates @ found.vectors, checkpoints)


def test_components_are_those_of_deviations_over_checkpoints() -> None:
    # Far from the origin, along the second axis only: without centring over checkpoints the first
    # component would point to the origin, with centring over parameters (1, 1, 1) were lost.
    checkpoints = torch.tensor([[100.0, 0, 0], [100, 1, 0], [100, 3, 0]])
    found = trajectory_directions(checkpoints, n=1)
    torch.testing.assert_close(found.vectors, torch.tensor([[0.0, 1, 0]]).double())
    uniform = trajectory_directions(torch.arange(4.0)[:, None].expand(4, 5), n=1)
    torch.testing.assert_close(uniform.vectors, torch.full((1, 5), 5**-0.5).double())
    assert uniform.explained.item() == pytest.approx(1)


def test_components_are_those_of_a_singular_value_decomposition() -> None:
    checkpoints = random(7, 50, seed=3)
    found = trajectory_directions(checkpoints, n=3)
    deviations = checkpoints - checkpoints.mean(dim=0)
    _, values, vectors = torch.linalg.svd(deviations, full_matrices=False)
    torch.testing.assert_close(found.explained, values[:3] ** 2 / (values**2).sum())
    torch.testing.assert_close((found.vectors @ vectors[:3].T).abs(), torch.eye(3).double())
    assert (found.vectors.gather(1, found.vectors.abs().argmax(1)[:, None]) > 0).all()
    left = deviations - deviations @ found.vectors.T @ found.vectors
    torch.testing.assert_close(found.residuals, left.norm(dim=1))


def test_the_order_of_checkpoints_changes_no_direction() -> None:
    checkpoints = random(6, 20, seed=4)
    first = trajectory_directions(checkpoints)
    second = trajectory_directions(checkpoints.flip(0))
    torch.testing.assert_close(first.vectors, second.vectors)


def test_a_plane_through_the_last_checkpoint_has_it_at_its_origin() -> None:
    checkpoints = random(5, 20, seed=5)
    mean, last = (trajectory_directions(checkpoints, centre=c) for c in (None, checkpoints[-1]))
    torch.testing.assert_close(mean.vectors, last.vectors)
    assert last.residuals[-1] == 0
    assert last.coordinates[-1].tolist() == [0, 0]
    assert mean.residuals.square().sum() < last.residuals.square().sum()


def test_too_few_checkpoints_are_refused() -> None:
    with pytest.raises(LandscapeError, match="span only 1"):
        trajectory_directions(random(2, 20))
    with pytest.raises(LandscapeError, match="span only 0"):
        trajectory_directions(torch.ones(4, 20), n=1)
    with pytest.raises(LandscapeError, match="finite numbers"):
        trajectory_directions(torch.full((4, 20), torch.nan))
