"""Sampled states, runs of the model, and the file that holds them."""

import dataclasses

import numpy as np
import pytest

from trackscape.emulation import (
    Windows,
    follow_model,
    in_chunks,
    joined,
    read_windows,
    write_windows,
)
from trackscape.emulation.m7 import (
    DEVELOPMENT,
    FORCING,
    HELD_OUT,
    M7,
    REGIMES,
    STATE,
    TRAINING,
    m7_windows,
    sample_states,
    write_m7_data,
)
from trackscape.errors import ConfigError, DataError, FormatError

MODEL = M7(boundary_layer="activation")


@pytest.mark.parametrize("regime", REGIMES)
def test_a_regime_is_what_it_says(regime):
    state, forcing = sample_states(regime, 4000, random=np.random.default_rng(1))
    MODEL.step(state, forcing)  # whose checks of units pass
    assert np.median(state[:, 19:], axis=0) == pytest.approx(REGIMES[regime].numbers, rel=0.1)
    temperature = forcing[:, FORCING.index("T")]
    lowest, highest = REGIMES[regime].temperature
    assert lowest <= temperature.min() < temperature.max() <= highest
    radius = MODEL.describe(state, forcing).dry_radius
    inner = np.array([0.5e-7, 5e-7, 50e-7, 500e-7, 5e-7, 50e-7, 500e-7])
    assert (radius.min(axis=0) >= 0.999 * inner).all()


def test_states_are_the_same_for_a_seed():
    one, two = (sample_states("dust", 50, random=np.random.default_rng(3)) for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))


def test_every_regime_has_one_role():
    assert set(TRAINING + DEVELOPMENT + HELD_OUT) == set(REGIMES)
    assert set(TRAINING).isdisjoint(DEVELOPMENT + HELD_OUT)


def test_mixed_air_has_the_surroundings_of_other_air():
    given = {"regimes": ("polluted", "upper_troposphere"), "runs": 600, "seed": 1, "oldest": 8}
    cold = {}
    for mixed in (0.0, 1.0):
        windows = joined(list(m7_windows(MODEL, **given, mixed=mixed)))
        cold[mixed] = (windows.forcing[windows.kind == "polluted", 0] < 240).mean()
        gas = windows.forcing[windows.kind == "polluted", FORCING.index("production")]
        assert (np.median(gas) < 1e5) == (mixed > 0)
    assert cold[0.0] == 0
    assert 0.3 < cold[1.0] < 0.7


@pytest.fixture(scope="module")
def windows() -> Windows:
    regimes = ("marine", "polar")
    return joined(list(m7_windows(MODEL, regimes=regimes, runs=300, steps=2, seed=5, oldest=20)))


def test_runs_are_steps_of_the_model(windows):
    assert windows.state.shape == (300, 3, len(STATE))
    assert set(windows.kind) == {"marine", "polar"}
    followed = follow_model(MODEL.step, windows.state[:, 0], windows.forcing, steps=2)
    assert (followed == windows.state).all()


def test_a_file_gives_back_what_was_written(windows, tmp_path):
    path = tmp_path / "runs.parquet"
    assert write_windows(path, in_chunks(windows, 77)) == 300
    found = read_windows(path)
    for field in dataclasses.fields(Windows):
        assert np.array_equal(getattr(found, field.name), getattr(windows, field.name))


def test_a_file_of_m7(tmp_path):
    path = tmp_path / "m7.parquet"
    assert write_m7_data(path, MODEL, regimes=("polar",), runs=10, steps=1, seed=0) == 10
    assert read_windows(path).state_names == STATE


def test_files_that_are_none(windows, tmp_path):
    with pytest.raises(FormatError, match="absent"):
        read_windows(tmp_path / "absent.parquet")
    path = tmp_path / "runs.parquet"
    path.write_bytes(b"PAR1, but not so")
    with pytest.raises(FormatError, match="expected a data set of runs"):
        read_windows(path)
    with pytest.raises(DataError, match="got none"):
        write_windows(tmp_path / "nothing.parquet", [])
    assert not (tmp_path / "nothing.parquet").exists()


def test_windows_that_do_not_fit(windows):
    with pytest.raises(DataError, match=r"Windows.forcing of shape \(300, 7\)"):
        dataclasses.replace(windows, forcing=windows.forcing[:5])
    state = windows.state.copy()
    state[0, 0, 0] = np.nan
    with pytest.raises(DataError, match="finite numbers in Windows"):
        dataclasses.replace(windows, state=state)


@pytest.mark.parametrize(
    "given", [{"regimes": ("mars",)}, {"runs": 0}, {"steps": 0}, {"mixed": 2.0}]
)
def test_data_that_cannot_be_made(given):
    with pytest.raises(ConfigError, match="Expected regimes of polluted"):
        next(m7_windows(MODEL, **{"runs": 10} | given))
    with pytest.raises(ConfigError, match="Regimes are polluted"):
        sample_states("mars", 1, random=np.random.default_rng(0))
