"""Gradients of images: adjoints against forwards, and against differences, from WEPL to edges."""

import math

import numpy as np
import pytest
import torch

from trackscape.errors import DataError
from trackscape.imaging import (
    BackProjection,
    Grid,
    ImageOfWepl,
    PathModel,
    Protons,
    image_of,
    mixed_wepl,
)

from .conftest import axis_protons, chord

N_ANGLES, N_PROTONS = 7, 300
GRIDS = {"slice": Grid(size=180.0, voxel=6.0), "slices": Grid(180.0, 9.0, 3, 2.0)}


def disc(u: np.ndarray, angle: float) -> np.ndarray:
    return chord(u, x=10.0, z=-5.0, radius=60.0, angle=angle)


@pytest.fixture(scope="module")
def angles() -> list[Protons]:
    """Few protons, some of no full weight, spread along y: many bins have none."""
    turns = 2 * math.pi * np.arange(N_ANGLES) / N_ANGLES
    every = [axis_protons(turn, disc, n=N_PROTONS, seed=k) for k, turn in enumerate(turns)]
    rng = np.random.default_rng(8)
    for protons in every:
        protons.known[:, 1] = protons.known[:, 0] * rng.uniform(-0.05, 0.05, (N_PROTONS, 1))
        protons.weight[:] = rng.uniform(0.2, 1.0, N_PROTONS)
    return every


@pytest.fixture(scope="module", params=GRIDS.values(), ids=GRIDS.keys())
def scan(request, angles: list[Protons], geometry: PathModel) -> ImageOfWepl:
    return ImageOfWepl(angles, geometry, request.param)


def numbers(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_the_image_is_the_filtered_back_projection(
    angles: list[Protons], geometry: PathModel
) -> None:
    grid = GRIDS["slice"]
    back = BackProjection(grid, geometry)
    for protons in angles:
        back.add(protons)
    made = ImageOfWepl(angles, geometry, grid)
    assert np.allclose(made.forward(made.wepl), back.image().value, rtol=0, atol=1e-6)


def test_the_adjoint_is_that_of_the_image(scan: ImageOfWepl) -> None:
    wepl = numbers(1, N_ANGLES * N_PROTONS)
    image = scan.forward(wepl)
    other = numbers(2, *image.shape)
    forward, backward = (image * other).sum(), (wepl * scan.adjoint(other)).sum()
    assert forward == pytest.approx(backward, rel=1e-12)


def test_holes_are_filled_and_unfilled_alike(angles: list[Protons], geometry: PathModel) -> None:
    few = [protons.select(protons.known[:, 0, 0] % 20 < 5) for protons in angles]
    scan = ImageOfWepl(few, geometry, GRIDS["slice"])
    wepl = numbers(3, len(scan.wepl))
    other = numbers(4, *scan.forward(wepl).shape)
    backward = (wepl * scan.adjoint(other)).sum()
    assert (scan.forward(wepl) * other).sum() == pytest.approx(backward, rel=1e-12)


def test_the_gradient_of_a_loss_is_its_difference(scan: ImageOfWepl) -> None:
    truth = torch.from_numpy(scan.forward(scan.wepl))
    wepl = torch.from_numpy(scan.wepl + 3 * numbers(5, len(scan.wepl))).requires_grad_()
    direction = torch.from_numpy(numbers(6, len(scan.wepl)))

    def loss(wepl: torch.Tensor) -> torch.Tensor:
        return (image_of(wepl, scan) - truth).square().sum()

    (gradient,) = torch.autograd.grad(loss(wepl), wepl)
    with torch.no_grad():
        difference = (loss(wepl + 1e-3 * direction) - loss(wepl - 1e-3 * direction)) / 2e-3
    assert difference.item() == pytest.approx((gradient @ direction).item(), rel=1e-6)


def test_the_curvature_of_a_squared_error_is_the_map_and_its_adjoint(scan: ImageOfWepl) -> None:
    wepl = torch.from_numpy(scan.wepl).requires_grad_()
    direction = numbers(11, len(scan.wepl))
    loss = image_of(wepl, scan).square().sum()
    (first,) = torch.autograd.grad(loss, wepl, create_graph=True)
    (second,) = torch.autograd.grad(first @ torch.from_numpy(direction), wepl)
    expected = 2 * scan.adjoint(scan.forward(direction))
    assert np.allclose(second.numpy(), expected, rtol=1e-10, atol=1e-14)


def test_gradients_reach_the_scores_of_edges(scan: ImageOfWepl) -> None:
    n, wepl = len(scan.wepl), torch.from_numpy(scan.wepl)
    ends = torch.from_numpy(np.random.default_rng(7).integers(0, n, (2, 500)))
    truth = torch.from_numpy(scan.forward(scan.wepl))
    logit = torch.from_numpy(numbers(9, 500)).requires_grad_()
    direction = torch.from_numpy(numbers(10, 500))

    def loss(logit: torch.Tensor) -> torch.Tensor:
        mixed = mixed_wepl(wepl, torch.sigmoid(logit), ends)
        return (image_of(mixed, scan) - truth).square().sum()

    (gradient,) = torch.autograd.grad(loss(logit), logit)
    with torch.no_grad():
        difference = (loss(logit + 1e-4 * direction) - loss(logit - 1e-4 * direction)) / 2e-4
    assert difference.item() == pytest.approx((gradient @ direction).item(), rel=1e-6)
    # Signed linear costs: what a segment adds to the loss, by the gradient for its proton.
    mixed = mixed_wepl(wepl, torch.sigmoid(logit.detach()), ends).requires_grad_()
    (of_wepl,) = torch.autograd.grad((image_of(mixed, scan) - truth).square().sum(), mixed)
    p = torch.sigmoid(logit.detach())
    cost = of_wepl[ends[1]] * (wepl[ends[0]] - wepl[ends[1]])
    assert torch.allclose(gradient, cost * p * (1 - p), rtol=1e-10, atol=1e-14)


def test_segments_within_a_proton_change_nothing() -> None:
    wepl = torch.tensor([3.0, 4.0, 9.0], dtype=torch.float64)
    ends = torch.tensor([[0, 1, 2], [0, 1, 1]])
    mixed = mixed_wepl(wepl, torch.tensor([1.0, 1.0, 0.5], dtype=torch.float64), ends)
    assert mixed.tolist() == [3.0, 6.5, 9.0]


def test_without_angles_there_is_no_image(geometry: PathModel) -> None:
    with pytest.raises(DataError, match="at least one angle"):
        ImageOfWepl([], geometry, GRIDS["slice"])
