"""Planes hold the networks that they are made of, where they say."""

import pytest
import torch

from trackscape import samples
from trackscape.errors import LandscapeError, WeightsError
from trackscape.landscape.evaluator import Evaluator
from trackscape.scoring import LineGraphNetwork, save_network
from trackscape.tracker_landscape.config import Computing, LandscapeConfig, load_several
from trackscape.tracker_landscape.curvature import measure_curvature
from trackscape.tracker_landscape.surface import plane_around, plane_through

QUIET = Computing(progress=False)
SETTING = LandscapeConfig(file=samples.VALIDATION, per_frame=10, frames=2, losses=("bce",))


def names(trained) -> list[str]:
    return [str(path) for path in trained]


@pytest.mark.parametrize("n", [2, 3])
def test_networks_lie_at_their_coordinates(trained, n):
    plane = plane_through(SETTING, names(trained)[:n], dimensions=n - 1)
    vectors = plane.directions.vectors
    assert vectors.shape[0] == n - 1
    for place, scorer in zip(plane.path, load_several(names(trained)[:n]), strict=True):
        found = plane.problem.space.read(scorer)
        torch.testing.assert_close(plane.centre + place @ vectors, found, rtol=0, atol=1e-9)
        # They lie inside the grid, too.
        assert all(abs(x) < extent for x, extent in zip(place, plane.extent, strict=True))
    assert plane.distance.abs().max() < 1e-9
    assert plane.problem.norm == "recomputed"


def test_a_line_through_three_networks_says_how_far_it_passes_them(trained):
    plane = plane_through(SETTING, names(trained), dimensions=1)
    assert plane.distance.max() > 1e-3
    scorer = load_several(names(trained))[0]
    offset = plane.problem.space.read(scorer) - plane.centre
    along = plane.path[0] @ plane.directions.vectors
    assert (offset - along).norm().item() == pytest.approx(plane.distance[0].item(), rel=1e-6)


def test_the_middle_of_a_plane_is_the_network_itself(trained):
    for along in ("random", "hessian"):
        plane = plane_around(SETTING, str(trained[0]), along=along)
        points = plane.points(steps=3)
        evaluator = Evaluator(plane.problem)
        assert torch.equal(points[4], plane.problem.centre)
        assert evaluator.problem.norm == "frozen"


def test_the_loss_rises_along_the_eigenvector_by_its_curvature(trained):
    setting = LandscapeConfig(file=samples.VALIDATION, per_frame=10, frames=1, losses=("bce",))
    pairs = measure_curvature(
        setting, str(trained[2]), eigenvalues=1, products=6, probes=2, computing=QUIET
    ).eigenpairs
    plane = plane_around(setting, str(trained[2]), along="hessian", dimensions=1, scale="none")
    direction = plane.directions.vectors[0]
    assert abs(float(direction @ pairs.vectors[0])) == pytest.approx(1, abs=1e-3)
    evaluator = Evaluator(plane.problem)
    step = 0.002  # few of the kinks of maxima and LeakyReLU lie so near
    below, here, above = (
        evaluator.batch_losses(plane.centre + factor * step * direction).item()
        for factor in (-1, 0, 1)
    )
    assert (above - 2 * here + below) / step**2 == pytest.approx(pairs.values[0].item(), rel=0.1)


def test_what_no_plane_goes_through(trained, tmp_path):
    save_network(LineGraphNetwork(hidden=5, encoding=8), tmp_path / "other.safetensors", about={})
    first = str(trained[0])
    with pytest.raises(LandscapeError, match=r"hidden 4.*hidden 5"):
        plane_through(SETTING, [first, str(tmp_path / "other.safetensors")])
    with pytest.raises(LandscapeError, match="equal"):
        plane_through(SETTING, [first, str(trained[1]), first])
    with pytest.raises(LandscapeError, match="at least 2"):
        plane_through(SETTING, [first])
    with pytest.raises(LandscapeError, match="span"):
        plane_through(SETTING, names(trained), dimensions=3)
    with pytest.raises(WeightsError, match="no such file"):
        plane_through(SETTING, [first, "absent.safetensors"])
    with pytest.raises(LandscapeError, match="directions"):
        plane_around(SETTING, first, dimensions=10**6)
