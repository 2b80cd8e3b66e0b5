"""Nuclear interactions: published cross-sections, survival, and what reactions must conserve."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from trackscape.simulation.physics import csda_range, energy_behind
from trackscape.simulation.physics.kinematics import PROTON_MASS, momentum_squared
from trackscape.simulation.physics.nuclear import elastic_angles, load_nuclear_data
from trackscape.simulation.setup.materials import ELEMENTS, Material, shipped_materials

DATA = load_nuclear_data()
ENERGIES = np.array([20.0, 50.0, 100.0, 150.0, 200.0, 250.0])
NUCLEON = 931.494
ALPHA_MASS = 3727.379

energies = st.floats(0.1, 300.0)
masses = st.sampled_from([PROTON_MASS, 1875.613, ALPHA_MASS])
targets = st.sampled_from([PROTON_MASS] + [NUCLEON * ELEMENTS[e].mass for e in DATA.elements[1:]])


def millibarns(energy: np.ndarray, symbol: str) -> tuple[np.ndarray, np.ndarray]:
    """Inelastic and elastic cross-sections of an element."""
    row = DATA.elements.index(symbol)
    inelastic, elastic = DATA.cross_sections(np.log(energy))
    return inelastic[row] / 6.02214076e-4, elastic[row] / 6.02214076e-4


def survival(material: Material, energy: float, thickness: float) -> float:
    """Share of protons without an inelastic reaction in g/cm2, ∫ Σ dx along the way."""
    depth = torch.linspace(0.0, thickness, 1001, dtype=torch.float64)
    there = energy_behind(material, energy, depth).clamp(min=0.1).log().numpy()
    atoms = [material.fractions.get(e, 0.0) / ELEMENTS[e].mass for e in DATA.elements]
    return math.exp(-np.trapezoid(np.array(atoms) @ DATA.cross_sections(there)[0], depth.numpy()))


def largest_loss(energy: float, mass: float, target: float) -> float:
    """What a particle gives to a nucleus at rest that it hits head on."""
    momentum = momentum_squared(energy, mass)
    return 2.0 * target * momentum / ((mass + target) ** 2 + 2.0 * target * energy)


# Cross-sections


@pytest.mark.parametrize(
    ("symbol", "published"),
    [
        ("C", (441, 334, 227, 222, 210, 209.5)),
        ("O", (535, 401, 297, 295, 295, 295)),
        ("Al", (760, 575, 421, 399, 400, 400)),
        ("Si", (850, 575, 431, 410, 424, 424)),
        ("Ca", (843, 755, 583, 537, 529, 535)),
    ],
)
def test_inelastic_cross_sections_are_those_of_icru_within_a_tenth(symbol, published):
    # mb, ICRU Report 63.
    assert millibarns(ENERGIES, symbol)[0] == pytest.approx(published, rel=0.1)


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("O", (532, 390, 294, 280, 276, 271)),
        ("C", (437, 320, 223, 209, 210, 208)),
        ("Al", (748, 540, 409, 404, 404, 401)),
        ("Si", (776, 567, 432, 425, 423, 421)),
    ],
)
def test_inelastic_cross_sections_are_those_of_geant4(symbol, expected):
    assert millibarns(ENERGIES, symbol)[0] == pytest.approx(expected, rel=3e-3)


def test_elastic_cross_sections_are_those_of_geant4():
    for symbol, expected in (("O", (354, 158, 103, 93)), ("Al", (567, 275, 168, 159))):
        assert millibarns(ENERGIES[2:], symbol)[1] == pytest.approx(expected, rel=5e-3), symbol
    hydrogen = millibarns(np.array([10.0, 50.0, 150.0, 250.0]), "H")
    assert hydrogen[1] == pytest.approx((302, 51.7, 23.9, 23.3), rel=3e-3)
    # Two protons make a pion from 280 MeV on, which is not followed.
    assert hydrogen[0].max() < 0.01


def test_cross_sections_are_linear_in_the_logarithm_and_end_with_the_table():
    first, second = DATA.energies[40:42]
    middle = math.sqrt(first * second)
    below, between, above = DATA.cross_sections(np.log([first, middle, second]))[0].T
    assert between == pytest.approx(0.5 * (below + above))
    assert below == pytest.approx(6.02214076e-4 * DATA.inelastic[:, 40])
    for table in DATA.cross_sections(np.log([0.5, DATA.energies[-1], 5000.0])):
        assert not table[:, 0].any()
        assert (table[:, 1] == table[:, 2]).all()
        assert (table >= 0).all()


def test_no_reaction_below_the_coulomb_barrier():
    # About Z/A^(1/3) MeV; a tenth of it is tunnelled through by nobody.
    for symbol in DATA.elements:
        barrier = ELEMENTS[symbol].number / ELEMENTS[symbol].mass ** (1 / 3)
        if 0.1 * barrier > DATA.energies[0]:
            assert millibarns(np.array([0.1 * barrier]), symbol)[0][0] < 1.0, symbol


@pytest.mark.parametrize(("depth", "published"), [(10.0, 0.906), (15.0, 0.862), (20.0, 0.821)])
def test_survival_in_water(depth, published):
    assert survival(shipped_materials()["water"], 230.0, depth) == pytest.approx(
        published, abs=0.01
    )


def test_losses_in_water_are_those_of_geant4():
    # 8.6 ± 0.2 % in 100 mm and 27.7 ± 0.7 % until protons of 229.87 MeV stop.
    water = shipped_materials()["water"]
    assert 1.0 - survival(water, 229.87, 10.0) == pytest.approx(0.086, abs=0.006)
    whole = float(csda_range(water, 229.87))
    assert 1.0 - survival(water, 229.87, whole) == pytest.approx(0.277, abs=0.014)


@pytest.mark.parametrize(
    ("energy", "published"), [(100.0, 0.889), (150.0, 0.811), (187.0, 0.745), (230.0, 0.667)]
)
def test_survival_until_protons_stop_in_aluminium(energy, published):
    aluminium = shipped_materials()["aluminium"]
    length = float(csda_range(aluminium, energy))
    assert survival(aluminium, energy, length) == pytest.approx(published, abs=0.01)


# Elastic scattering


@given(energies, masses, targets, st.floats(0.0, 1.0))
def test_momentum_is_conserved(energy, mass, target, share):
    loss = share * min(largest_loss(energy, mass, target), energy)
    scattered, recoil = elastic_angles(energy, loss, mass, target)
    p = math.sqrt(momentum_squared(energy, mass))
    after = math.sqrt(momentum_squared(energy - loss, mass))
    kick = math.sqrt(momentum_squared(loss, target))
    assert after * scattered + kick * recoil == pytest.approx(p, rel=1e-7)
    aside = after**2 * (1 - scattered**2), kick**2 * (1 - recoil**2)
    assert aside[0] == pytest.approx(aside[1], abs=1e-7 * p**2)


@given(energies, st.floats(0.001, 0.999))
def test_two_protons_part_as_relativity_says(energy, share):
    # tan θ₁ tan θ₂ = 2 / (γ + 1).
    first, second = elastic_angles(energy, share * energy, PROTON_MASS, PROTON_MASS)
    tangents = math.tan(math.acos(first)) * math.tan(math.acos(second))
    assert tangents == pytest.approx(2.0 / (2.0 + energy / PROTON_MASS), rel=1e-6)


@given(st.floats(0.01, 0.99))
def test_slow_protons_part_at_a_right_angle(share):
    first, second = elastic_angles(1e-3, share * 1e-3, PROTON_MASS, PROTON_MASS)
    assert math.acos(first) + math.acos(second) == pytest.approx(math.pi / 2, abs=1e-5)
    # And the energies follow from the angle: T' = T cos²θ.
    assert first**2 == pytest.approx(1.0 - share, abs=1e-5)


@given(energies, targets.filter(lambda target: target > PROTON_MASS))
def test_a_head_on_collision_turns_the_proton_round(energy, target):
    scattered, recoil = elastic_angles(
        energy, largest_loss(energy, PROTON_MASS, target), PROTON_MASS, target
    )
    assert (scattered, recoil) == pytest.approx((-1.0, 1.0), abs=1e-6)


def test_nothing_lost_and_everything_lost():
    assert elastic_angles(100.0, 0.0, PROTON_MASS, 25e3)[0] == 1.0
    assert elastic_angles(100.0, 100.0, PROTON_MASS, PROTON_MASS)[1] == pytest.approx(1.0)


def test_sampled_losses_are_possible():
    assert DATA.elastic_probabilities[[0, -1]].tolist() == [0.0, 1.0]
    assert (np.diff(DATA.elastic_probabilities) > 0).all()
    assert (np.diff(DATA.elastic_loss, axis=2) >= 0).all()
    assert (DATA.elastic_loss >= 0).all()
    for symbol, losses in zip(DATA.elastic_targets, DATA.elastic_loss, strict=True):
        target = PROTON_MASS if symbol == "H" else NUCLEON * ELEMENTS[symbol].mass
        for energy, quantiles in zip(DATA.elastic_energies, losses, strict=True):
            # Natural elements have lighter isotopes, which can take a little more.
            assert quantiles[-1] < 1.01 * largest_loss(energy, PROTON_MASS, target), symbol


def test_protons_scatter_isotropically_from_protons():
    # In their centre of mass, which spreads the loss evenly from nothing to everything.
    row = DATA.elastic_targets.index("H")
    for energy, quantiles in zip(DATA.elastic_energies, DATA.elastic_loss[row], strict=True):
        if energy >= 10.0:
            assert quantiles / energy == pytest.approx(DATA.elastic_probabilities, abs=0.05)


def test_what_nuclei_take_hardly_changes_between_sampled_energies():
    # So the samples of the nearest energy can be used as they are.
    middle = np.abs(DATA.elastic_probabilities - 0.5).argmin()
    for symbol, losses in zip(DATA.elastic_targets, DATA.elastic_loss, strict=True):
        if symbol != "H":
            medians = losses[DATA.elastic_energies >= 60.0, middle]
            assert medians[1:] / medians[:-1] == pytest.approx(1.0, abs=0.15), symbol


# Reactions


def reactions_of(symbol: str, energy: float) -> tuple[int, slice]:
    """How many reactions there are, and where their secondaries lie."""
    shape = (len(DATA.reaction_targets), len(DATA.reaction_energies), -1)
    target = DATA.reaction_targets.index(symbol)
    chosen = DATA.reaction_energies.tolist().index(energy)
    starts = DATA.reaction_offsets[:-1].reshape(shape)[target, chosen]
    ends = DATA.reaction_offsets[1:].reshape(shape)[target, chosen]
    return len(starts), slice(int(starts[0]), int(ends[-1]))


def sums(values: np.ndarray) -> np.ndarray:
    """Sums over the secondaries of each reaction: (targets, energies, reactions)."""
    offsets = DATA.reaction_offsets
    total = np.append(0.0, np.cumsum(values.astype(float)))
    shape = (len(DATA.reaction_targets), len(DATA.reaction_energies), -1)
    return (total[offsets[1:]] - total[offsets[:-1]]).reshape(shape)


def test_reactions_conserve_charge_and_make_no_nucleons():
    charge, nucleons = sums(DATA.secondary_charge), sums(DATA.secondary_mass)
    heaviest = {"C": 13, "N": 15, "O": 18, "Al": 27, "Si": 30, "Ca": 48, "Cu": 65}
    for row, symbol in enumerate(DATA.reaction_targets):
        assert (charge[row] == ELEMENTS[symbol].number + 1).all(), symbol
        assert nucleons[row].max() <= heaviest[symbol] + 1, symbol
        # Neutrons are left out; on the average less than four.
        assert ELEMENTS[symbol].mass + 1 - nucleons[row].mean() < 4.0, symbol


def test_reactions_do_not_make_energy():
    # More than the proton brings is set free only by light ones that are captured: 11.6 MeV by
    # 27Al(p,γ)28Si. Energies are kept with three digits.
    excess = sums(DATA.secondary_energy) - DATA.reaction_energies[:, None]
    assert excess.max() < 11.6 + 0.2
    assert excess[:, DATA.reaction_energies > 50].max() < 0.2
    # The rest goes into separating nucleons, and to neutrons.
    share = sums(DATA.secondary_energy) / DATA.reaction_energies[:, None]
    assert share.mean(axis=2)[:, DATA.reaction_energies > 50] == pytest.approx(0.55, abs=0.1)


def test_secondaries_are_particles_that_move_somewhere():
    charge, nucleons = DATA.secondary_charge.astype(int), DATA.secondary_mass.astype(int)
    assert (nucleons[charge == 0] == 0).all()  # photons; neutrons are left out
    assert (nucleons[charge > 0] >= charge[charge > 0]).all()
    assert (DATA.secondary_energy >= 0).all()
    assert DATA.secondary_theta.min() >= 0
    assert DATA.secondary_theta.max() <= 3.15
    assert np.abs(DATA.secondary_phi).max() <= 3.15
    assert np.cos(DATA.secondary_phi.astype(float)).mean() == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize(
    ("symbol", "energy", "number", "mean", "angle"),
    [
        ("O", 190.0, 2.04, 52, 52),
        ("O", 230.0, 2.04, 65, 52),
        ("O", 85.0, 1.75, 23, 57),
        ("O", 115.0, 1.75, 30, 57),
        ("Al", 190.0, 2.08, 44, 58),
        ("Si", 190.0, 2.43, 38.5, 63),
    ],
)
def test_protons_come_out_as_in_the_binary_cascade(symbol, energy, number, mean, angle):
    # Number for each reaction, MeV, and median degrees; of large samples.
    count, part = reactions_of(symbol, energy)
    protons = DATA.secondary_mass[part] == 1
    energies_out = DATA.secondary_energy[part][protons].astype(float)
    angles = np.degrees(DATA.secondary_theta[part][protons].astype(float))
    assert abs(protons.sum() / count - number) < 5 * math.sqrt(number / count)
    assert energies_out.mean() == pytest.approx(mean, rel=0.2)
    assert np.median(angles) == pytest.approx(angle, rel=0.15)


def test_protons_come_out_as_many_as_icru_has_within_a_fifth():
    # ICRU Report 63 at 200 MeV: 2.17 protons of 46 MeV at 52 degrees from oxygen.
    count, part = reactions_of("O", 190.0)
    protons = DATA.secondary_mass[part] == 1
    assert protons.sum() / count == pytest.approx(2.17, rel=0.2)
    assert DATA.secondary_energy[part][protons].astype(float).mean() == pytest.approx(46, rel=0.2)
    median = np.degrees(np.median(DATA.secondary_theta[part][protons].astype(float)))
    assert median == pytest.approx(52, rel=0.2)
    # Alpha particles are many and slow.
    alphas = (DATA.secondary_charge[part] == 2) & (DATA.secondary_mass[part] == 4)
    assert 0.4 < alphas.sum() / count < 0.9
    assert 4.0 < DATA.secondary_energy[part][alphas].astype(float).mean() < 12.0
