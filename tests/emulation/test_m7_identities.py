"""Laws that hold for every state: what is conserved, what never falls, limits, order."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
import torch
from emulation.states import CASES, forcing_of, random_cells, state_of
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.emulation import mass_violation
from trackscape.emulation.m7 import FORCING, M7, STATE, species
from trackscape.emulation.m7.advance import room_for_tensors
from trackscape.emulation.m7.coagulation import mixed_share, remaining
from trackscape.emulation.m7.growth import growth_factor
from trackscape.emulation.m7.kernels import Motion, collision_rate, find_motion

SEEDS = st.integers(0, 2**32 - 1)
MODELS = [
    M7(),
    M7(dt=7200.0, boundary_layer="kinetic"),
    M7(water="salts", boundary_layer="activation"),
    M7(coagulation=False, nucleation=None),
    M7(condensation=False),
]
each_model = pytest.mark.parametrize("model", MODELS, ids=range(len(MODELS)))


def column(name: str) -> int:
    return STATE.index(name)


@each_model
@settings(max_examples=30)
@given(seed=SEEDS)
def test_every_species_is_conserved_and_nothing_is_negative(model, seed):
    state, forcing = random_cells(seed)
    after = model.step(state, forcing)
    error = mass_violation(model.conservation, *map(torch.from_numpy, (state, after, forcing)))
    assert error.max() < 1e-12
    assert np.isfinite(after).all()
    assert after.min() >= 0


@each_model
@settings(max_examples=15)
@given(seed=SEEDS)
def test_what_only_falls_and_what_only_rises(model, seed):
    state, forcing = random_cells(seed)
    after = model.step(state, forcing)
    slack = 1e-12 * state.max(axis=1, keepdims=True)
    falls = [column(n) for n in ("N_KI", "N_AI", "N_CI", "BC_KI", "OC_KI", "DU_AI", "DU_CI")]
    rises = [column(n) for n in ("SO4_CS", "BC_CS", "OC_CS", "SS_CS", "DU_CS", "N_CS")]
    assert (after[:, falls] <= state[:, falls] + slack).all()
    assert (after[:, rises] >= state[:, rises] - slack).all()


@settings(max_examples=15)
@given(seed=SEEDS)
def test_without_nucleation_no_particle_appears(seed):
    state, forcing = random_cells(seed)
    for coagulation in (True, False):
        after = M7(nucleation=None, coagulation=coagulation).step(state, forcing)
        before = state[:, 19:].sum(axis=1)
        assert (after[:, 19:].sum(axis=1) <= before * (1 + 1e-12)).all()
        if not coagulation:  # ageing and repartition keep numbers
            assert after[:, 19:].sum(axis=1) == pytest.approx(before, rel=1e-12)


@settings(max_examples=10)
@given(seed=SEEDS)
def test_cells_do_not_know_each_other(seed):
    state, forcing = random_cells(seed, n=32)
    order = np.random.default_rng(seed).permutation(32)
    after = M7().step(state, forcing)
    assert (M7().step(state[order], forcing[order]) == after[order]).all()
    assert (M7().step(state[:1], forcing[:1]) == after[:1]).all()


def test_threads_change_nothing():
    state, forcing = random_cells(0, n=9000)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = M7().step(state, forcing)
        torch.set_num_threads(3)
        assert (M7().step(state, forcing) == one).all()
    finally:
        torch.set_num_threads(before)


def test_without_aerosol_gas_is_produced():
    state, forcing = np.zeros((1, 26)), forcing_of(CASES["empty"])
    state[0, 0] = 1e5
    after = M7(dt=720.0, nucleation=None).step(state, forcing)
    assert after[0, 0] == 1e5 + 720 * 1e3
    assert (after[0, 1:] == 0).all()


def test_a_short_step_is_no_step():
    state, forcing = random_cells(1, n=400)
    forcing[:, 3] = 0  # a cloud takes its gas at once, however short the step
    merges = M7(dt=1e-9, nucleation=None, coagulation=False, condensation=False)
    calm = np.isclose(merges.step(state, forcing), state, rtol=1e-9, atol=1e-9).all(axis=1)
    assert calm.sum() > 10
    after = M7(dt=1e-9, nucleation=None).step(state[calm], forcing[calm])
    assert after == pytest.approx(state[calm], rel=1e-6, abs=1e-2)


def test_gas_comes_to_the_balance_of_production_and_sink():
    case = CASES["cond_only"]
    state, forcing = state_of(case), forcing_of(case)
    model = M7(dt=1e7, nucleation=None, coagulation=False)
    after = model.step(state, forcing)
    sink = 6.56258627e-3  # of these particles, known from the reference
    assert after[0, 0] == pytest.approx(case["prod"] / sink, rel=1e-6)


def test_a_mode_that_grew_is_no_longer_too_large():
    case = CASES["repartition"]
    state, forcing = state_of(case), forcing_of(case)
    model = M7(nucleation=None)
    radius = [model.describe(state, forcing).dry_radius[0, 2]]
    for _ in range(40):
        state = model.step(state, forcing)
        radius.append(model.describe(state, forcing).dry_radius[0, 2])
    middle = np.sqrt(5e-6 * 50e-6)
    assert radius[0] > 1.5 * middle
    assert max(radius[1:]) < 1.05 * middle


def numbers(*values: float) -> list[torch.Tensor]:
    return [torch.tensor([value], dtype=torch.float64) for value in values]


@given(number=st.floats(0, 1e6), a=st.floats(0, 1e-8), b=st.floats(0, 1e-1), c=st.floats(0, 1e4))
def test_the_number_equation(number, a, b, c):
    n, within, between, source = numbers(number, a, b, c)
    left, lost = remaining(n, within, between, source, 450.0)
    assert 0 <= float(left) <= number + 450 * c
    assert float(left + lost) == pytest.approx(number + 450 * c, rel=1e-12)
    half, _ = remaining(n, within, between, 0 * n, 225.0)
    half, _ = remaining(half, within, between, 0 * n, 225.0)
    whole, _ = remaining(n, within, between, 0 * n, 450.0)
    assert float(half) == pytest.approx(float(whole), rel=1e-9)


def test_the_number_equation_against_tiny_steps():
    n0, a, b, c, dt = 5e3, 2e-9, 1e-4, 30.0, 720.0

    def euler(steps: int) -> float:
        n = n0
        for _ in range(steps):
            n += dt / steps * (c - a * n * n - b * n)
        return n

    exact, _ = remaining(*numbers(n0, a, b, c), dt)
    errors = [abs(euler(steps) - float(exact)) for steps in (200, 400, 800)]
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.02)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.02)
    only, _ = remaining(*numbers(n0, a, 0, 0), dt)
    assert float(only) == pytest.approx(n0 / (1 + a * n0 * dt), rel=1e-12)


def motion_of(radius: float) -> Motion:
    """Of spheres of one radius in all modes, in air at 293 K and 1 bar."""
    work = room_for_tensors()
    for mode in range(7):
        work.particles.wet[mode], work.particles.density[mode] = numbers(radius, 1.0)
    air = numbers(293.15, 1e5, 0.5, 0, 0, 0, 0)
    find_motion(work.motion, work.particles, numbers(*[1.0] * 26), air)
    return work.motion


def test_limits_of_the_kernel():
    large, small = motion_of(2e-2), motion_of(2e-8)
    continuum = 16 * np.pi * large.diffusion[0] * 2e-2
    assert float(collision_rate(large, 0, 1)) == pytest.approx(float(continuum), rel=1e-3)
    speed = (2 * small.square_speed[0]) ** 0.5
    ballistic = np.pi * (4e-8) ** 2 * speed  # cross-section times mean relative speed
    assert float(collision_rate(small, 0, 1)) == pytest.approx(float(ballistic), rel=0.05)


@given(
    radius=st.floats(1e-9, 2e-6),
    humidity=st.floats(0.3, 0.99),
    kappa=st.floats(0.05, 1.0),
    temperature=st.floats(220, 310),
)
def test_particles_grow_with_humidity_and_hygroscopicity(radius, humidity, kappa, temperature):
    air = numbers(radius, temperature, humidity, kappa)
    growth = growth_factor(*air)
    assert growth >= 1
    assert growth_factor(*air[:2], air[2] + 0.005, air[3]) >= growth
    assert growth_factor(*air[:3], 1.1 * air[3]) >= growth
    cube, kelvin = growth**3, 2 * 0.072 * 0.018015 / (8.314472 * temperature * 1000 * radius)
    activity = (cube - 1) / (cube - (1 - kappa))
    assert float(activity) == pytest.approx(humidity * np.exp(-kelvin / float(growth)), rel=1e-9)


def test_salt_is_dry_in_dry_air_and_wet_particles_are_larger():
    case = CASES["full_marine_w0"]
    state, forcing = state_of(case), forcing_of(case)
    forcing[0, FORCING.index("RH")] = 0.44
    found = M7(water="salts").describe(state, forcing)
    assert found.wet_radius[0, 2:4] == pytest.approx(found.dry_radius[0, 2:4], rel=1e-12)
    assert (found.water[0, 2:4] == 0).all()
    for water in ("kappa", "salts"):
        found = M7(water=water).describe(*random_cells(3))
        assert (found.wet_radius >= found.dry_radius * (1 - 1e-12)).all()


def test_sulphate_is_lost_by_the_published_code_only():
    case = CASES["cond_only"]
    state, forcing = state_of(case), forcing_of(case)
    model = M7(coagulation=False, nucleation=None, published_defects=True)
    lost = []
    for each in (model, dataclasses.replace(model, published_defects=False)):
        after = each.step(state, forcing)
        sulphur = species("SO4")
        lost.append(1 - after[0, sulphur].sum() / (state[0, sulphur].sum() + 450 * case["prod"]))
    assert lost[0] > 1e-6
    assert abs(lost[1]) < 1e-14


def test_a_rate_of_your_own():
    state, forcing = random_cells(4)
    forcing[:, 3] = 0
    seen = []

    def rate(air, gas, sinks):
        seen.append((gas, sinks))
        return np.full(len(gas), 1e-3), np.full(len(gas), 15.0)

    model = M7(nucleation=rate)
    after = model.step(state, forcing)
    without = M7(nucleation=None).step(state, forcing)
    assert (after[:, 0] <= without[:, 0]).all()
    assert (after[:, 0] < without[:, 0]).any()
    gas, sinks = seen[0]
    expected = np.minimum(450 * 1e-3 * 15 / (1 + 450 * sinks), gas)
    assert without[:, 0] - after[:, 0] == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(soluble=st.floats(1e-3, 1e7), insoluble=st.floats(1e-6, 1e5), pace=st.floats(1e-12, 1e-3))
def test_few_mixed_clusters_of_many_keep_their_digits(soluble, insoluble, pace):
    """Against the difference of clusters in all and of one kind in exact fractions."""
    s, i, p = map(Fraction, (soluble, insoluble, pace))
    grown = 2 + p * (s + i)
    of_one_kind = 4 * s / (grown * (2 + p * i))
    of_one_kind += 4 * i / (grown * (2 + p * s)) if i > 1 else 0
    exact = min((2 * (s + i) / grown - of_one_kind) / i, 1)
    found = mixed_share(*torch.tensor([soluble, insoluble, pace], dtype=torch.float64))
    assert float(found) == pytest.approx(float(exact), rel=1e-14)
