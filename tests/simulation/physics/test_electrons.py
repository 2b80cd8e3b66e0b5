"""Electrons knocked out by protons and photons: cross-sections, spectra and kinematics."""

import math

import hypothesis.strategies as st
import numba
import numpy as np
import pytest
from hypothesis import given

from trackscape.simulation import shipped_materials
from trackscape.simulation.physics import csda_range
from trackscape.simulation.physics.electrons import (
    BOHR_CONSTANT,
    KLEIN_NISHINA_CONSTANT,
    compton_cross_section,
    knock_out,
    knocked_out,
    production_threshold,
    scatter_photon,
)
from trackscape.simulation.physics.kinematics import (
    ELECTRON_MASS,
    PROTON_MASS,
    beta_squared,
    largest_transfer,
    momentum_squared,
)

SHIPPED = shipped_materials()
CLASSICAL_RADIUS = 2.8179403205e-13  # cm
AVOGADRO = 6.02214076e23
ALPHA_MASS = 3727.379
SAMPLES = 200_000

seeds = st.integers(0, 10_000)
energies = st.floats(20.0, 300.0)
masses = st.sampled_from([PROTON_MASS, ALPHA_MASS])
photons = st.floats(0.03, 20.0)


@numba.njit
def draw_knocked_out(
    stream: np.ndarray, energy: float, mass: float, cut: float, count: int
) -> np.ndarray:
    electrons = np.empty((count, 2))
    for i in range(count):
        electrons[i] = knock_out(stream, energy, mass, cut)
    return electrons


@numba.njit
def draw_scattered(stream: np.ndarray, energy: float, count: int) -> np.ndarray:
    photons = np.empty((count, 3))
    for i in range(count):
        photons[i] = scatter_photon(stream, energy)
    return photons


def rutherford(energy: float, mass: float, cut: float) -> tuple[np.ndarray, np.ndarray]:
    """Energies above the cut, and (1 − β²T/W) / T², the relative number of electrons."""
    largest = largest_transfer(energy, mass)
    transfer = np.geomspace(cut, largest, 10_001)
    return transfer, (1.0 - beta_squared(energy, mass) * transfer / largest) / transfer**2


def klein_nishina(energy: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cosines, the photon's energy at them, and the cross-section in cm2/mol for each cosine."""
    cosine = np.linspace(-1.0, 1.0, 100_001)
    share = 1.0 / (1.0 + energy / ELECTRON_MASS * (1.0 - cosine))
    density = share**2 * (share + 1.0 / share - 1.0 + cosine**2)
    return cosine, share * energy, math.pi * AVOGADRO * CLASSICAL_RADIUS**2 * density


# Range cut


@pytest.mark.parametrize(("name", "published"), [("water", 0.352), ("aluminium", 0.597)])
def test_thresholds_are_those_that_geant4_prints(name, published):
    assert production_threshold(SHIPPED[name]) == pytest.approx(published, rel=0.1)


def test_thresholds_rise_with_the_density_and_have_ends():
    thresholds = [
        production_threshold(SHIPPED[name])
        for name in ("air", "ldpe", "water", "cortical-bone", "aluminium")
    ]
    assert thresholds == sorted(thresholds)
    assert production_threshold(SHIPPED["tungsten"]) == math.inf


@pytest.mark.parametrize("name", ["air", "water", "silicon", "aluminium"])
def test_electrons_at_the_threshold_go_as_far_as_the_cut(name):
    # 1.2 times as much path, at the velocity of a proton m_p/m_e times as energetic.
    material, ratio = SHIPPED[name], PROTON_MASS / ELECTRON_MASS
    path = csda_range(material, ratio * production_threshold(material)) / ratio
    assert float(path) == pytest.approx(1.2 * 0.07 * material.density, rel=1e-6)


# Electrons of protons


def test_constants_are_those_of_codata():
    # 2π N_A r_e², and the same times m_e.
    constant = 2.0 * math.pi * AVOGADRO * CLASSICAL_RADIUS**2
    assert pytest.approx(constant, rel=2e-5) == KLEIN_NISHINA_CONSTANT
    assert pytest.approx(constant * ELECTRON_MASS, rel=1e-5) == BOHR_CONSTANT


def test_the_largest_transfer_as_published():
    # MeV, in the head-on collision of a proton with an electron.
    published = {10: 0.022, 50: 0.112, 100: 0.229, 150: 0.352, 200: 0.481, 230: 0.562}
    for energy, expected in published.items():
        assert largest_transfer(energy, PROTON_MASS) == pytest.approx(expected, abs=6e-4)


@given(energies, masses)
def test_the_largest_transfer_is_that_of_a_head_on_collision(energy, mass):
    # Before and after, energy and momentum are the same.
    transfer = largest_transfer(energy, mass)
    before = math.sqrt(momentum_squared(energy, mass))
    after = math.sqrt(momentum_squared(energy - transfer, mass))
    electron = math.sqrt(momentum_squared(transfer, ELECTRON_MASS))
    assert after + electron == pytest.approx(before, rel=1e-9)


@given(energies, masses, st.sampled_from([1.0, 2.0]), st.floats(1e-4, 10.0), st.floats(1e-3, 0.99))
def test_numbers_are_integrals_of_the_rutherford_cross_section(
    energy, mass, charge, electrons, share
):
    cut = share * largest_transfer(energy, mass)
    transfer, number = rutherford(energy, mass, cut)
    xi = BOHR_CONSTANT * electrons * charge**2 / beta_squared(energy, mass)
    expected = xi * np.trapezoid(number, transfer)
    assert knocked_out(energy, mass, charge, electrons, cut) == pytest.approx(expected, rel=1e-5)


@given(energies, masses, st.floats(1.0, 10.0))
def test_no_electron_gets_more_than_the_largest_transfer(energy, mass, times):
    largest = largest_transfer(energy, mass)
    assert knocked_out(energy, mass, 1.0, 1.0, times * largest) == 0.0
    assert knocked_out(energy, mass, 1.0, 1.0, math.inf) == 0.0


@pytest.mark.parametrize(("energy", "cut"), [(60.0, 0.01), (200.0, 0.03), (230.0, 0.35)])
def test_spectra_are_those_of_rutherford(new_stream, energy, cut):
    drawn = draw_knocked_out(new_stream(1), energy, PROTON_MASS, cut, SAMPLES)[:, 0]
    transfer, number = rutherford(energy, PROTON_MASS, cut)
    total = np.trapezoid(number, transfer)
    mean = np.trapezoid(transfer * number, transfer) / total
    assert abs(drawn.mean() - mean) < 5 * drawn.std() / math.sqrt(SAMPLES)
    for low in np.geomspace(cut, transfer[-1], 6)[1:-1]:
        share = np.trapezoid(np.where(transfer > low, number, 0.0), transfer) / total
        error = math.sqrt(share * (1.0 - share) / SAMPLES)
        assert abs((drawn > low).mean() - share) < 5 * error + 1e-4 * share


@given(seeds, energies, masses, st.floats(1e-3, 0.999))
def test_angles_of_electrons_conserve_energy_and_momentum(new_stream, seed, energy, mass, share):
    largest = largest_transfer(energy, mass)
    transfer, cosine = knock_out(new_stream(seed), energy, mass, share * largest)
    assert share * largest * (1 - 1e-12) <= transfer <= largest * (1 + 1e-12)
    assert 0.0 < cosine <= 1.0
    # What is left of the momentum is that of the particle with what is left of the energy.
    p2 = momentum_squared(energy, mass)
    q2 = momentum_squared(transfer, ELECTRON_MASS)
    left = p2 + q2 - 2.0 * math.sqrt(p2 * q2) * cosine
    assert left == pytest.approx(momentum_squared(energy - transfer, mass), rel=1e-9)


# Electrons of photons


@pytest.mark.parametrize("energy", [0.1, 0.5, 1.0, 5.0])
def test_the_total_cross_section_is_the_integral_of_klein_and_nishina(energy):
    cosine, _, density = klein_nishina(energy)
    expected = np.trapezoid(density, cosine)
    assert compton_cross_section(energy) == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize("energy", [1e-4, 1e-3, 5e-3])
def test_soft_photons_scatter_with_thomsons_cross_section(energy):
    # 8π r_e²/3, and the first two terms of its expansion in k = E/m_e: 1 − 2k + 26k²/5.
    k = energy / ELECTRON_MASS
    thomson = 8.0 / 3.0 * math.pi * CLASSICAL_RADIUS**2 * AVOGADRO
    expected = thomson * (1.0 - 2.0 * k + 5.2 * k * k)
    assert compton_cross_section(energy) == pytest.approx(expected, rel=3e-5 + 20.0 * k**3)


@given(seeds, photons)
def test_angles_and_energies_follow_from_each_other(new_stream, seed, energy):
    after, cosine, aside = scatter_photon(new_stream(seed), energy)
    # Compton's formula.
    expected = energy / (1.0 + energy / ELECTRON_MASS * (1.0 - cosine))
    assert after == pytest.approx(expected, rel=1e-12)
    assert -1.0 <= cosine <= 1.0
    # The electron carries the rest, along the photon's way and across it.
    momentum = math.sqrt(momentum_squared(energy - after, ELECTRON_MASS))
    assert after * cosine + momentum * aside == pytest.approx(energy, rel=1e-7)
    across = (after**2 * (1.0 - cosine**2), momentum**2 * (1.0 - aside**2))
    assert across[0] == pytest.approx(across[1], abs=1e-7 * energy**2)


@pytest.mark.parametrize("energy", [0.03, 0.1, 0.5, 1.0, 5.0])
def test_scattered_photons_are_those_of_klein_and_nishina(new_stream, energy):
    drawn = draw_scattered(new_stream(2), energy, SAMPLES)
    cosine, after, density = klein_nishina(energy)
    total = np.trapezoid(density, cosine)
    for values, sampled in ((after, drawn[:, 0]), (cosine, drawn[:, 1])):
        mean = np.trapezoid(values * density, cosine) / total
        assert abs(sampled.mean() - mean) < 5 * sampled.std() / math.sqrt(SAMPLES)
    backwards = np.trapezoid(np.where(cosine < 0.0, density, 0.0), cosine) / total
    error = math.sqrt(backwards * (1.0 - backwards) / SAMPLES)
    assert abs((drawn[:, 1] < 0.0).mean() - backwards) < 5 * error + 1e-4
