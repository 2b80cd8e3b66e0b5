"""Fluctuations of the energy loss: against their integrals, published shapes, and Geant4."""

import math

import hypothesis.strategies as st
import numba
import numpy as np
import pytest
import torch
from hypothesis import given

from trackscape.simulation import shipped_materials
from trackscape.simulation.physics import csda_range, energy_behind, mass_stopping_power
from trackscape.simulation.physics.electrons import (
    BOHR_CONSTANT,
    bohr_variance,
    production_threshold,
    straggling_variance,
    urban_loss,
)
from trackscape.simulation.physics.kinematics import PROTON_MASS, beta_squared, largest_transfer

SILICON = shipped_materials()["silicon"]
WATER = shipped_materials()["water"]
EPITAXIAL = 25e-4 * SILICON.density
"""g/cm2 of the sensitive 25 um."""
SAMPLES = 400_000

energies = st.floats(5.0, 300.0)


@numba.njit
def draw(
    stream: np.ndarray,
    mean: float,
    variance: float,
    transfer: float,
    excitation: float,
    count: int,
) -> np.ndarray:
    losses = np.empty(count)
    for i in range(count):
        losses[i] = urban_loss(stream, mean, variance, transfer, excitation)
    return losses


def silicon_losses(
    stream: np.ndarray, energy: float, *, thickness: float = EPITAXIAL
) -> tuple[np.ndarray, float]:
    """Losses in keV of protons of an energy in MeV, and their expected mean."""
    mean = thickness * float(mass_stopping_power(SILICON, energy))
    variance = bohr_variance(energy, PROTON_MASS, 1.0, thickness * SILICON.charge_per_mass)
    transfer = largest_transfer(energy, PROTON_MASS)
    excitation = 1e-6 * SILICON.excitation_energy
    return 1e3 * draw(stream, mean, variance, transfer, excitation, SAMPLES), 1e3 * mean


def peak(losses: np.ndarray) -> tuple[float, float]:
    """Mode and full width at half maximum, from a smooth histogram."""
    counts, edges = np.histogram(losses, bins=200, range=np.quantile(losses, [5e-4, 0.97]))
    kernel = np.exp(-0.5 * (np.arange(-12, 13) / 3.0) ** 2)
    smooth = np.convolve(counts, kernel, "same")
    high = edges[:-1][smooth >= 0.5 * smooth.max()]
    width = edges[1] - edges[0]
    return edges[smooth.argmax()] + 0.5 * width, high[-1] - high[0] + width


def collisions(energy: float, electrons: float, low: float) -> tuple[np.ndarray, np.ndarray]:
    """Transfers above `low` and Rutherford's number of them, ξ (1 − β²T/W) / T²."""
    square, largest = beta_squared(energy, PROTON_MASS), largest_transfer(energy, PROTON_MASS)
    transfer = np.geomspace(low, largest, 4001)
    xi = BOHR_CONSTANT * electrons / square
    return transfer, xi * (1.0 - square * transfer / largest) / transfer**2


@pytest.mark.parametrize(
    ("energy", "mode", "width"),
    [
        (20.0, 107, 35),
        (50.0, 47.6, 18),
        (100.0, 26.6, 11.7),
        (150.0, 19.0, 9.4),
        (200.0, 15.4, 8.2),
    ],
)
def test_peaks_in_silicon_are_where_urbans_model_has_them(new_stream, energy, mode, width):
    # keV; an independent implementation of the model, itself checked against a GATE file.
    losses, mean = silicon_losses(new_stream(1), energy)
    assert peak(losses) == pytest.approx((mode, width), rel=0.05)
    assert 19.0 < losses.std() < 24.5
    assert abs(losses.mean() - mean) < 5 * losses.std() / math.sqrt(SAMPLES)


@pytest.mark.parametrize(
    ("energy", "measured"),
    [
        (133.0, (0.57, 0.73, 0.89, 1.11, 2.17)),
        (89.0, (0.83, 1.05, 1.25, 1.54, 3.02)),
        (63.0, (1.18, 1.46, 1.72, 2.11, 3.82)),
    ],
)
def test_losses_in_14_um_of_silicon_are_those_of_a_gate_simulation(new_stream, energy, measured):
    # keV/um, quantiles of 5, 25, 50, 75 and 95 %: layers 0, 10 and 14 behind 250 mm of water.
    losses, _ = silicon_losses(new_stream(2), energy, thickness=14e-4 * SILICON.density)
    quantiles = np.quantile(losses / 14, [0.05, 0.25, 0.5, 0.75, 0.95])
    assert quantiles == pytest.approx(measured, rel=0.07)


@pytest.mark.parametrize("share", [0.003, 0.1, 3.0])
@pytest.mark.parametrize("energy", [5.0, 60.0, 230.0])
def test_the_mean_loss_is_the_one_that_was_asked_for(new_stream, energy, share):
    losses, mean = silicon_losses(new_stream(3), energy, thickness=share * EPITAXIAL)
    assert abs(losses.mean() - mean) < 5 * losses.std() / math.sqrt(SAMPLES)


@pytest.mark.parametrize("transfer", [1e-3, 5e-3, 0.5])
def test_very_thin_layers_are_often_crossed_without_a_collision(new_stream, transfer):
    # Poisson: exp(-excitations - ionisations), both of a mean that is reduced by the scale.
    mean, excitation = 1e-4, 173e-6
    reduced = mean / min(1.0 + 5e-4 / transfer, 1.5)
    excitations = reduced * 0.44 / excitation
    excitations /= 0.1 + 3.9 * math.sqrt(excitations / 42.0)
    ionisations = reduced * 0.56 * (1e5 - 1.0 / transfer) / math.log(1e5 * transfer)
    expected = math.exp(-excitations - ionisations)
    losses = draw(new_stream(6), mean, 0.0, transfer, excitation, SAMPLES)
    error = math.sqrt(expected * (1.0 - expected) / SAMPLES)
    assert abs((losses == 0.0).mean() - expected) < 5 * error
    assert losses[losses > 0.0].min() < 1e-5  # an excitation, less than the least ionisation


def test_losses_in_thick_layers_are_gaussian_with_bohrs_variance(new_stream):
    losses = draw(new_stream(4), 7.0, 0.09, 0.05, 166e-6, 100_000)
    assert losses.mean() == pytest.approx(7.0, abs=5 * 0.3 / math.sqrt(1e5))
    assert losses.std() == pytest.approx(0.3, rel=0.012)
    assert np.mean(np.abs(losses - 7.0) < 0.3) == pytest.approx(0.6827, abs=0.008)


def test_nothing_fluctuates_where_no_electron_can_be_freed(new_stream):
    assert urban_loss(new_stream(5), 0.01, 1e-6, 1e-4, 173e-6) == 0.01
    assert urban_loss(new_stream(5), 0.0, 1e-6, 0.4, 173e-6) == 0.0


@given(
    st.integers(0, 1000),
    st.floats(1e-9, 30.0),
    st.floats(1e-10, 10.0),
    st.floats(1.5e-5, 1.0),
    st.floats(1.9e-5, 8.3e-4),
)
def test_losses_are_finite_and_never_negative(
    new_stream, seed, mean, variance, transfer, excitation
):
    losses = draw(new_stream(seed), mean, variance, transfer, excitation, 20)
    assert np.isfinite(losses).all()
    assert (losses >= 0.0).all()


def test_bohrs_variance_in_25_um_of_silicon():
    # Standard deviations in keV.
    published = {10: 21.4, 20: 21.6, 50: 21.9, 100: 22.5, 150: 23.1, 200: 23.7, 230: 24.1}
    for energy, expected in published.items():
        variance = bohr_variance(energy, PROTON_MASS, 1.0, EPITAXIAL * SILICON.charge_per_mass)
        assert 1e3 * math.sqrt(variance) == pytest.approx(expected, abs=0.06)


@given(energies, st.floats(1e-4, 10.0))
def test_bohrs_variance_is_the_integral_of_all_collisions(energy, electrons):
    # ∫ T² dn, to which collisions below a millionth of W add no more than a millionth.
    transfer, number = collisions(energy, electrons, 1e-6 * largest_transfer(energy, PROTON_MASS))
    integral = np.trapezoid(transfer**2 * number, transfer)
    assert bohr_variance(energy, PROTON_MASS, 1.0, electrons) == pytest.approx(integral, rel=1e-4)


@given(energies, st.floats(0.1, 10.0), st.floats(0.5, 0.999), st.floats(10.0, 100.0))
def test_geant4s_variance_counts_its_knocked_out_electrons_on_top(energy, electrons, part, times):
    # What G4UniversalFluctuation draws below the cut, k (W/β² − T_c/2), and ∫ T² dn above it.
    largest, square = largest_transfer(energy, PROTON_MASS), beta_squared(energy, PROTON_MASS)
    cut = part * largest
    transfer, number = collisions(energy, electrons, cut)
    soft = BOHR_CONSTANT * electrons * (largest / square - 0.5 * cut)
    expected = soft + np.trapezoid(transfer**2 * number, transfer)
    variance = straggling_variance(energy, times * cut, PROTON_MASS, 1.0, electrons, cut)
    assert variance == pytest.approx(expected, rel=1e-5)
    assert variance > bohr_variance(energy, PROTON_MASS, 1.0, electrons)


@given(energies, st.floats(1e-3, 100.0), st.sampled_from([1.0, 2.0]), st.floats(1e-4, 10.0))
def test_elsewhere_the_variance_is_bohrs(energy, loss, charge, electrons):
    largest = largest_transfer(energy, PROTON_MASS)
    bohr = bohr_variance(energy, PROTON_MASS, charge, electrons)
    # No electron above the cut; the step loses less than ten cuts; the cut is small against W.
    for cut in (largest, math.inf, 0.1001 * loss, 0.4999 * largest):
        assert straggling_variance(energy, loss, PROTON_MASS, charge, electrons, cut) == bohr


@given(energies, st.lists(st.floats(1e-4, 1.0), min_size=1, max_size=10))
def test_variances_of_layers_add_up(energy, layers):
    parts = [bohr_variance(energy, PROTON_MASS, 1.0, layer) for layer in layers]
    assert bohr_variance(energy, PROTON_MASS, 1.0, sum(layers)) == pytest.approx(sum(parts))


def test_the_variance_grows_with_the_square_of_the_charge():
    once, twice = (bohr_variance(100.0, 3727.379, charge, 0.1) for charge in (1.0, 2.0))
    assert twice == pytest.approx(4.0 * once, rel=1e-12)


@pytest.mark.parametrize("energy", [100.0, 200.0, 230.0])
def test_ranges_in_water_straggle_by_one_percent(energy):
    # ∫ (dΩ²/dx) / S³ dT, and 0.012 R^0.935 of Bortfeld, Med. Phys. 24:2024 (1997), R in cm.
    grid = torch.linspace(0.5, energy, 5000, dtype=torch.float64)
    power = mass_stopping_power(WATER, grid).numpy()
    per_depth = [bohr_variance(T, PROTON_MASS, 1.0, WATER.charge_per_mass) for T in grid.tolist()]
    spread = math.sqrt(np.trapezoid(np.array(per_depth) / power**3, grid.numpy()))
    length = float(csda_range(WATER, energy))
    assert spread == pytest.approx(0.012 * length**0.935, rel=0.1)
    assert 0.010 < spread / length < 0.0115


@pytest.mark.parametrize(("depth", "expected"), [(10.0, 1.69), (15.0, 2.04), (20.0, 2.43)])
def test_the_spread_behind_water_is_that_of_geant4(depth, expected):
    # A beam of 229.87 MeV ± 0.92 MeV. Each loss is stretched by S at the end over S where it was.
    layers = 200
    depths = depth * (torch.arange(layers, dtype=torch.float64) + 0.5) / layers
    energy = energy_behind(WATER, 229.87, depths)
    end = mass_stopping_power(WATER, float(energy_behind(WATER, 229.87, depth)))
    stretch = (end / mass_stopping_power(WATER, energy)).numpy()
    electrons = WATER.charge_per_mass * depth / layers
    cut = production_threshold(WATER)
    parts = [
        straggling_variance(T, 10.0 * cut, PROTON_MASS, 1.0, electrons, cut)
        for T in energy.tolist()
    ]
    beam = 0.92 * float(end / mass_stopping_power(WATER, 229.87))
    spread = math.sqrt(np.sum(parts * stretch**2) + beam**2)
    assert spread == pytest.approx(expected, rel=0.03)
