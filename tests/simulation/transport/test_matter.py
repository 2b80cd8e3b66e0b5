"""The tables of the transport against the functions that they were made from."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from trackscape.simulation.physics import csda_range, energy_behind, mass_stopping_power
from trackscape.simulation.physics.electrons import production_threshold
from trackscape.simulation.physics.nuclear import load_nuclear_data
from trackscape.simulation.physics.scattering import FINE_STRUCTURE, screening_of_element
from trackscape.simulation.setup.materials import ELEMENTS, Material, shipped_materials
from trackscape.simulation.transport.matter import (
    HIGHEST,
    LOG_ENERGY,
    LOWEST,
    POINTS,
    Matter,
    energy_after,
    find_energy,
    read,
    tabulate_matter,
)

SHIPPED = shipped_materials()
NUCLEAR = load_nuclear_data()
NAMES = ("water", "aluminium", "silicon", "air", "cortical-bone", "tungsten")
HALF = [(SHIPPED["water"], 0.5), (SHIPPED["aluminium"], 0.5)]
"""A mixture, by mass."""

log_energies = st.floats(math.log(LOWEST), math.log(HIGHEST))
beams = st.floats(1.0, 300.0)
rows = st.sampled_from(range(len(NAMES)))


def tables(law: str = "theory") -> Matter:
    mixtures = [[(SHIPPED[name], 1.0)] for name in NAMES]
    densities = [SHIPPED[name].density for name in NAMES]
    return tabulate_matter([*mixtures, HALF], [*densities, 1.5], NUCLEAR, model=law)


MATTER = tables()
MIXED = len(NAMES)


def left_behind(row: int, energy: float, thickness: float) -> float:
    left, part = find_energy(energy)
    return energy_after(MATTER, row, energy, left, part, thickness)


def test_the_axis_is_even_in_the_logarithm():
    assert len(LOG_ENERGY) == POINTS
    assert np.exp(LOG_ENERGY[[0, -1]]) == pytest.approx((LOWEST, HIGHEST))
    assert np.ptp(np.diff(LOG_ENERGY)) < 1e-12


@given(log_energies)
def test_energies_are_found_between_their_neighbours(log_energy):
    left, part = find_energy(math.exp(log_energy))
    assert 0 <= left <= POINTS - 2
    assert 0.0 <= part <= 1.0
    assert read(LOG_ENERGY, left, part) == pytest.approx(log_energy, abs=1e-12)


@pytest.mark.parametrize(
    ("energy", "place"), [(1e-6, (0, 0.0)), (LOWEST, (0, 0.0)), (1e6, (POINTS - 2, 1.0))]
)
def test_energies_beyond_the_tables_count_as_their_ends(energy, place):
    assert find_energy(energy) == pytest.approx(place, abs=1e-9)


@given(rows, log_energies)
def test_stopping_powers_and_ranges_are_those_of_the_physics(row, log_energy):
    energy = min(max(math.exp(log_energy), LOWEST), HIGHEST)
    material = SHIPPED[NAMES[row]]
    left, part = find_energy(energy)
    power = float(mass_stopping_power(material, energy))
    assert read(MATTER.stopping[row], left, part) == pytest.approx(power, rel=2e-5)
    length = float(csda_range(material, energy))
    assert read(MATTER.range[row], left, part) == pytest.approx(length, rel=1e-4)
    assert read(MATTER.log_range[row], left, part) == pytest.approx(math.log(length), abs=2e-5)


def test_stopping_powers_of_mixtures_add_up_by_mass():
    expected = 0.5 * (MATTER.stopping[0] + MATTER.stopping[1])
    assert MATTER.stopping[MIXED] == pytest.approx(expected, rel=1e-12)
    slope = np.diff(MATTER.range[MIXED]) / np.diff(np.exp(LOG_ENERGY))
    middle = 0.5 * (MATTER.stopping[MIXED][1:] + MATTER.stopping[MIXED][:-1])
    assert slope * middle == pytest.approx(1.0, abs=1e-4)


@given(rows, beams, st.floats(0.0, 0.99))
def test_energies_behind_matter_are_those_of_the_physics(row, energy, share):
    material = SHIPPED[NAMES[row]]
    thickness = share * float(csda_range(material, energy))
    expected = float(energy_behind(material, energy, thickness))
    left = left_behind(row, energy, thickness)
    if expected > 1.01 * LOWEST:
        assert energy - left == pytest.approx(energy - expected, rel=1e-4, abs=1e-12)
    else:
        assert left < 1.02 * LOWEST


@given(rows, beams, st.floats(0.0, 0.9), st.floats(0.0, 0.9))
def test_two_layers_take_as_much_as_both_together(row, energy, first, second):
    length = float(csda_range(SHIPPED[NAMES[row]], energy))
    t1 = first * length
    t2 = second * (length - t1)
    together = left_behind(row, energy, t1 + t2)
    apart = left_behind(row, left_behind(row, energy, t1), t2)
    assert apart == pytest.approx(together, abs=2e-4 * energy)


@given(rows, beams)
def test_losses_in_thin_and_in_thick_matter_join(row, energy):
    # Where 2 % of the energy are lost, one formula takes over from the other.
    left, part = find_energy(energy)
    border = 0.02 * energy / read(MATTER.stopping[row], left, part)
    thin, thick = (left_behind(row, energy, side * border) for side in (1 - 1e-9, 1 + 1e-9))
    assert thin - thick == pytest.approx(0.0, abs=1e-5 * energy)


@given(st.sampled_from(range(MIXED + 1)), beams, st.floats(1.001, 100.0))
def test_protons_stop_at_the_end_of_their_range(row, energy, times):
    left, part = find_energy(energy)
    length = math.exp(read(MATTER.log_range[row], left, part))
    assert left_behind(row, energy, times * length) == 0.0
    assert left_behind(row, energy, 0.0) == energy


def test_densities_and_electrons():
    for row, name in enumerate(NAMES):
        material = SHIPPED[name]
        assert MATTER.density[row] == material.density
        assert MATTER.electrons[row] == pytest.approx(material.charge_per_mass)
        assert MATTER.excitation[row] == pytest.approx(1e-6 * material.excitation_energy)
        assert MATTER.cut[row] == pytest.approx(production_threshold(material))
    assert MATTER.density[MIXED] == 1.5
    assert MATTER.electrons[MIXED] == pytest.approx(MATTER.electrons[:2].mean())
    assert MATTER.cut[NAMES.index("tungsten")] == math.inf


def test_only_the_law_of_geant4_widens_the_straggling_where_electrons_are_cut():
    assert (MATTER.straggling_cut == math.inf).all()
    assert (tables("geant4").straggling_cut == MATTER.cut).all()


@pytest.mark.parametrize("law", ["theory", "geant4"])
@pytest.mark.parametrize(("name", "symbol"), [("aluminium", "Al"), ("tungsten", "W")])
def test_elements_scatter_with_their_own_constants(name, symbol, law):
    matter, row, element = tables(law), NAMES.index(name), ELEMENTS[symbol]
    Z = element.number
    assert matter.nuclei[row] == pytest.approx(Z**2 / element.mass)
    assert matter.screening[row] == pytest.approx(screening_of_element(Z, model=law))
    assert matter.coupling[row] == pytest.approx((FINE_STRUCTURE * Z) ** 2)


def test_compounds_scatter_like_the_sum_of_their_elements():
    fractions = SHIPPED["water"].fractions
    weights = {s: w * ELEMENTS[s].number ** 2 / ELEMENTS[s].mass for s, w in fractions.items()}
    total = sum(weights.values())
    assert MATTER.nuclei[0] == pytest.approx(total)
    # ∫ of deflections: the sum over elements of Z²/A ln(1/screening) is that of the mean.
    logarithm = sum(
        weight / total * math.log(screening_of_element(ELEMENTS[symbol].number, model="theory"))
        for symbol, weight in weights.items()
    )
    assert math.log(MATTER.screening[0]) == pytest.approx(logarithm)


@pytest.mark.parametrize(
    ("symbol", "measured"),
    [("C", 2.47), ("O", 2.70), ("Al", 3.06), ("Si", 3.12), ("Cu", 3.90), ("W", 5.36)],
)
def test_nuclei_are_as_large_as_measured(symbol, measured):
    # Root-mean-square charge radii in fm: Angeli and Marinova, Atomic Data 99:69 (2013).
    pure = Material(symbol, 1.0, {symbol: 1.0}, 100.0, "Al")
    matter = tabulate_matter([[(pure, 1.0)]], [1.0], NUCLEAR, model="theory")
    assert 197.327 * math.sqrt(matter.radius_squared[0]) == pytest.approx(measured, rel=0.04)


def test_atoms_are_counted_by_mass():
    water = SHIPPED["water"].fractions
    for symbol, fraction in water.items():
        column = NUCLEAR.elements.index(symbol)
        assert MATTER.atoms[0, column] == pytest.approx(fraction / ELEMENTS[symbol].mass)
    masses = np.array([ELEMENTS[symbol].mass for symbol in NUCLEAR.elements])
    assert MATTER.atoms @ masses == pytest.approx(np.ones(MIXED + 1))


def test_a_neighbour_stands_in_for_an_element_without_cross_sections():
    assert "Mg" not in NUCLEAR.elements
    magnesium = Material("magnesium", 1.74, {"Mg": 1.0}, 156.0, "Al")
    matter = tabulate_matter([[(magnesium, 1.0)]], [1.74], NUCLEAR, model="theory")
    column = NUCLEAR.elements.index("Al")
    assert matter.atoms[0, column] == pytest.approx(1.0 / ELEMENTS["Al"].mass)
    assert matter.nuclear[0] == pytest.approx(MATTER.nuclear[NAMES.index("aluminium")])
    # Its electrons and its own nuclei scatter, though.
    assert matter.nuclei[0] == pytest.approx(12**2 / ELEMENTS["Mg"].mass)


def test_nuclear_interactions_are_the_sum_over_atoms():
    log_energy = np.log([50.0, 200.0])
    expected = MATTER.atoms @ sum(NUCLEAR.cross_sections(log_energy))
    places = [find_energy(energy) for energy in (50.0, 200.0)]
    for row in range(MIXED + 1):
        table = [read(MATTER.nuclear[row], left, part) for left, part in places]
        assert table == pytest.approx(expected[row], rel=1e-4)
    # Inelastic in water at 100 to 250 MeV: a percent for each g/cm2 (ICRU Report 63).
    inelastic = MATTER.atoms[0] @ NUCLEAR.cross_sections(np.log([100.0, 150.0, 200.0, 250.0]))[0]
    assert inelastic == pytest.approx(0.0099, rel=0.1)


def test_tables_are_finite_and_ranges_grow():
    for name, table in MATTER._asdict().items():
        assert np.isfinite(table).all() or "cut" in name, name
    assert (np.diff(MATTER.range) > 0.0).all()
    assert np.exp(MATTER.log_range) == pytest.approx(MATTER.range)
