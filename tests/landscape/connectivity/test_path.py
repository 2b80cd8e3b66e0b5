"""Barriers by hand: signs, chords, paired standard errors, uneven batches, and no numbers."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from trackscape.errors import LandscapeError
from trackscape.landscape.connectivity import evaluate_path, path_summary
from trackscape.landscape.points import bezier, grid
from trackscape.landscape.problem import Problem
from trackscape.landscape.surface import Surface


def surface(*losses: list[float], weights: list[float]) -> Surface:
    """Losses of each batch along a line."""
    values = np.array(losses).T[:, :, None]
    points = bezier([torch.zeros(1), torch.ones(1)], steps=len(values))
    return Surface(
        points=points, names=("loss",), values=values, weights=np.array(weights), about={}
    )


def test_barrier_and_connectivity_by_hand() -> None:
    # Means 1, 3.25, 2 of batches with 1 and 3 samples: above the chord by 1.75 at half of the way.
    found = path_summary(surface([1, 1, 2], [1, 4, 2], weights=[0.25, 0.75]))
    assert (found.lowest, found.highest) == (1, 3.25)
    assert found.mean == pytest.approx((1 + 3.25) / 4 + (3.25 + 2) / 4)
    # Differences -0.5 and 2.5 of the batches, mean 1.75.
    error = math.sqrt(2 * (0.25**2 * 2.25**2 + 0.75**2 * 0.75**2))
    assert found.barrier == pytest.approx((1.75, error, 0.5))
    assert found.connectivity == pytest.approx((-1.75, error, 0.5))


def test_the_chord_counts_for_the_barrier_only() -> None:
    found = path_summary(surface([0, 1, 2, 3, 4], weights=[1.0]))
    assert found.barrier.value == 0
    assert found.connectivity.value == pytest.approx(2)  # the first of both ends, equally far
    assert found.connectivity.time == 0


def test_ends_that_are_no_minima_have_a_positive_connectivity_and_no_barrier() -> None:
    found = path_summary(surface([2, 0.5, 1, 2], weights=[1.0]))
    assert found.connectivity[0] == pytest.approx(1.5)
    assert found.connectivity.time == pytest.approx(1 / 3)
    assert found.barrier.value == 0


def test_what_all_batches_share_has_no_standard_error() -> None:
    found = path_summary(surface([0, 1, 0], [7, 8, 7], weights=[0.5, 0.5]))
    assert found.barrier == (1, 0, 0.5)
    alone = path_summary(surface([0, 1, 0], weights=[1.0]))
    assert math.isnan(alone.barrier.standard_error)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_path_that_passes_no_number_has_no_finite_barrier(bad: float) -> None:
    found = path_summary(surface([0, 1, 0, 0], [0, 0, bad, 0], weights=[0.5, 0.5]))
    assert not math.isfinite(found.barrier.value)
    assert not math.isfinite(found.connectivity.value)
    assert found.barrier.time == pytest.approx(2 / 3)


def test_the_line_through_a_hill_has_its_height_as_barrier(valley) -> None:
    problem = valley(0.5, 1.5)
    ends = torch.tensor([[1.0, 0], [-1, 0]]).double()
    found = evaluate_path(problem, list(ends), steps=5, progress=False)
    assert found.mean().tolist() == pytest.approx([0, 0.5625, 1, 0.5625, 0])
    barrier = path_summary(found, "loss").barrier
    assert barrier == pytest.approx((1, 0.5, 0.5))  # heights 0.5 and 1.5
    round_it = [ends[0], torch.tensor([0.0, 2.0]).double(), ends[1]]
    assert path_summary(evaluate_path(problem, round_it, progress=False)).barrier.value < 0.1


def test_statistics_of_each_point_can_be_asked_for(nets) -> None:
    def loss(model, batch):
        return (model(batch) - 1).square().mean()

    generator = torch.Generator().manual_seed(0)
    batches = [torch.randn(6, 3, generator=generator, dtype=torch.float64) for _ in range(2)]
    problem = Problem(nets.mlp(0, 4, norm=True), batches, loss)
    other = Problem(nets.mlp(1, 4, norm=True), batches, loss)
    ends = [problem.centre, other.centre]
    stored = evaluate_path(problem, ends, steps=3, progress=False)
    again = dataclasses.replace(problem, norm="recomputed")
    found = evaluate_path(again, ends, steps=3, progress=False)
    # The statistics of the first model are wrong at the second; recomputed ones are its own.
    reverse = dataclasses.replace(other, norm="recomputed")
    back = evaluate_path(reverse, ends[::-1], steps=3, progress=False)
    np.testing.assert_allclose(found.mean(), back.mean()[::-1], rtol=1e-9)
    assert abs(stored.mean()[-1] - found.mean()[-1]) > 1e-3


def test_a_grid_is_no_path() -> None:
    flat = surface([0, 1, 0], weights=[1.0])
    points = grid(torch.zeros(2), torch.eye(2), steps=3)
    with pytest.raises(LandscapeError, match="grid"):
        path_summary(dataclasses.replace(flat, points=points))
    with pytest.raises(LandscapeError, match="one of loss"):
        path_summary(flat, "purity")
