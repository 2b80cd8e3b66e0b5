"""Images of objects that are known exactly: values, areas, adjoints, noise, cuts and hulls."""

import dataclasses
import math

import numpy as np
import pytest
import scipy.stats

from trackscape.errors import DataError
from trackscape.imaging.fbp import BackProjection
from trackscape.imaging.hull import Crossing, Cylinder, Outline
from trackscape.imaging.image import Grid, Image
from trackscape.imaging.iterative import (
    cgls,
    denoise_tv,
    drop,
    fista_tv,
    largest_eigenvalue,
)
from trackscape.imaging.listmode import PathIntegrals
from trackscape.imaging.protons import PathModel, Protons
from trackscape.imaging.quality import consistent
from trackscape.imaging.radiograph import make_radiograph
from trackscape.imaging.reconstruction import check_angles

from .conftest import axis_protons, chord

N_ANGLES = 60
GRID = Grid(size=180.0, voxel=2.0)


def two_discs(u: np.ndarray, angle: float) -> np.ndarray:
    """WEPL of a disc of water with a denser one inside."""
    body = chord(u, x=0.0, z=0.0, radius=60.0, angle=angle)
    return body + 0.5 * chord(u, x=25.0, z=10.0, radius=12.0, angle=angle)


@pytest.fixture(scope="module")
def angles() -> list[Protons]:
    turns = 2 * math.pi * np.arange(N_ANGLES) / N_ANGLES
    return [axis_protons(turn, two_discs, seed=seed) for seed, turn in enumerate(turns)]


@pytest.fixture(scope="module")
def image(angles: list[Protons], geometry: PathModel) -> Image:
    back = BackProjection(GRID, geometry)
    for protons in angles:
        back.add(protons)
    return back.image()


def mean_in(image: Image, x: float, z: float, radius: float) -> float:
    distance = (image.axis(0)[:, None] - x) ** 2 + (image.axis(2)[None, :] - z) ** 2
    return float(image.value[:, 0][distance <= radius**2].mean())


def test_back_projection_gives_stopping_powers_where_the_discs_are(image: Image) -> None:
    assert mean_in(image, -20.0, -20.0, 15.0) == pytest.approx(1.0, abs=0.005)
    assert mean_in(image, 25.0, 10.0, 8.0) == pytest.approx(1.5, abs=0.01)
    assert mean_in(image, 70.0, 40.0, 5.0) == pytest.approx(0.0, abs=0.01)
    assert mean_in(image, 25.0, -10.0, 5.0) == pytest.approx(1.0, abs=0.01)  # not mirrored
    assert mean_in(image, 10.0, 25.0, 5.0) == pytest.approx(1.0, abs=0.02)  # not transposed


def test_the_image_adds_up_to_the_area_of_the_discs(image: Image) -> None:
    area = math.pi * (60.0**2 + 0.5 * 12.0**2)
    assert image.value.sum() * 2.0**2 == pytest.approx(area, rel=0.005)


def test_back_projection_is_linear_in_wepl(angles: list[Protons], geometry: PathModel) -> None:
    rng = np.random.default_rng(1)
    noise = [rng.normal(size=len(protons)) for protons in angles[:6]]

    def made(first: float, second: float) -> np.ndarray:
        back = BackProjection(GRID, geometry)
        for protons, other in zip(angles[:6], noise, strict=True):
            back.add(dataclasses.replace(protons, wepl=first * protons.wepl + second * other))
        return back.image().value

    together = made(2.0, 3.0)
    assert together == pytest.approx(2.0 * made(1.0, 0.0) + 3.0 * made(0.0, 1.0), abs=2e-5)


def noisy_protons(number: int, *, n: int = 4000) -> Protons:
    """Protons of an empty beam whose WEPL has a standard deviation of 5 mm."""
    noise = np.random.default_rng(100 + number).normal(0, 5.0, n)
    return axis_protons(2 * math.pi * number / N_ANGLES, lambda u, _: noise, n=n, seed=number)


def test_noise_is_what_the_error_map_and_replicates_say(geometry: PathModel) -> None:
    back = BackProjection(GRID, geometry, groups=10)
    for number in range(N_ANGLES):
        back.add(noisy_protons(number))
    image = back.image()
    x, z = image.axis(0)[:, None], image.axis(2)[None, :]
    inner = x**2 + z**2 < 50**2
    measured, predicted = image.value[:, 0][inner].std(), image.error[:, 0][inner].mean()
    assert predicted == pytest.approx(measured, rel=0.12)
    # pi^2/12 sigma^2/(N_angles n_u a^3); interpolation between bins smooths some of it away
    formula = math.sqrt(math.pi**2 / 12 * 25.0 / (N_ANGLES * 4000 / 180 * 2.0)) / 2.0
    assert 0.65 * formula < measured < formula
    of_mean = image.standard_error(lambda of: float(of.value[:, 0][inner].mean()))
    assert 0 < of_mean < measured / 5


@pytest.mark.slow
def test_error_bars_of_a_mean_cover_it_as_often_as_they_say(geometry: PathModel) -> None:
    grid, turns, scans = Grid(size=180.0, voxel=4.0), 2 * math.pi * np.arange(24) / 24, 200
    rng = np.random.default_rng(7)
    still = [axis_protons(turn, two_discs, n=1500, seed=n) for n, turn in enumerate(turns)]

    def mean(image: Image) -> float:
        return mean_in(image, 25.0, 10.0, 9.0)

    def made(noise: float, groups: int) -> Image:
        back = BackProjection(grid, geometry, groups=groups)
        for protons in still:
            shaken = protons.wepl + noise * rng.normal(size=len(protons))
            back.add(dataclasses.replace(protons, wepl=shaken))
        return back.image()

    exact = mean(made(0.0, 1))
    images = [made(5.0, 10) for _ in range(scans)]
    pull = [(mean(image) - exact) / image.standard_error(mean) for image in images]
    covered = np.mean(np.abs(pull) < scipy.stats.t(9).ppf(0.975))
    assert 0.915 < covered < 0.98  # 95 % with 200 scans


def test_half_of_the_protons_make_root_two_of_the_noise(geometry: PathModel) -> None:
    spread = []
    for n in (4000, 2000):
        back = BackProjection(GRID, geometry)
        for number in range(N_ANGLES):
            back.add(noisy_protons(number, n=n))
        spread.append(back.image().value[20:70, 0, 20:70].std())
    assert spread[1] / spread[0] == pytest.approx(math.sqrt(2), abs=0.06)


def test_forward_and_adjoint_are_transposed(angles: list[Protons], geometry: PathModel) -> None:
    paths = PathIntegrals(angles[:5], geometry, GRID)
    rng = np.random.default_rng(2)
    image, values = rng.normal(size=paths.shape), rng.normal(size=len(paths))
    left, right = paths.forward(image) @ values, (image * paths.adjoint(values)).sum()
    assert left == pytest.approx(right, rel=1e-12)


def test_path_integrals_of_ones_are_the_lengths_in_the_object(
    angles: list[Protons], geometry: PathModel
) -> None:
    paths = PathIntegrals(angles[:3], geometry, GRID)
    middle = np.abs(np.concatenate([protons.known[:, 0, 0] for protons in angles[:3]])) < 40
    assert paths.forward(np.ones(paths.shape))[middle] == pytest.approx(140.0, rel=1e-9)


def test_forward_of_the_image_is_the_wepl_that_it_was_made_of(
    angles: list[Protons], geometry: PathModel, image: Image
) -> None:
    paths = PathIntegrals(angles[:5], geometry, GRID)
    misfit = paths.forward(image.value) - paths.wepl
    assert abs(misfit.mean()) < 0.3
    assert misfit.std() < 1.5


@pytest.mark.parametrize("method", ["cgls", "drop", "tv"])
def test_iterations_lower_the_misfit(
    angles: list[Protons], geometry: PathModel, image: Image, method: str
) -> None:
    paths = PathIntegrals(angles[::6], geometry, GRID)
    start = image.value.astype(np.float64)
    if method == "cgls":
        found = cgls(paths, start=start, iterations=4)
    elif method == "drop":
        found = drop(paths, start=start, epochs=1)
    else:
        found = fista_tv(paths, start=start, strength=1e-6, iterations=4)

    def misfit(of: np.ndarray) -> float:
        return float((paths.precision * (paths.forward(of) - paths.wepl) ** 2).sum())

    assert misfit(found) < misfit(start)


def test_cgls_ends_where_the_normal_equations_hold(
    angles: list[Protons], geometry: PathModel
) -> None:
    grid = Grid(size=120.0, voxel=30.0)
    some = [protons.select(np.arange(400)) for protons in angles[::10]]
    paths = PathIntegrals(some, geometry, grid)
    columns = [paths.forward(unit.reshape(paths.shape)) for unit in np.eye(16)]
    matrix = np.stack(columns, axis=1) * np.sqrt(paths.precision)[:, None]
    exact = np.linalg.lstsq(matrix, np.sqrt(paths.precision) * paths.wepl, rcond=None)[0]
    found = cgls(paths, start=np.zeros(paths.shape), iterations=40)
    assert found.ravel() == pytest.approx(exact, abs=1e-6)


def test_the_step_of_fista_fits_the_largest_eigenvalue(
    angles: list[Protons], geometry: PathModel
) -> None:
    some = [protons.select(np.arange(400)) for protons in angles[::10]]
    paths = PathIntegrals(some, geometry, Grid(size=120.0, voxel=20.0))
    columns = [paths.forward(unit.reshape(paths.shape)) for unit in np.eye(36)]
    matrix = np.stack(columns, axis=1)
    exact = np.linalg.eigvalsh(matrix.T @ (paths.precision[:, None] * matrix)).max()
    assert exact <= largest_eigenvalue(paths, paths.precision) <= 1.03 * exact


def test_total_variation_of_two_plateaus_shrinks_their_step() -> None:
    # Plateaus of n columns each lose strength * height of the edge / their area each.
    image = np.zeros((20, 1, 10))
    image[10:] = 1.0
    found = denoise_tv(image, 0.5, rounds=2000)
    assert found[:10] == pytest.approx(0.05, abs=1e-3)
    assert found[10:] == pytest.approx(0.95, abs=1e-3)


def test_cuts_drop_what_disagrees_with_its_neighbours_only() -> None:
    rng = np.random.default_rng(3)
    place = rng.uniform(-80, 80, (4000, 1))
    wepl = 100 + place[:, 0] + rng.normal(0, 4.0, 4000)
    angle = rng.normal(0, 0.01, (4000, 2))
    odd = np.arange(4000) % 20 == 0
    wepl[odd] += 40.0
    kept = consistent(place, wepl, angle)
    assert not kept[odd].any()
    assert kept[~odd].mean() > 0.98


def test_an_outline_of_a_disc_is_its_cylinder() -> None:
    empty = Grid(size=180.0, voxel=1.0).empty()
    x, z = empty.axis(0)[:, None], empty.axis(2)[None, :]
    disc = empty.like(((x**2 + z**2 < 60.0**2) * 1.2)[:, None, :])
    place = np.linspace(-55, 55, 23)
    for angle in (0.0, 0.7):
        first, last = Outline(disc, margin=0.0).profile(angle, place)
        start, end = Cylinder(60.0).profile(angle, place)
        assert first == pytest.approx(start, abs=2.0)
        assert last == pytest.approx(end, abs=2.0)
    assert Outline(disc).mean_stopping == pytest.approx(1.2, abs=1e-6)


def test_a_leaning_line_enters_where_it_meets_the_cylinder() -> None:
    crossing = Crossing(Cylinder(75.0), 0.0, reach=200.0)
    place, slope = np.array([10.0, -30.0, 90.0]), np.array([0.01, -0.02, 0.0])
    z = crossing.entrance(place, slope)
    assert np.hypot(place + slope * z, z)[:2] == pytest.approx(75.0, abs=0.05)
    assert np.isnan(z[2])


def test_what_makes_no_image_is_refused(geometry: PathModel) -> None:
    with pytest.raises(DataError, match="three angles"):
        check_angles([0.0, 90.0])
    with pytest.raises(DataError, match="equal steps over a full turn"):
        check_angles([0.0, 10.0, 20.0, 30.0])
    with pytest.raises(DataError, match="at least one angle"):
        BackProjection(GRID, geometry).image()
    with pytest.raises(DataError, match="size of the image"):
        Grid(size=-1.0)
    with pytest.raises(DataError, match="protons at every depth"):
        BackProjection(GRID, geometry).add(
            axis_protons(0.0, two_discs, n=10).select(np.zeros(10, dtype=bool))
        )


def test_a_radiograph_shows_wepl_where_the_paths_cross_it(geometry: PathModel) -> None:
    protons = axis_protons(0.3, two_discs)
    found = make_radiograph(protons, geometry, pixel=(4.0, 20.0))
    x = found.axis(0)
    middle = np.abs(x) < 40
    assert found.value[middle, 0, 0] == pytest.approx(two_discs(x, 0.3)[middle], abs=2.0)
    assert found.error[middle].mean() == pytest.approx(5.0 / math.sqrt(4000 / 180 * 4), rel=0.1)
