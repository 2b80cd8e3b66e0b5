"""Most likely paths: published and written-out formulas, gradients, and Geant4 protons."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from trackscape.formats import read_hits
from trackscape.imaging.binning import Bins, bin_protons
from trackscape.imaging.image import Grid
from trackscape.imaging.path_table import PathTable
from trackscape.imaging.paths import (
    Optics,
    ScatteringMoments,
    path_weights,
    scattering_moments,
)
from trackscape.imaging.protons import PathModel
from trackscape.imaging.truth import true_tracks
from trackscape.simulation import Beam

from .conftest import axis_protons

MOMENTS = scattering_moments(229.8)


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def test_the_envelope_is_that_of_the_prototype() -> None:
    expected = {
        100: [0.71, 0.65, 0.55, 0.46, 0.39],
        150: [1.12, 1.00, 0.76, 0.52, 0.38],
        200: [1.66, 1.46, 1.09, 0.64, 0.38],
    }
    for water, sigma in expected.items():
        z = torch.linspace(-water / 2, water / 2, 5, dtype=torch.float64)
        ends = number(-water / 2), number(water / 2)
        found = path_weights(z, *ends, optics=Optics(), moments=MOMENTS).covariance[:, 0, 0].sqrt()
        assert found.numpy() == pytest.approx(sigma, abs=0.01)


def test_weights_are_the_average_by_precision_with_matrices_written_out() -> None:
    optics, entrance, exit_, z = Optics(stopping=1.1), -60.0, 70.0, 12.0
    beam = optics.beam

    def drift(d: float) -> np.ndarray:
        return np.array([[1.0, d], [0.0, 1.0]])

    def scatter(start: float, end: float, at: float) -> np.ndarray:
        u = np.linspace(start, end, 20001)
        depth = torch.from_numpy(1.1 * (u - entrance))
        rate = MOMENTS.at(depth)[:, 3].numpy()
        lever = at - u
        length = max(1.1 * (end - start) / 360.8, 1e-3)
        factor = 13.6**2 / 360.8 * (1 + 0.038 * np.log(length)) ** 2 * 1.1
        terms = [np.trapezoid(rate * lever**power, u) for power in (2, 1, 0)]
        return factor * np.array([[terms[0], terms[1]], [terms[1], terms[2]]])

    prior = drift(z - beam.source) @ np.diag([beam.spot_size**2, beam.divergence**2])
    forward = prior @ drift(z - beam.source).T + scatter(entrance, z, z)
    tau = 13.6**2 * 0.0051 * (1 + 0.038 * np.log(0.0051)) ** 2
    tau *= float(MOMENTS.at(number(1.1 * (exit_ - entrance)))[3])
    s, d = optics.resolution**2, optics.gap
    rear = np.array([[s, -s / d], [-s / d, 2 * s / d**2 + tau]]) + scatter(z, exit_, optics.rear)
    home = drift(z - optics.rear)
    backward = home @ rear @ home.T
    precision = np.linalg.inv(forward) + np.linalg.inv(backward)
    known = np.array([4.0, -7.0, 0.01])
    first = np.array([known[0] * (1 + z / beam.magnet), known[0] / beam.magnet])
    state = np.linalg.solve(
        precision,
        np.linalg.solve(forward, first) + np.linalg.solve(backward, home @ known[1:]),
    )
    found = path_weights(number(z), number(entrance), number(exit_), optics=optics, moments=MOMENTS)
    assert float(found.weight @ torch.from_numpy(known)) == pytest.approx(state[0], abs=1e-4)
    assert float(found.slope @ torch.from_numpy(known)) == pytest.approx(state[1], abs=1e-6)
    assert found.covariance.numpy() == pytest.approx(np.linalg.inv(precision), rel=1e-3)


def sharp_optics(end: float) -> Optics:
    """Both states are known: that at the entrance by the beam, that at `end` by the trackers."""
    beam = Beam(spot_size=0.0, divergence=1e-12, magnet=600.0)
    return Optics(beam=beam, rear=end, resolution=0.0, layer=1e-15)


def test_between_two_known_states_the_path_is_that_of_schulte() -> None:
    # Med. Phys. 35:4849, 2008: (S1^-1 + R1' S2^-1 R1)^-1 (S1^-1 R0 y0 + R1' S2^-1 y2)
    optics, entrance, exit_, z = sharp_optics(80.0), -70.0, 80.0, 15.0

    def scatter(start: float, end: float) -> np.ndarray:
        low, high = (MOMENTS.at(number(at - entrance)).numpy() for at in (start, end))
        m0, m1, m2, _ = high - low
        factor = 13.6**2 / 360.8 * (1 + 0.038 * np.log((end - start) / 360.8)) ** 2
        lever = end - entrance
        both = lever * m0 - m1
        return factor * np.array([[lever**2 * m0 - 2 * lever * m1 + m2, both], [both, m0]])

    def drift(d: float) -> np.ndarray:
        return np.array([[1.0, d], [0.0, 1.0]])

    known = np.array([4.0, -7.0, 0.01])
    first = np.array([known[0] * (1 + entrance / 600), known[0] / 600])
    r0, r1 = drift(z - entrance), drift(exit_ - z)
    s1, s2 = np.linalg.inv(scatter(entrance, z)), np.linalg.inv(scatter(z, exit_))
    state = np.linalg.solve(s1 + r1.T @ s2 @ r1, s1 @ r0 @ first + r1.T @ s2 @ known[1:])
    found = path_weights(number(z), number(entrance), number(exit_), optics=optics, moments=MOMENTS)
    assert float(found.weight @ torch.from_numpy(known)) == pytest.approx(state[0], abs=1e-9)
    assert float(found.slope @ torch.from_numpy(known)) == pytest.approx(state[1], abs=1e-9)


def test_without_loss_of_energy_a_path_is_the_same_from_both_ends() -> None:
    depth = torch.arange(201, dtype=torch.float64)
    rows = [depth, depth**2 / 2, depth**3 / 3, torch.ones_like(depth)]
    moments = ScatteringMoments(1.0, 1e-5 * torch.stack(rows, dim=1))
    optics, z = sharp_optics(60.0), torch.linspace(-60, 60, 13, dtype=torch.float64)
    weight = path_weights(z, z[0], z[-1], optics=optics, moments=moments).weight

    def path(spot: float, other: float) -> np.ndarray:
        """From a spot to where the mirrored path of another spot begins."""
        place, slope = other * (1 - 60 / 600), -other / 600
        return (weight @ torch.tensor([spot, place, slope], dtype=torch.float64)).numpy()

    assert path(3.0, -5.0) == pytest.approx(path(-5.0, 3.0)[::-1], abs=1e-9)
    assert np.abs(np.diff(path(3.0, -5.0), n=2)).max() > 1e-3


def test_a_proton_on_the_axis_of_its_spot_stays_there() -> None:
    optics = Optics()
    z = torch.linspace(-90, 90, 19, dtype=torch.float64)
    found = path_weights(z, number(-75.0), number(75.0), optics=optics, moments=MOMENTS)
    axis = torch.tensor([1.0, 1 + optics.rear / 6600, 1 / 6600], dtype=torch.float64)
    assert (found.weight @ axis).numpy() == pytest.approx(1 + z.numpy() / 6600, abs=1e-9)
    assert (found.slope @ axis).numpy() == pytest.approx(1 / 6600, abs=1e-12)


def test_a_beam_without_width_is_followed_from_its_spot() -> None:
    beam = Beam(spot_size=0.0, divergence=1e-9)
    found = path_weights(
        number(-75.0), number(-75.0), number(75.0), optics=Optics(beam=beam), moments=MOMENTS
    )
    assert found.weight.tolist() == pytest.approx([1 - 75 / 6600, 0, 0], abs=1e-6)
    assert float(found.covariance[0, 0]) == pytest.approx(0.0, abs=1e-9)


def test_paths_outside_of_the_object_are_straight() -> None:
    z = torch.tensor([-200.0, -150.0, -100.0, 100.0, 150.0, 200.0], dtype=torch.float64)
    found = path_weights(z, number(-75.0), number(75.0), optics=Optics(), moments=MOMENTS)
    for part in (slice(0, 3), slice(3, 6)):
        assert found.weight[part].diff(n=2, dim=0).abs().max() < 1e-9
        assert found.slope[part].diff(dim=0).abs().max() < 1e-12


def test_gradients_with_respect_to_the_hull_are_those_of_differences() -> None:
    def place(entrance: torch.Tensor, exit_: torch.Tensor) -> torch.Tensor:
        z = torch.linspace(-50, 50, 5, dtype=torch.float64)
        return path_weights(z, entrance, exit_, optics=Optics(), moments=MOMENTS).weight

    ends = [number(-70.3).requires_grad_(), number(66.7).requires_grad_()]
    # The moments are interpolated between points 0.25 mm apart: steps stay between two of them.
    assert torch.autograd.gradcheck(place, ends, eps=1e-5, atol=1e-6)


def test_the_table_gives_the_places_of_the_exact_paths() -> None:
    geometry = PathModel(Optics(), MOMENTS, None)  # type: ignore[arg-type]
    z = np.linspace(-89, 89, 90)
    rng = np.random.default_rng(0)
    protons = axis_protons(0.0, lambda u, _: 0 * u, n=500)
    protons = dataclasses.replace(
        protons,
        entrance=rng.uniform(-75, -40, 500),
        exit=rng.uniform(40, 75, 500),
        known=protons.known + rng.normal(size=(500, 2, 3)) * [3.0, 3.0, 0.03],
    )
    exact = path_weights(
        torch.from_numpy(z),
        torch.from_numpy(protons.entrance)[:, None],
        torch.from_numpy(protons.exit)[:, None],
        optics=geometry.optics,
        moments=MOMENTS,
    ).weight.numpy()
    place = np.einsum("nzk,nak->naz", exact, protons.known)
    table = PathTable(geometry, z, from_magnet=False)
    difference = table.places(protons) - place
    assert np.sqrt((difference**2).mean()) < 2e-4  # mm, beside an uncertainty of 0.4 to 1.7
    assert np.abs(difference).max() < 3e-3
    again = table.places(protons.select(np.arange(100)))
    assert (again == table.places(protons)[:100]).all()
    magnet = geometry.optics.beam.magnet
    seen = PathTable(geometry, z, from_magnet=True).places(protons)
    assert seen == pytest.approx(place * magnet / (magnet + z), abs=3e-3)


def test_the_table_counts_protons_in_the_bins_of_the_exact_paths() -> None:
    geometry, bins = PathModel(Optics(), MOMENTS, None), Bins.for_grid(Grid())  # type: ignore[arg-type]
    rng, n = np.random.default_rng(1), 2000
    protons = axis_protons(0.0, lambda u, _: 0 * u + 100, n=n)
    half = np.sqrt(np.maximum(75.0**2 - protons.known[:, 0, 0] ** 2, 0.0))
    protons = dataclasses.replace(
        protons,
        entrance=-half,
        exit=half,
        known=protons.known + rng.normal(size=(n, 2, 3)) * [0.0, 5.0, 0.03],
    )
    found = bin_protons(protons, PathTable(geometry, bins.z, from_magnet=True), bins)
    ends = (torch.from_numpy(end)[:, None] for end in (-half, half))
    exact = path_weights(torch.from_numpy(bins.z), *ends, optics=Optics(), moments=MOMENTS)
    place = np.einsum("nzk,nk->nz", exact.weight.numpy(), protons.known[:, 0])
    u = place / (1 + bins.z / geometry.optics.beam.magnet)
    edges = np.linspace(-90, 90, bins.n_u + 1)
    for plane in range(0, bins.n_z, 7):
        expected = np.histogram(u[:, plane], edges)[0]
        count = found.weight[0, 0, :, plane]
        assert np.abs(count - expected).sum() <= 4  # two of 2000 cross a border
        assert found.total[0, 0, :, plane] == pytest.approx(100 * count)


@pytest.mark.data
@pytest.mark.parametrize(("water", "limit"), [(100, 0.80), (150, 1.20), (200, 1.76)])
def test_paths_of_geant4_protons(shared_data: Path, water: int, limit: float) -> None:
    folder = shared_data / "geant4"
    tracks = true_tracks(read_hits(folder / f"water_{water}_val.npz"))
    truth = np.load(folder / f"water_{water}_val_truth.npz")["arr_0"]
    row = np.searchsorted(truth["eventID"], tracks.hits.known_truth.event[tracks.first].numpy())
    first, second = tracks.first, tracks.index[tracks.offset[:-1] + 1]
    lined = ((tracks.hits.layer[first] == 0) & (tracks.hits.layer[second] == 1)).numpy()
    start, end = (tracks.hits.position[at].double().numpy() for at in (first, second))
    z = torch.tensor([-water / 2, water / 2], dtype=torch.float64)
    paths = path_weights(z, z[0], z[1], optics=Optics(), moments=MOMENTS)
    for axis, name in enumerate("xy"):
        slope = (end - start)[:, axis] / (end - start)[:, 2]
        known = np.stack([np.zeros(len(start)), start[:, axis], slope], axis=1)
        for place, face in enumerate(("in", "out")):
            miss = known @ paths.weight[place].numpy() - truth[f"{face}_{name}"][row]
            miss = miss[lined]
            sigma = 1.4826 * np.median(np.abs(miss - np.median(miss)))
            predicted = float(paths.covariance[place, 0, 0].sqrt())
            assert sigma / predicted == pytest.approx(1.03, abs=0.06)
            if face == "in":
                assert sigma <= limit
