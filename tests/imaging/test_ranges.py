"""Residual ranges: estimators on deposits of known protons, and on Geant4 files."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackscape.errors import ConfigError, DataError
from trackscape.formats import read_hits
from trackscape.imaging import calibrate, read_calibration, write_calibration
from trackscape.imaging.calibration import estimate
from trackscape.imaging.ranges import (
    DepositTable,
    Ranges,
    bragg_ranges,
    midpoint_ranges,
    posterior_ranges,
)
from trackscape.imaging.truth import flat, true_tracks
from trackscape.imaging.water import water_depths
from trackscape.imaging.water_boxes import trimmed
from trackscape.simulation import Beam, load_detector

PLANE = np.array([0.5, 2.0, *(10.6 + 8.2 * np.arange(41))])


def bragg_deposits(stop: np.ndarray, *, thickness: float = 0.025):
    """Tracks that deposit exactly what Bragg and Kleeman say, and stop at `stop` in mm of water."""
    layers = [np.flatnonzero(stop_ - 0.05 > PLANE) for stop_ in stop]
    layer = np.concatenate(layers)
    offset = np.concatenate([[0], np.cumsum([len(part) for part in layers])])
    left = np.repeat(stop, np.diff(offset)) - PLANE[layer]
    return offset, layer, 7.0 * left ** (1 / 1.7547 - 1) * thickness, left  # keV/um x mm = MeV


@pytest.fixture(scope="module")
def table() -> DepositTable:
    rng = np.random.default_rng(1)
    _, _, energy, left = bragg_deposits(rng.uniform(60, 330, 3000))
    return DepositTable.count(left, energy * rng.lognormal(0, 0.1, len(energy)))


def test_the_posterior_finds_where_protons_stop_to_a_millimetre(table) -> None:
    rng = np.random.default_rng(2)
    stop = rng.uniform(60, 320, 2000)
    offset, layer, energy, _ = bragg_deposits(stop)
    energy = energy * rng.lognormal(0, 0.1, len(energy))
    found = posterior_ranges(offset, layer, energy, plane=PLANE, table=table)
    pull = (found.value - stop) / found.sd
    assert (found.value - stop).std() < 1.0
    assert abs(pull.mean()) < 0.1
    assert pull.std() == pytest.approx(1.0, abs=0.15)


def test_the_posterior_is_the_sum_over_places_written_out(table) -> None:
    offset, layer, energy, _ = bragg_deposits(np.array([200.0]))
    found = posterior_ranges(offset, layer, energy, plane=PLANE, table=table)
    last = layer[-1]
    inside = PLANE[last] + (np.arange(25) + 0.5) / 25 * (PLANE[last + 1] - PLANE[last])
    behind = PLANE[last + 1] + (np.arange(12) + 0.5) / 12 * (PLANE[last + 2] - PLANE[last + 1])
    place = np.concatenate([inside, behind])
    logs = np.concatenate([np.full(25, -math.log(25)), np.full(12, -8.0 - math.log(12))])
    borders = np.linspace(math.log(3), math.log(3000), 81)
    for hit in range(len(layer) - 3, len(layer)):
        which = np.searchsorted(borders, math.log(energy[hit] * 1e3), side="right") - 1
        logs += table.log_probability(place - PLANE[layer[hit]])[:, which]
    weight = np.exp(logs - logs.max())
    mean = (weight * place).sum() / weight.sum()
    variance = (weight * (place - mean) ** 2).sum() / weight.sum()
    assert found.value[0] == pytest.approx(mean, abs=1e-4)
    assert found.sd[0] == pytest.approx(math.sqrt(variance), abs=1e-4)


@given(sigma=st.floats(1.5, 4.0))
def test_a_mean_of_midpoints_is_off_by_what_the_pitch_leaves_undithered(sigma: float) -> None:
    # Bias of the mean of midpoints over all phases: (T/pi) exp(-2 pi^2 sigma^2 / T^2).
    pitch, phase = 8.16, np.arange(200) / 200
    edges = np.arange(-40, 41)[:, None] * pitch
    from scipy.special import ndtr

    centre = phase[None, :] * pitch
    share = np.diff(ndtr((edges - centre) / sigma), axis=0)
    bias = (share * (edges[:-1] + pitch / 2)).sum(axis=0) - centre[0]
    amplitude = pitch / math.pi * math.exp(-2 * math.pi**2 * sigma**2 / pitch**2)
    assert np.abs(bias).max() == pytest.approx(amplitude, rel=0.02)


def test_the_bragg_fit_finds_a_proton_that_follows_the_curve() -> None:
    stop = np.random.default_rng(3).uniform(60, 320, 100)
    offset, layer, energy, _ = bragg_deposits(stop)
    found = bragg_ranges(offset, layer, energy, plane=PLANE, thickness=0.025)
    assert np.abs(found.value - stop).max() < 0.25  # its grid has steps of 0.2 mm


def test_the_midpoint_is_the_middle_of_the_gap_behind_the_last_plane() -> None:
    offset, layer, _, _ = bragg_deposits(np.array([100.0, 150.0]))
    found = midpoint_ranges(offset, layer, plane=PLANE)
    last = layer[offset[1:] - 1]
    assert found.value == pytest.approx((PLANE[last] + PLANE[last + 1]) / 2)
    assert found.sd == pytest.approx(8.2 / math.sqrt(12))


def test_a_layer_that_the_detector_lacks_is_refused(table) -> None:
    with pytest.raises(DataError, match="layers 0 to 42"):
        posterior_ranges(
            np.array([0, 1]), np.array([43]), np.array([0.1]), plane=PLANE, table=table
        )


@pytest.mark.data
@pytest.mark.parametrize("water", [100, 150, 200])
def test_ranges_of_geant4_protons(shared_data: Path, water: int) -> None:
    folder = shared_data / "geant4"
    tracks = true_tracks(read_hits(folder / f"water_{water}_val.npz"))
    calibration = read_calibration()
    truth = np.load(folder / f"water_{water}_val_truth.npz")["arr_0"]
    row = np.searchsorted(truth["eventID"], tracks.hits.known_truth.event[tracks.first].numpy())
    stop = water_depths(load_detector("bergen-auto")).of_z(truth["end_z"][row])
    good = (truth["fate"][row] == 2) & (np.abs(stop - np.median(stop)) < 12.6)
    found = calibration.ranges(tracks)
    error = (found.value - stop)[good]
    assert error.std() == pytest.approx(1.06, abs=0.05)
    assert abs(error.mean()) <= 0.15
    assert (error / found.sd[good]).std() == pytest.approx(1.0, abs=0.1)
    assert found.value[good].std() <= stop[good].std() + 0.16  # the floor is straggling
    assert stop[good].std() == pytest.approx({100: 4.51, 150: 4.46, 200: 4.46}[water], abs=0.1)
    offset, layer, _ = flat(tracks)
    middle = midpoint_ranges(offset, layer, plane=calibration.plane).value - stop
    assert middle[good].std() == pytest.approx(2.35, abs=0.1)
    wepl, sd = calibration.wepl(found)
    kept = trimmed(wepl)
    assert wepl[kept].mean() == pytest.approx(water, abs=0.25)
    assert ((wepl - water) / sd)[kept].std() == pytest.approx(1.0, abs=0.05)


def test_ranges_turn_into_wepl_along_a_line_of_slope_minus_one() -> None:
    ranges, wepl = read_calibration().curve[:, :-1]  # the last knot is the empty beam
    slope, offset = np.polyfit(ranges, wepl, 1)
    assert slope == pytest.approx(-1.0046, abs=0.003)
    assert np.abs(np.polyval((slope, offset), ranges) - wepl).max() < 0.45


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["posterior", "midpoint"])
def test_a_calibration_of_few_protons_is_the_shipped_one(estimator: str, tmp_path: Path) -> None:
    made = calibrate(estimator=estimator, primaries=1500, seed=3)
    shipped = read_calibration()
    assert made.plane == pytest.approx(shipped.plane)
    assert (np.diff(made.curve[0]) > 0).all()
    at = np.linspace(60, 300, 30)
    ranges = Ranges(at, np.ones_like(at), np.zeros_like(at))
    assert made.wepl(ranges)[0] == pytest.approx(shipped.wepl(ranges)[0], abs=0.6)
    assert made.spread[1][3:9] == pytest.approx(shipped.spread[1][3:9], rel=0.12)
    write_calibration(made, tmp_path / "made.npz")
    again = read_calibration(tmp_path / "made.npz")
    assert again.wepl(ranges)[0].tolist() == made.wepl(ranges)[0].tolist()
    assert again.provenance == made.provenance
    again.check(load_detector("bergen-auto"), Beam())
    with pytest.raises(ConfigError, match="calibration for bergen-final at 230 MeV, got one for"):
        again.check(load_detector("bergen-final"), Beam())
    with pytest.raises(ConfigError, match="at 200 MeV"):
        again.check(load_detector("bergen-auto"), Beam(energy=200.0))


@pytest.mark.data
def test_more_layers_than_three_change_little(shared_data: Path) -> None:
    tracks = true_tracks(read_hits(shared_data / "geant4" / "water_150_val.npz"))
    calibration = read_calibration()
    offset, layer, energy = flat(tracks)
    few, many = (
        posterior_ranges(
            offset, layer, energy, plane=calibration.plane, table=calibration.table, n_last=n
        )
        for n in (3, 6)
    )
    assert few.sd.mean() == pytest.approx(many.sd.mean(), rel=0.03)
    unknown = pytest.raises(DataError, match="one of the estimators")
    with unknown:
        estimate("best", tracks, calibration.plane, calibration.table, 0.025)
