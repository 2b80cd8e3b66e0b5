"""Stopping powers and ranges against NIST PSTAR, and the laws that hold between them."""

import csv
from importlib.resources import files

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import assume, given

from trackscape.errors import ConfigError
from trackscape.simulation import Material, shipped_materials
from trackscape.simulation.physics.stopping import (
    HIGHEST_ENERGY,
    LOWEST_ENERGY,
    csda_range,
    energy_behind,
    energy_of_range,
    mass_stopping_power,
)

SHIPPED = shipped_materials()
WATER, WATER_75 = SHIPPED["water"], SHIPPED["water-75"]
OF_COLUMN = {
    "water": "water-75",
    "Al": "aluminium",
    "Si": "silicon",
    "air": "air",
    "C(graphite)": "carbon-fibre",
    "kapton": "kapton",
    "PMMA": "pmma",
    "PE": "ldpe",
    "PS": "polystyrene",
    "PTFE": "teflon",
    "W": "tungsten",
    "Cu": "copper",
}
"""Column of PSTAR -> the shipped material that it describes."""
FUNCTIONS_OF_ENERGY = (
    mass_stopping_power,
    csda_range,
    lambda material, energy: energy_behind(material, energy, 0.5),
)

materials = st.sampled_from(list(SHIPPED.values()))
energies = st.floats(np.log(LOWEST_ENERGY), np.log(HIGHEST_ENERGY)).map(
    lambda x: float(np.exp(x).clip(LOWEST_ENERGY, HIGHEST_ENERGY))
)
shares = st.floats(0.0, 0.999)


def spread_energies(count: int, *, lowest: float = 2e-3, highest: float = 9e3) -> torch.Tensor:
    return torch.logspace(np.log10(lowest), np.log10(highest), count, dtype=torch.float64)


@pytest.mark.parametrize("column", OF_COLUMN)
def test_stopping_powers_are_those_of_pstar_where_it_has_a_row(column):
    text = files("trackscape.simulation").joinpath("tables/pstar.csv").read_text("utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if line[0] != "#"))
    energy = torch.tensor([float(row["energy_MeV"]) for row in rows], dtype=torch.float64)
    published = torch.tensor([float(row[column]) for row in rows], dtype=torch.float64)
    material = SHIPPED[OF_COLUMN[column]]
    assert material.reference == column
    ratio = mass_stopping_power(material, energy) / published
    # One number for all energies: Z/A of the shipped composition and of PSTAR's are rounded.
    assert (ratio / ratio[0] - 1).abs().max() < 1e-6
    assert (ratio[0] - 1).abs() < 5e-5


def test_stopping_powers_as_published():
    # PSTAR, MeV cm2/g, at 10, 100 and 230 MeV.
    published = {"water-75": (45.64, 7.286, 4.112), "aluminium": (33.75, 5.676, 3.233)}
    published |= {"silicon": (34.58, 5.836, 3.326), "air": (40.04, 6.441, 3.641)}
    energy = torch.tensor([10.0, 100.0, 230.0])
    for name, expected in published.items():
        power = mass_stopping_power(SHIPPED[name], energy)
        assert power.tolist() == pytest.approx(expected, rel=3e-4), name


def test_ranges_as_published():
    # PSTAR, g/cm2.
    water = csda_range(WATER_75, torch.tensor([100.0, 200.0, 230.0]))
    assert water.tolist() == pytest.approx([7.718, 25.96, 32.95], rel=1e-3)
    published = {"aluminium": (0.1706, 2.929, 10.01, 33.32)}
    published |= {"silicon": (0.1666, 2.853, 9.741, 32.41)}
    energy = torch.tensor([10.0, 50.0, 100.0, 200.0])
    for name, expected in published.items():
        assert csda_range(SHIPPED[name], energy).tolist() == pytest.approx(expected, rel=1e-3), name
    for name, expected in (("water-75", 2.466e-3), ("aluminium", 3.95e-3), ("silicon", 3.84e-3)):
        assert float(csda_range(SHIPPED[name], 1.0)) == pytest.approx(expected, rel=4e-3), name


@pytest.mark.parametrize("name", SHIPPED)
def test_below_the_table_the_stopping_power_rises_like_the_root_of_the_energy(name):
    # So ∫ dT/S from nothing on is 2 T/S.
    power = float(mass_stopping_power(SHIPPED[name], LOWEST_ENERGY))
    length = float(csda_range(SHIPPED[name], LOWEST_ENERGY))
    assert length == pytest.approx(2.0 * LOWEST_ENERGY / power, rel=1e-9)


def test_a_higher_excitation_energy_lengthens_the_range_as_in_geant4():
    # By 3.9 % of 1/L, L = 8: half a percent. Geant4 has 330.1 mm for 78 eV and 328.4 mm for 75 eV.
    longer = 10.0 * float(csda_range(WATER, 229.87) - csda_range(WATER_75, 229.87))
    assert longer == pytest.approx(330.1 - 328.4, abs=0.2)


@pytest.mark.parametrize(("depth", "expected"), [(10.0, 186.1), (15.0, 161.5), (20.0, 134.1)])
def test_energies_behind_water_are_those_of_geant4(depth, expected):
    # The medians of a beam of 230 MeV that has 229.87 MeV when it enters the water.
    assert float(energy_behind(WATER, 229.87, depth)) == pytest.approx(expected, rel=3e-3)


@pytest.mark.parametrize("name", SHIPPED)
def test_ranges_grow_and_stopping_powers_have_one_peak_and_one_valley(name):
    energy = spread_energies(5001, lowest=LOWEST_ENERGY * 1.0001, highest=HIGHEST_ENERGY * 0.9999)
    power = mass_stopping_power(SHIPPED[name], energy)
    assert (csda_range(SHIPPED[name], energy).diff() > 0).all()
    turns = power.diff().sign().diff().nonzero()
    assert len(turns) == 2
    peak, valley = energy[turns[:, 0] + 1].tolist()
    assert 0.04 < peak < 0.2
    assert 2000 < valley < 3200  # βγ of 3 to 4, the least ionising of all


def test_the_range_is_the_integral_of_the_inverse_stopping_power():
    # ∫ T/S dlnT by Simpson's rule.
    energy = spread_energies(40001, lowest=1.0, highest=230.0)
    for material in (WATER, SHIPPED["silicon"], SHIPPED["cortical-bone"]):
        height = energy / mass_stopping_power(material, energy)
        step = (energy[1] / energy[0]).log()
        inside = 4 * height[1:-1:2].sum() + 2 * height[2:-1:2].sum()
        integral = step / 3 * (height[0] + inside + height[-1])
        expected = csda_range(material, 230.0) - csda_range(material, 1.0)
        assert float(integral) == pytest.approx(float(expected), rel=1e-6)


@given(materials, energies)
def test_the_slope_of_the_range_is_the_inverse_stopping_power(material, energy):
    at = torch.tensor(energy, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(csda_range(material, at), at)
    inverse = 1.0 / mass_stopping_power(material, energy)
    torch.testing.assert_close(slope, inverse, rtol=1e-12, atol=0.0)


@given(materials, energies)
def test_the_slope_of_the_energy_is_the_stopping_power(material, energy):
    # A range below that of the lowest energy belongs to a proton at rest: there is no slope.
    length = (csda_range(material, energy) * (1 + 1e-12)).requires_grad_()
    (slope,) = torch.autograd.grad(energy_of_range(material, length), length)
    power = mass_stopping_power(material, energy)
    torch.testing.assert_close(slope, power, rtol=1e-9, atol=0.0)


@pytest.mark.parametrize("name", ["water", "aluminium", "head-enamel"])
def test_gradients_are_those_of_finite_differences(name):
    material = SHIPPED[name]
    energy = torch.tensor([[3.1, 17.0], [101.3, 229.87]], dtype=torch.float64, requires_grad=True)
    length = torch.tensor([0.031, 1.0, 33.0], dtype=torch.float64, requires_grad=True)
    thickness = torch.tensor(0.011, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda T: csda_range(material, T), energy)
    assert torch.autograd.gradcheck(lambda T: mass_stopping_power(material, T), energy)
    assert torch.autograd.gradcheck(lambda R: energy_of_range(material, R), length)
    assert torch.autograd.gradcheck(lambda T, t: energy_behind(material, T, t), (energy, thickness))


@given(materials, energies)
def test_the_range_can_be_inverted(material, energy):
    back = energy_of_range(material, csda_range(material, energy) * (1 + 1e-12))
    assert float(back) == pytest.approx(energy, rel=1e-9)


@given(materials, energies, shares, shares)
def test_what_is_left_behind_two_layers_is_left_behind_both_together(material, energy, a, b):
    first = a * float(csda_range(material, energy))
    between = float(energy_behind(material, energy, first))
    assume(between >= LOWEST_ENERGY)
    second = b * float(csda_range(material, between))
    apart = float(energy_behind(material, between, second))
    together = float(energy_behind(material, energy, first + second))
    assert together == pytest.approx(apart, rel=1e-9)


@given(materials, energies, shares)
def test_no_proton_gains_energy(material, energy, share):
    thickness = share * float(csda_range(material, energy))
    left = energy_behind(material, energy, thickness)
    assert 0.0 <= float(left) <= energy * (1 + 1e-12)


def test_losses_in_very_thin_layers_keep_their_digits():
    # A float and a tensor of the same energy are the same energy.
    expected = 1e-5 * float(mass_stopping_power(WATER, 229.87))
    assert 229.87 - float(energy_behind(WATER, 229.87, 1e-5)) == pytest.approx(expected, rel=1e-6)


def test_protons_that_stop_have_no_energy_and_no_slope():
    thickness = torch.tensor([25.0, 27.0, 1e3], dtype=torch.float64, requires_grad=True)
    left = energy_behind(WATER, 200.0, thickness)
    assert left[0] > 0
    assert left[1:].tolist() == [0.0, 0.0]
    left.sum().backward()
    assert torch.isfinite(thickness.grad).all()
    assert thickness.grad[1:].tolist() == [0.0, 0.0]
    assert float(energy_of_range(WATER, 0.0)) == float(energy_of_range(WATER, -1.0)) == 0.0


@given(st.floats(1.0, 900.0), energies)
def test_stopping_powers_scale_as_in_bethes_formula(excitation, energy):
    # ΔS/S = -ln(I/I_ref) / L at the same velocity; below 2 MeV as at 2 MeV.
    changed = Material("changed", 1.0, WATER.fractions, excitation, "water")
    gamma = 1.0 + max(energy, 2.0) / 938.27209
    square = 1.0 - gamma**-2
    logarithm = np.log(2e6 * 0.51099895 * (gamma**2 - 1.0) / 75.0) - square
    expected = 1.0 - np.log(excitation / 75.0) / logarithm
    ratio = mass_stopping_power(changed, energy) / mass_stopping_power(WATER_75, energy)
    assert float(ratio) == pytest.approx(expected, rel=1e-4)


def test_results_have_the_shape_of_what_is_asked_and_double_precision():
    energy = torch.full((2, 1, 3), 100.0)
    for function in FUNCTIONS_OF_ENERGY:
        assert function(WATER, energy).shape == (2, 1, 3)
        assert function(WATER, energy).dtype == torch.float64
        assert function(WATER, energy[:0]).shape == (0, 1, 3)
        assert function(WATER, 100.0).shape == ()
        assert float(function(WATER, 100.0)) == float(function(WATER, energy)[1, 0, 2])
    assert energy_behind(WATER, 100.0, torch.ones(4)).shape == (4,)


@pytest.mark.parametrize(
    ("energy", "got"),
    [
        (float("nan"), "got nan to nan"),
        (0.0, "got 0 to 0"),
        (-5.0, "got -5 to -5"),
        (float("inf"), "got inf to inf"),
        (2e4, "got 20000 to 20000"),
        ([10.0, 2e4], "got 10 to 20000"),
        ([9e-4, 1.0], "got 0.0009 to 1"),
    ],
)
def test_energies_beyond_the_tables_are_refused(energy, got):
    for function in FUNCTIONS_OF_ENERGY:
        with pytest.raises(ConfigError, match=r"0\.001 to 10000 MeV, where.*" + got):
            function(WATER, torch.tensor(energy))
