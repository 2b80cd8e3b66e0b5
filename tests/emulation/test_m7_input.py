"""What M7 does not take, with the column that is to blame."""

import numpy as np
import pytest
import torch
from emulation.states import CASES, forcing_of, random_cells, state_of

from trackscape.emulation.m7 import FORCING, M7, STATE
from trackscape.errors import ConfigError, DataError


def polluted() -> tuple[np.ndarray, np.ndarray]:
    case = CASES["full_polluted"]
    return state_of(case), forcing_of(case)


@pytest.mark.parametrize("name", ["SO4_KS", "N_CI", "H2SO4"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -1e-3])
def test_values_that_are_none(name, value):
    state, forcing = polluted()
    state[0, STATE.index(name)] = value
    for given in ((state, forcing), tuple(map(torch.from_numpy, (state, forcing)))):
        with pytest.raises(DataError, match=f"column {name} in .*cell 0"):
            M7().step(*given)


@pytest.mark.parametrize(
    ("name", "factor", "shift"),
    [("T", 1, -273.15), ("p", 0.001, 0), ("RH", 100, 0), ("cloud", 1, 40), ("production", 1e6, 0)],
)
def test_surroundings_in_other_units(name, factor, shift):
    state, forcing = polluted()
    column = FORCING.index(name)
    forcing[0, column] = factor * forcing[0, column] + shift
    with pytest.raises(DataError, match=f"Expected column {name} in"):
        M7().step(state, forcing)


@pytest.mark.parametrize(
    ("columns", "factor", "blamed"),
    [
        (range(1, 5), 1e-10, "N_NS and SO4_NS"),  # sulphate in µg/m³
        (range(19, 26), 1e6, "N_KS|N_NS"),  # numbers in 1/m³
        (range(1, 5), 1e6, "SO4_KS|SO4_AS"),  # molecules/m³
        (range(5, 13), 1e9, "BC_|OC_"),  # in 1e-18 kg
    ],
)
def test_particles_in_other_units(columns, factor, blamed):
    state, forcing = polluted()
    state[:, list(columns)] *= factor
    with pytest.raises(DataError, match=blamed):
        M7().step(state, forcing)


@pytest.mark.parametrize("dt", [0.0, -450.0, np.nan, np.inf])
def test_steps_that_lead_nowhere(dt):
    with pytest.raises(DataError, match="time step dt of more than 0 s"):
        M7(dt=dt)


def test_shapes():
    state, forcing = random_cells(0)
    with pytest.raises(DataError, match="columns H2SO4, SO4_NS"):
        M7().step(state[:, :24], forcing)
    with pytest.raises(DataError, match="Expected as many forcings as states, got 63 for 64"):
        M7().step(state, forcing[:63])
    with pytest.raises(DataError, match="forcings of shape"):
        M7().step(state, forcing[0])


@pytest.mark.parametrize(
    "setting", [{"water": "kohler"}, {"nucleation": "kazil"}, {"boundary_layer": "organic"}]
)
def test_unknown_processes(setting):
    with pytest.raises(ConfigError, match=f"{next(iter(setting))} must be one of"):
        M7(**setting)


def test_a_rate_that_is_no_rate():
    state, forcing = polluted()
    with pytest.raises(DataError, match="Expected the rate of nucleation"):
        M7(nucleation=lambda air, gas, sinks: (-gas, gas)).step(state, forcing)
