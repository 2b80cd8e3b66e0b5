"""Multiple scattering: integrals of single scattering, published widths, and Geant4's."""

import math

import hypothesis.strategies as st
import numba
import numpy as np
import pytest
import torch
from hypothesis import given

from trackscape.simulation.physics import energy_behind
from trackscape.simulation.physics.kinematics import (
    ELECTRON_MASS,
    PROTON_MASS,
    beta_squared,
    momentum_squared,
    momentum_velocity,
)
from trackscape.simulation.physics.nuclear import load_nuclear_data
from trackscape.simulation.physics.scattering import (
    FINE_STRUCTURE,
    RUTHERFORD_CONSTANT,
    form_factor_squared,
    highland,
    scattering_strength,
    screening_angle_squared,
    screening_of_element,
    soft_variance,
)
from trackscape.simulation.setup.materials import ELEMENTS, shipped_materials
from trackscape.simulation.transport.matter import (
    Matter,
    energy_after,
    find_energy,
    tabulate_matter,
)
from trackscape.simulation.transport.step import across, point_along, scatter
from trackscape.simulation.transport.world import UX, UZ, T

SHIPPED = shipped_materials()
NAMES = ("aluminium", "water", "silicon", "tungsten")
ALUMINIUM, WATER, SILICON, TUNGSTEN = range(4)
LAYER = 0.0428
"""Radiation lengths of a layer of the calorimeter."""

cosines = st.floats(-1.0, 1.0)
turns = st.floats(0.0, 2.0 * math.pi)


def make_matter(law: str) -> Matter:
    materials = [SHIPPED[name] for name in NAMES]
    mixtures = [[(material, 1.0)] for material in materials]
    return tabulate_matter(mixtures, [m.density for m in materials], load_nuclear_data(), model=law)


MATTER = make_matter("theory")


@numba.njit
def cross(
    stream: np.ndarray,
    matter: Matter,
    material: int,
    energy: float,
    distance: float,
    steps: int,
    loses: bool,
    count: int,
) -> np.ndarray:
    """Sends protons along z through matter, (count, 4): x and y in mm, and both slopes."""
    result = np.empty((count, 4))
    particle = np.empty(7)
    step = distance / steps
    thickness = 0.1 * step * matter.density[material]
    for i in range(count):
        particle[:] = 0.0
        particle[UZ], particle[T] = 1.0, energy
        for _ in range(steps):
            after = particle[T]
            if loses:
                left, part = find_energy(after)
                after = energy_after(matter, material, after, left, part, thickness)
            scatter(stream, matter, material, particle, after, PROTON_MASS, 1.0, step, True)
            particle[T] = after
        result[i, :2] = particle[:2]
        result[i, 2:] = particle[3:5] / particle[UZ]
    return result


def core(angles: np.ndarray) -> float:
    """Half-width of the central 68.27 % of angles in a plane."""
    return float(np.quantile(np.abs(angles), 0.6827))


def single(
    material: int, energy: float, distance: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Angles squared, and how many single deflections by nuclei and by electrons have them."""
    square = np.geomspace(1e-13, 4.0, 100_001)
    thickness = 0.1 * distance * MATTER.density[material]
    strength = scattering_strength(energy, energy, PROTON_MASS, 1.0) * thickness
    coupling, constant = MATTER.coupling[material], MATTER.screening[material]
    screening = screening_angle_squared(energy, PROTON_MASS, 1.0, constant, coupling)
    once = strength / (square + screening) ** 2
    transfer = momentum_squared(energy, PROTON_MASS) * square
    radius = MATTER.radius_squared[material]
    nuclei = once * MATTER.nuclei[material] / (1.0 + transfer * radius / 12.0) ** 4
    electrons = once * MATTER.electrons[material] * (square < (ELECTRON_MASS / PROTON_MASS) ** 2)
    return square, nuclei, electrons


# Widths


@pytest.mark.parametrize(
    ("energy", "expected"),
    [(200.0, 6.8), (150.0, 8.9), (100.0, 13.0), (60.0, 21.3), (40.0, 31.6), (20.0, 62.6)],
)
def test_highlands_width_of_a_calorimeter_layer(energy, expected):
    # mrad. The published widths are those of the formula before its logarithm had 1/β².
    width = highland(energy, PROTON_MASS, LAYER * 24.01, 24.01)
    old = 1.0 + 0.038 * math.log(LAYER)
    new = 1.0 + 0.038 * math.log(LAYER / beta_squared(energy, PROTON_MASS))
    assert 1e3 * width * old / new == pytest.approx(expected, rel=6e-3)


def test_highlands_logarithm_vanishes_where_the_layer_is_beta_squared_thick():
    square = beta_squared(100.0, PROTON_MASS)
    width = highland(100.0, PROTON_MASS, 24.01 * square, 24.01)
    expected = 13.6 / momentum_velocity(100.0, PROTON_MASS) * math.sqrt(square)
    assert width == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("share", [1e-3, 1e-2, 0.1])
@pytest.mark.parametrize(("symbol", "tolerance"), [("C", 0.06), ("Al", 0.02), ("Cu", 0.03)])
def test_highlands_width_is_that_of_lynch_and_dahl(symbol, tolerance, share):
    # Nucl. Instrum. Meth. B 58:6 (1991): a fit to the central 98 % of Molière's distribution.
    Z, A, length = (
        ELEMENTS[symbol].number,
        ELEMENTS[symbol].mass,
        ELEMENTS[symbol].radiation_length,
    )
    for energy in (50.0, 100.0, 230.0):
        pv, square = momentum_velocity(energy, PROTON_MASS), beta_squared(energy, PROTON_MASS)
        strength = 0.157 * Z * (Z + 1) * share * length / A / pv**2
        screening = 2.007e-5 * Z ** (2 / 3) * (1 + 3.34 * (Z / 137.036) ** 2 / square)
        screening /= momentum_squared(energy, PROTON_MASS)
        v = strength / screening / (2 * (1 - 0.98))
        expected = math.sqrt(strength / (1 + 0.98**2) * ((1 + v) / v * math.log1p(v) - 1))
        width = highland(energy, PROTON_MASS, share * length, length)
        assert width == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize("energy", [60.0, 100.0, 200.0])
def test_the_core_behind_an_absorber_is_as_wide_as_highland_says(new_stream, energy):
    angles = cross(new_stream(1), MATTER, ALUMINIUM, energy, 3.5, 1, False, 200_000)[:, 2:]
    expected = highland(energy, PROTON_MASS, 0.35 * 2.70, 24.01)
    assert core(angles) == pytest.approx(expected, rel=0.03)


def test_the_law_of_geant4_is_three_percent_narrower_for_light_elements(new_stream):
    geant4 = make_matter("geant4")
    for material, expected in ((WATER, 0.97), (ALUMINIUM, 0.97), (TUNGSTEN, 1.0)):
        cores = [
            core(cross(new_stream(2), matter, material, 150.0, 2.0, 1, False, 200_000)[:, 2:])
            for matter in (geant4, MATTER)
        ]
        assert cores[0] / cores[1] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("depth", [100.0, 200.0])
def test_many_steps_through_water_make_highlands_width_of_the_whole(new_stream, depth):
    # Gottschalk et al., Nucl. Instrum. Meth. B 74:467 (1993): ∫ dx / (pv)² times the logarithm of
    # the whole thickness. That of each step would be a sixth narrower.
    water = SHIPPED["water"]
    angles = np.arctan(cross(new_stream(3), MATTER, WATER, 229.87, depth, 40, True, 20_000)[:, 2:])
    share = 0.1 * depth / water.radiation_length
    depths = torch.linspace(0.0, 0.1 * depth, 201, dtype=torch.float64)
    inverse = [
        momentum_velocity(energy, PROTON_MASS) ** -2
        for energy in energy_behind(water, 229.87, depths).tolist()
    ]
    spread = 13.6 * math.sqrt(share * np.mean(inverse))
    assert core(angles) == pytest.approx(spread * (1.0 + 0.038 * math.log(share)), rel=0.025)


def test_screening_constants_of_elements():
    for number in (1, 6, 13, 74):
        theory = screening_of_element(number, model="theory")
        # 1.13 (α m_e / 0.885)² Z^(2/3), from the radius of Thomas and Fermi.
        fermi = 1.13 * (FINE_STRUCTURE * ELECTRON_MASS / 0.885) ** 2 * number ** (2 / 3)
        assert theory == pytest.approx(fermi, rel=1e-3)
        factor = 1.0 if number == 1 else 1.0 + math.exp(-(number**2) / 1000)
        assert screening_of_element(number, model="geant4") == pytest.approx(factor * theory)


@pytest.mark.parametrize("charge", [1.0, 2.0])
@pytest.mark.parametrize("number", [6, 13, 74])
def test_screening_angles_are_molieres(number, charge):
    # χ_a² = χ_0² [1.13 + 3.76 (αZz/β)²], χ_0 = α m_e Z^(1/3) / (0.885 p).
    energy, mass = 60.0, charge * PROTON_MASS
    element = (screening_of_element(number, model="theory"), (FINE_STRUCTURE * number) ** 2)
    angle = screening_angle_squared(energy, mass, charge, *element)
    born = (FINE_STRUCTURE * ELECTRON_MASS / 0.885) ** 2 * number ** (2 / 3)
    ratio = (FINE_STRUCTURE * number * charge) ** 2 / beta_squared(energy, mass)
    expected = born / momentum_squared(energy, mass) * (1.13 + 3.76 * ratio)
    assert angle == pytest.approx(expected, rel=5e-3)


def test_constants_are_those_of_codata():
    # 4π N_A (α ħ c)², ħc = 197.326980 MeV fm.
    coupling = 197.326980e-13 * FINE_STRUCTURE
    expected = 4.0 * math.pi * 6.02214076e23 * coupling**2
    assert pytest.approx(expected, rel=1e-5) == RUTHERFORD_CONSTANT


@given(st.floats(1.0, 300.0), st.floats(0.1, 1.0), st.floats(0.1, 3.0))
def test_strengths_scale_with_charge_and_momentum(energy, share, charge):
    once = scattering_strength(energy, energy, PROTON_MASS, 1.0)
    expected = RUTHERFORD_CONSTANT / momentum_velocity(energy, PROTON_MASS) ** 2
    assert once == pytest.approx(expected, rel=1e-12)
    steps = scattering_strength(energy, share * energy, PROTON_MASS, charge)
    end = scattering_strength(share * energy, share * energy, PROTON_MASS, 1.0)
    assert steps == pytest.approx(charge**2 * math.sqrt(once * end), rel=1e-12)


# Sums and tails


@given(st.floats(1e-9, 1e-3), st.floats(0.0, 1.0), st.floats(1e-10, 1e-4), st.floats(1e-9, 1.0))
def test_the_soft_variance_is_the_integral_of_single_scattering(nuclei, part, screening, limit):
    electrons, largest = part * nuclei, (ELECTRON_MASS / PROTON_MASS) ** 2
    expected = 0.0
    for strength, end in ((nuclei, limit), (electrons, min(limit, largest))):
        square = np.geomspace(1e-6 * screening, end + 2e-6 * screening, 4001)
        expected += np.trapezoid(strength * square / (square + screening) ** 2, square)
    variance = soft_variance(nuclei, electrons, screening, limit, PROTON_MASS)
    assert variance == pytest.approx(expected, rel=1e-3, abs=1e-11 * nuclei)


@pytest.mark.parametrize("energy", [60.0, 200.0])
@pytest.mark.parametrize("name", ["aluminium", "water"])
def test_the_mean_square_angle_is_the_integral_of_single_scattering(new_stream, name, energy):
    material, count = NAMES.index(name), 500_000
    square, nuclei, electrons = single(material, energy, 2.0)
    per_square = square * (nuclei + electrons)
    mean = np.trapezoid(per_square, square)
    error = math.sqrt(np.trapezoid(square**2 * nuclei, square) / count)
    slopes = cross(new_stream(4), MATTER, material, energy, 2.0, 1, False, count)[:, 2:]
    angles = 2.0 * (1.0 - 1.0 / np.sqrt(1.0 + (slopes**2).sum(1)))
    assert abs(angles.mean() - mean) < 5 * error + 2e-3 * mean


def test_ten_thin_steps_are_as_good_as_a_thick_one(new_stream):
    count = 300_000
    thick, thin = (
        cross(new_stream(5), MATTER, ALUMINIUM, 150.0, 3.5, steps, False, count)
        for steps in (1, 10)
    )
    width = core(thick[:, 2:])
    assert core(thin[:, 2:]) == pytest.approx(width, rel=0.007)
    assert core(thin[:, :2]) == pytest.approx(core(thick[:, :2]), rel=0.007)
    for times in (2, 3, 4, 6, 10):
        beyond = [(np.hypot(*r[:, 2:].T) > times * width).sum() for r in (thick, thin)]
        # The single deflections of a thick step do not know the others: three parts in a hundred.
        assert abs(beyond[0] - beyond[1]) < 5 * math.sqrt(sum(beyond)) + 0.03 * beyond[0], times


@pytest.mark.parametrize("steps", [1, 5])
def test_tails_are_those_of_single_scattering_from_points(new_stream, steps):
    count = 1_000_000 // steps
    points = MATTER._replace(radius_squared=np.zeros(len(NAMES)))
    result = cross(new_stream(6), points, ALUMINIUM, 200.0, 3.5, steps, False, count)
    squares = (result[:, 2:] ** 2).sum(1)
    angles = 2.0 * (1.0 - 1.0 / np.sqrt(1.0 + squares))
    width = core(result[:, 2:])
    thickness = 0.35 * MATTER.density[ALUMINIUM]
    strength = scattering_strength(200.0, 200.0, PROTON_MASS, 1.0) * thickness
    for times in (10, 15, 20, 30):
        # χ²/θ², of which the soft deflections make χ²/θ² (1 + 2σ²/θ²).
        expected = count * strength * MATTER.nuclei[ALUMINIUM] / (times * width) ** 2
        beyond = (angles > (times * width) ** 2).sum()
        assert abs(beyond - expected * (1 + 2 / times**2)) < 5 * math.sqrt(expected), times


def test_nuclei_of_a_size_cut_the_tail(new_stream):
    count = 1_000_000
    square, nuclei, _ = single(WATER, 100.0, 5.0)
    slopes = cross(new_stream(7), MATTER, WATER, 100.0, 5.0, 1, False, count)[:, 2:]
    angles = 2.0 * (1.0 - 1.0 / np.sqrt(1.0 + (slopes**2).sum(1)))
    for angle in (0.1, 0.2, 0.4):
        far = square > angle**2
        expected = count * np.trapezoid(nuclei[far], square[far])
        beyond = (angles > angle**2).sum()
        smeared = 2.0 * (core(slopes) / angle) ** 2 * expected
        assert abs(beyond - expected - smeared) < 5 * math.sqrt(expected), angle


@given(st.floats(0.0, 1e-2), st.floats(0.0, 1.0))
def test_form_factors_are_those_of_a_nucleus_of_that_radius(size, momentum):
    # 1 − q²<r²>/3 for whatever shape, where q is small; and never above 1.
    product = size * momentum
    kept = form_factor_squared(momentum, size)
    assert kept == pytest.approx(1.0 - product / 3.0, abs=product**2 + 1e-15)
    assert form_factor_squared(1e6 * momentum, size) <= kept <= 1.0


# Displacement and directions


def test_displacements_are_correlated_with_angles_as_theory_says(new_stream):
    # Without single deflections both are Gaussian: var y = s²σ²/3, correlation √3/2.
    soft = MATTER._replace(radius_squared=np.full(len(NAMES), 1e12))
    count = 400_000
    x, y, a, b = cross(new_stream(8), soft, SILICON, 120.0, 2.0, 1, False, count).T
    for place, angle in ((x, a), (y, b)):
        assert np.mean(place**2) / np.mean(angle**2) == pytest.approx(2.0**2 / 3, rel=0.015)
        assert np.corrcoef(place, angle)[0, 1] == pytest.approx(math.sqrt(3) / 2, abs=0.002)
    for place, angle in ((x, b), (y, a)):
        assert abs(np.corrcoef(place, angle)[0, 1]) < 5 / math.sqrt(count)
    # The soft deflections alone are isotropic.
    assert np.mean(a**4) / np.mean(a**2) ** 2 == pytest.approx(3.0, abs=0.05)


def test_single_deflections_displace_alike(new_stream):
    x, _, a, _ = cross(new_stream(9), MATTER, SILICON, 120.0, 2.0, 1, False, 500_000).T
    near = np.abs(a) < 0.1
    x, a = x[near], a[near]
    assert np.mean(x**2) / np.mean(a**2) == pytest.approx(2.0**2 / 3, rel=0.03)
    assert np.corrcoef(x, a)[0, 1] == pytest.approx(math.sqrt(3) / 2, abs=0.01)


def random_particle(cosine: float, turn: float, energy: float = 100.0) -> np.ndarray:
    sine = math.sqrt(1.0 - cosine * cosine)
    direction = (sine * math.cos(turn), sine * math.sin(turn), cosine)
    return np.array([1.0, -2.0, 3.0, *direction, energy])


@given(st.integers(0, 1000), cosines, turns, st.floats(0.1, 250.0), st.floats(1e-4, 100.0))
def test_a_step_without_displacement_is_straight(new_stream, seed, cosine, turn, energy, distance):
    particle = random_particle(cosine, turn, energy)
    start = particle.copy()
    scatter(new_stream(seed), MATTER, WATER, particle, energy, PROTON_MASS, 1.0, distance, False)
    expected = start[:3] + distance * start[UX:T]
    assert particle[:3] == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert particle[T] == energy


@given(
    st.integers(0, 1000),
    st.sampled_from(range(len(NAMES))),
    cosines,
    turns,
    st.floats(0.01, 250.0),
    st.floats(0.0, 1.0),
    st.floats(1e-4, 100.0),
)
def test_directions_stay_unit_vectors(
    new_stream, seed, material, cosine, turn, energy, share, distance
):
    stream, particle = new_stream(seed), random_particle(cosine, turn, energy)
    for _ in range(5):
        scatter(
            stream, MATTER, material, particle, share * energy, PROTON_MASS, 1.0, distance, True
        )
    assert np.isfinite(particle).all()
    assert np.linalg.norm(particle[UX:T]) == pytest.approx(1.0, abs=1e-12)


@given(cosines, turns)
def test_across_makes_a_right_handed_frame(cosine, turn):
    direction = random_particle(cosine, turn)[UX:T]
    e, f = across(*direction)
    frame = np.array([e, f, direction])
    assert np.abs(frame @ frame.T - np.eye(3)).max() < 1e-12
    assert np.linalg.det(frame) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("uz", [1.0, -1.0, 0.0, -0.0])
def test_across_knows_the_poles_and_the_equator(uz):
    ux = math.sqrt(1.0 - uz * uz)
    e, f = across(ux, 0.0, uz)
    assert np.cross(e, f) == pytest.approx([ux, 0.0, uz], abs=1e-15)


@given(cosines, turns, cosines, turns)
def test_point_along_turns_by_the_angle(cosine, turn, turned, azimuth):
    particle = random_particle(cosine, turn)
    before = particle.copy()
    point_along(particle, turned, math.cos(azimuth), math.sin(azimuth))
    assert particle[UX:T] @ before[UX:T] == pytest.approx(turned, abs=1e-12)
    assert np.linalg.norm(particle[UX:T]) == pytest.approx(1.0, abs=1e-12)
    assert (particle[:3] == before[:3]).all()
    assert particle[T] == before[T]
    # The azimuth is counted from the first vector of the frame to the second.
    sine = math.sqrt(1.0 - turned * turned)
    for vector, share in zip(
        across(*before[UX:T]), (math.cos(azimuth), math.sin(azimuth)), strict=True
    ):
        assert particle[UX:T] @ np.array(vector) == pytest.approx(sine * share, abs=1e-12)
    # An opposite one turns it to the other side.
    mirrored = before.copy()
    point_along(mirrored, turned, -math.cos(azimuth), -math.sin(azimuth))
    middle = particle[UX:T] + mirrored[UX:T]
    assert middle == pytest.approx(2.0 * turned * before[UX:T], abs=1e-12)
