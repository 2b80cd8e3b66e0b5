"""The compiled Fortran of ECHAM-HAM: whole steps, and what is found on the way."""

import numpy as np
import pytest
import torch
from emulation.states import CASES, forcing_of, model_of, state_of

from trackscape.emulation.m7 import MASSES, MODES
from trackscape.emulation.m7.advance import produce, room_for_tensors
from trackscape.emulation.m7.coagulation import remaining
from trackscape.emulation.m7.condensation import diffusivity, thermal_speed
from trackscape.emulation.m7.growth import growth_factor
from trackscape.emulation.m7.kernels import collision_rate
from trackscape.emulation.m7.nucleation import binary_nucleation
from trackscape.emulation.m7.salt_water import (
    MOLALITY_H2SO4,
    MOLALITY_NA2SO4,
    MOLALITY_NACL,
    acid_density,
    acid_share,
    molality,
)

ROUND_OFF = 1e-12
"""Of all there is of a species, where depleted modes keep what rounding leaves."""


def tensors(*values: float) -> list[torch.Tensor]:
    return [torch.tensor([value], dtype=torch.float64) for value in values]


def assert_state(found: np.ndarray, after: dict):
    for i, name in enumerate(MASSES):
        total = sum(after["mass"][other] for other in MASSES if other[:2] == name[:2])
        wanted = after["mass"][name]
        assert found[1 + i] == pytest.approx(wanted, rel=1e-6, abs=ROUND_OFF * total), name
    for i, name in enumerate(MODES):
        floor = ROUND_OFF * sum(after["number"].values())
        assert found[19 + i] == pytest.approx(after["number"][name], rel=1e-6, abs=floor), name
    assert found[0] == pytest.approx(after["h2so4"], rel=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_a_step_of_the_fortran(name):
    case = CASES[name]
    model, state, forcing = model_of(case), state_of(case), forcing_of(case)
    for snapshot in case.get("after_every_20", [])[:-1]:
        state = model.run(state, forcing, steps=20)
        assert_state(state[0], snapshot)
    steps = case["nsteps"] - 20 * len(case.get("after_every_20", [])[:-1])
    state = model.run(state, forcing, steps=steps)
    assert_state(state[0], case["after"])
    assert_particles(model.describe(state, forcing), case["after"])


def assert_particles(found, after: dict):
    wanted = ("r_dry_cm", "r_wet_cm", "rho_g_cm3", "water_kg_m3")
    for values, quantity in zip(found, wanted, strict=True):
        for mode, value in after[quantity].items():
            of_mode = values[0, MODES.index(mode)]
            assert of_mode == pytest.approx(value, rel=1e-6), (quantity, mode)


@pytest.fixture(scope="module")
def polluted():
    """What a step finds in the polluted boundary layer before gas condenses."""
    case = CASES["full_polluted"]
    rows = [torch.from_numpy(column) for column in state_of(case).T]
    forcing = [torch.from_numpy(column) for column in forcing_of(case).T]
    work = room_for_tensors()
    total = produce(rows, forcing, work, 720.0, model_of(case)._processes)
    return work, total, rows


def test_particles_and_sinks(polluted):
    work, total, rows = polluted
    wet = [2.78286981e-7, 2.24458278e-6, 9.20451885e-6, 7.18129498e-5, 2e-6, 1.5e-5, 7e-5]
    dry = [2.48280035e-7, 1.99314389e-6, 7.96706796e-6, 5.98767596e-5]
    density = [1.59723152, 1.64509117, 1.60846058, 1.69500237, 2, 2.65, 2.65]
    water = [1.37738378e-13, 1.86897588e-10, 3.02221938e-9, 1.13317862e-8]
    sinks = [1.20575759e-5, 1.86077141e-3, 4.26103421e-3, 1.11541498e-4]
    sinks += [2.76832991e-4, 1.99825147e-5, 2.03660646e-5]
    assert_rows(work.particles.wet, wet)
    assert_rows(work.particles.dry[:4], dry)
    assert_rows(work.particles.density, density)
    assert_rows(work.particles.water[:4], water)
    assert_rows(work.condensed.sink, sinks)
    assert float(total) == pytest.approx(6.56258627e-3, rel=1e-6)
    assert float(rows[0]) == pytest.approx(75558012.4, rel=1e-6)
    assert float(sum(work.condensed.taken)) == pytest.approx(289441987.6, rel=1e-6)


def assert_rows(found, wanted):
    assert [float(value) for value in found] == pytest.approx(wanted, rel=1e-6)


def test_gas(polluted):
    temperature, pressure = tensors(285.0, 1e5)
    assert float(diffusivity(temperature, pressure)) == pytest.approx(0.0682241180, rel=1e-6)
    assert float(thermal_speed(temperature)) == pytest.approx(24804.0091, rel=1e-6)


@pytest.mark.parametrize(
    ("pair", "wanted"),
    {
        ("NS", "NS"): 1.143821112e-9,
        ("NS", "KS"): 1.537291324e-8,
        ("NS", "AS"): 1.378784129e-7,
        ("NS", "CS"): 1.444343978e-6,
        ("NS", "KI"): 1.271304656e-8,
        ("NS", "AI"): 2.599290127e-7,
        ("NS", "CI"): 1.408768791e-6,
        ("KS", "KS"): 1.946834261e-9,
        ("KS", "AS"): 3.853893386e-9,
        ("KS", "CS"): 2.609898979e-8,
        ("KS", "KI"): 1.941937028e-9,
        ("KS", "AI"): 5.922508576e-9,
        ("KS", "CI"): 2.555268669e-8,
        ("AS", "AS"): 1.038086078e-9,
        ("AS", "KI"): 4.510361307e-9,
        ("KI", "KI"): 1.899930279e-9,
    }.items(),
)
def test_kernel(polluted, pair, wanted):
    i, j = (MODES.index(mode) for mode in pair)
    motion = polluted[0].motion
    assert float(collision_rate(motion, i, j)) == pytest.approx(wanted, rel=1e-6)
    assert float(collision_rate(motion, j, i)) == float(collision_rate(motion, i, j))


def test_rates_and_layers(polluted):
    encounters = polluted[0].encounters
    assert float(0.5 * encounters.alike[0]) == pytest.approx(5.71910556e-10, rel=1e-6)
    assert float(sum(encounters.small)) == pytest.approx(2.577748362e-4, rel=1e-6)
    assert_rows(encounters.layer[4:], [3.23341426e4, 1.81879552e6, 6.73479264e7])


def test_number_after_coagulation():
    number, within, between = tensors(1e4, 5.71910556e-10, 1.50070657e-4)
    left, _ = remaining(number, within, between, 0 * number, 720.0)
    assert float(left) == pytest.approx(8940.922, rel=1e-6)


NUCLEATION = {
    (236, 0.55, 1e7): (1.66812653e2, 2.757512, 0.27140058, 10.160301),
    (236, 0.55, 1e8): (4.06727810e5, 1.816346, 0.29073063, 6.247521),
    (250, 0.8, 1e8): (1.89643733e4, 2.787398, 0.25232283, 11.046950),
    (273.15, 0.5, 1e9): (3.47558266e3, 4.976990, 0.25794812, 19.294540),
    (298.15, 0.8, 1e10): (3.34127393e4, 5.949959, 0.22377901, 26.588546),
    (300.15, 1, 1e11): (5.78404137e9, 3.274752, 0.2359864, 13.876869),
}


@pytest.mark.parametrize("air", NUCLEATION)
def test_binary_nucleation(air):
    found = [float(value) for value in binary_nucleation(*tensors(*air))]
    assert found == pytest.approx(NUCLEATION[air], rel=1e-6)


def test_no_nucleation_below_four_molecules():
    rate, _, _, molecules = binary_nucleation(*tensors(215, 0.5, 1e7))
    assert (float(rate), float(molecules)) == (0, pytest.approx(3.995, abs=1e-3))


GROWTH = {
    (5e-9, 285, 0.6, 0.6): 1.1681202970,
    (2e-8, 285, 0.6, 0.6): 1.2180694998,
    (1e-7, 285, 0.9, 0.6): 1.8265390883,
    (1e-7, 285, 0.6, 0.06): 1.0284038445,
    (5e-7, 288, 0.8, 1.0): 1.7070937096,
    (1e-6, 298.15, 0.95, 1): 2.7078073961,
    (1e-7, 298.15, 0.99, 0.3): 2.8302883945,
}


@pytest.mark.parametrize("particle", GROWTH)
def test_growth_factor(particle):
    assert float(growth_factor(*tensors(*particle))) == pytest.approx(GROWTH[particle], rel=1e-9)


ACID = {
    (1e2, 240, 0.2, 1e4): (59.8793278, 1.52697936),
    (1e4, 273.15, 0.5, 5e4): (43.98470725, 1.35986724),
    (1e6, 285, 0.6, 1e5): (37.98506184, 1.29370862),
    (1e8, 298.15, 0.9, 1e5): (16.4195385, 1.10236335),
}


@pytest.mark.parametrize("drop", ACID)
def test_sulphuric_acid_and_water(drop):
    molecules, temperature, humidity, pressure = tensors(*drop)
    share = acid_share(molecules, temperature, humidity, pressure)
    density = acid_density(molecules, share, temperature, humidity)
    assert (float(share), float(density)) == pytest.approx(ACID[drop], rel=1e-6)


@pytest.mark.parametrize(
    ("salt", "wanted"),
    [
        (MOLALITY_NACL, [13.18011, 8.84689, 5.13450, 2.86700, 1.45359]),
        (MOLALITY_NA2SO4, [6.41673, 8.48399, 4.79742, 3.21446, 1.70714]),
        (MOLALITY_H2SO4, [8.78478, 6.46615, 3.79226, 2.26895, 1.35170]),
    ],
)
def test_molality(salt, wanted):
    humidity = torch.tensor([0.45, 0.6, 0.8, 0.9, 0.95], dtype=torch.float64)
    assert molality(salt, humidity).tolist() == pytest.approx(wanted, abs=2e-5)
