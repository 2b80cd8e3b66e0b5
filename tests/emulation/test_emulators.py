"""Emulators: exact whatever their weights, trained, killed, resumed, scored, and as files."""

import dataclasses
import shutil

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.emulation import (
    LAST_STEPS,
    LOST,
    Conserved,
    EmulatorConfig,
    FluxEmulator,
    PublishedEmulator,
    System,
    Windows,
    array_step,
    compare_long_runs,
    follow_model,
    joined,
    load_emulator,
    mass_violation,
    roll_out,
    save_emulator,
    score,
    system_of,
    train_emulator,
)
from trackscape.emulation.m7 import M7, STATE, TRAINING, m7_system, m7_windows
from trackscape.errors import ConfigError, DataError, RunError, WeightsError

SYSTEM = m7_system(M7())
TOLERANCE = {torch.float64: 1e-12, torch.float32: 3e-7}
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def windows() -> Windows:
    regimes = ("polluted", "free_troposphere")
    return joined(list(m7_windows(M7(), regimes=regimes, runs=400, steps=2, seed=1, oldest=20)))


def config(**network) -> EmulatorConfig:
    return EmulatorConfig.model_validate(
        {
            "name": "small",
            "network": {"kind": "fluxes", "hidden": 16} | network,
            "loss": {"kind": "logarithmic", "steps": 2},
            "optimiser": {
                "learning_rate": 3e-3,
                "schedule": "one_cycle",
                "runs_per_step": 32,
                "rare": True,
                "steps": 40,
                "validate_every": 20,
            },
        }
    )


def test_m7_goes_only_where_the_system_says(windows):
    """Each column that no flux leaves never falls, and each that none reaches never rises."""
    system = m7_system(M7(), repartition=False)
    change = np.diff(windows.state, axis=1).reshape(-1, len(STATE))
    slack = 1e-12 * windows.state.max(axis=(0, 1))
    donors = {donor for donor, _ in system.fluxes}
    receivers = {receiver for _, receiver in system.fluxes} | {0}  # gas is produced
    receivers |= {column for _, column in system.births}
    for column in range(len(STATE)):
        if column not in donors:
            assert change[:, column].min() >= -slack[column], STATE[column]
        if column not in receivers:
            assert change[:, column].max() <= slack[column], STATE[column]


def test_a_step_ends_with_the_repartition_of_m7(windows):
    """Without any flux, what is left of an emulator is what M7 does last, without any weight."""
    state, forcing = windows.state[:, 0].copy(), windows.forcing * [1, 1, 1, 1, 1, 1, 0]
    column = STATE.index("SO4_NS")
    state[:, column] *= 30  # far too large
    emulator = FluxEmulator(SYSTEM, hidden=4).double()
    torch.nn.init.constant_(emulator.last.bias, -60.0)
    given = torch.from_numpy(state), torch.from_numpy(forcing)
    moved = emulator.advance(*given)
    gradients = torch.autograd.grad(moved[0].sum(), list(emulator.parameters()), allow_unused=True)
    assert all(each is None or each.isfinite().all() for each in gradients)
    still, change = (each.detach().numpy() for each in moved)
    expected = M7().finish(state.copy(), forcing)
    assert still == pytest.approx(expected, rel=1e-9)
    assert change == pytest.approx(expected - state, rel=1e-6, abs=1e-9)
    assert (expected[:, column] < 0.5 * state[:, column]).mean() > 0.9


def test_m7_is_its_rest_and_then_its_repartition(windows):
    state, forcing = windows.state[:, 0], windows.forcing
    for water in ("kappa", "salts"):
        rest = M7(repartition=False, water=water).step(state, forcing)
        last = LAST_STEPS[f"M7 repartition, {water}"]
        assert (last(rest, forcing) == M7(water=water).step(state, forcing)).all()
    assert (rest != M7(repartition=False).step(state, forcing)).any()


def test_last_steps_by_name():
    before = dataclasses.replace(SYSTEM, last_step=None, outputs=())
    older = before.to_json().replace(', "last_step": null', "").replace('"outputs": [], ', "")
    assert "outputs" not in older
    assert system_of(older) == before
    assert system_of(SYSTEM.to_json()) == SYSTEM
    with pytest.raises(DataError, match="import the module of the model"):
        dataclasses.replace(SYSTEM, last_step="hope")


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@settings(max_examples=20)
@given(seed=SEEDS, size=st.floats(1e-3, 1e3))
def test_any_weights_conserve_and_stay_positive(windows, dtype, seed, size):
    torch.manual_seed(seed)
    emulator = FluxEmulator(SYSTEM, hidden=8).to(dtype)
    with torch.no_grad():
        for value in emulator.parameters():
            value.copy_(size * torch.randn(value.shape))
    state = torch.tensor(windows.state[:50, 0], dtype=dtype)
    state = state * (torch.rand(state.shape) < 0.8)
    forcing = torch.tensor(windows.forcing[:50], dtype=dtype)
    after = emulator(state, forcing)
    assert after.isfinite().all()
    assert (after >= 0).all()
    assert mass_violation(SYSTEM.groups, state, after, forcing).max() <= TOLERANCE[dtype]


@pytest.mark.parametrize("repartition", [True, False])
def test_the_fast_way_is_the_same(windows, repartition):
    torch.manual_seed(0)
    emulator = FluxEmulator(m7_system(M7(), repartition=repartition), hidden=16).double()
    emulator.fit_scales(windows)
    torch.nn.init.normal_(emulator.last.weight, std=0.3)
    torch.nn.init.normal_(emulator.direct.weight, std=0.1)
    state, forcing = windows.state[:, 0], windows.forcing
    with torch.no_grad():
        expected = emulator(torch.from_numpy(state), torch.from_numpy(forcing)).numpy()
    found = array_step(emulator)(state, forcing)
    # Single precision decides otherwise than double where a cell is at the limit of repartition.
    near = np.abs(found - expected) <= 1e-3 * expected + 1e-9
    assert near.all(axis=1).mean() >= (0.98 if repartition else 1)
    threads = torch.get_num_threads()
    many = np.tile(state, (8, 1)), np.tile(forcing, (8, 1))
    torch.set_num_threads(2)
    assert (array_step(emulator)(*many)[: len(state)] == found).all()
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)


@pytest.mark.parametrize("constraint", ["none", "project"])
def test_the_fast_way_of_published_networks(windows, constraint):
    torch.manual_seed(0)
    emulator = PublishedEmulator(SYSTEM, hidden=16, constraint=constraint).double()
    emulator.fit_scales(windows)
    state, forcing = windows.state[:, 0], windows.forcing
    with torch.no_grad():
        expected = emulator(torch.from_numpy(state), torch.from_numpy(forcing)).numpy()
    found = array_step(emulator)(state, forcing)
    assert (np.abs(found - expected) <= 1e-5 * emulator.change_scale.numpy() + 1e-12 * state).all()


@settings(max_examples=20)
@given(seed=SEEDS, size=st.floats(1e-3, 1e3))
def test_the_fast_way_is_exact_whatever_the_weights(windows, seed, size):
    torch.manual_seed(seed)
    emulator = FluxEmulator(SYSTEM, hidden=8)
    with torch.no_grad():
        for value in emulator.parameters():
            value.copy_(size * torch.randn(value.shape))
    random = np.random.default_rng(seed)
    state = windows.state[:50, 0] * (random.random((50, len(STATE))) < 0.8)
    after = array_step(emulator)(state, windows.forcing[:50])
    assert np.isfinite(after).all()
    assert (after >= 0).all()
    given = (torch.from_numpy(each) for each in (state, after, windows.forcing[:50]))
    assert mass_violation(SYSTEM.groups, *given).max() <= 1e-12


@pytest.mark.parametrize("constraint", ["renormalise", "project"])
def test_the_published_network_with_exact_layers(windows, constraint):
    emulator = PublishedEmulator(SYSTEM, hidden=8, constraint=constraint)
    emulator.fit_scales(windows)
    found = score(emulator, windows)
    assert found.worst_mass <= 3e-7
    assert found.negative_share == 0


def test_the_published_network_as_published(windows):
    free = PublishedEmulator(SYSTEM, hidden=8)
    free.fit_scales(windows)
    scores = {}
    for constraint in ("none", "complete", "correct"):
        emulator = PublishedEmulator(SYSTEM, hidden=8, constraint=constraint)
        emulator.load_state_dict(free.state_dict())
        scores[constraint] = score(emulator, windows)
    assert scores["none"].negative_share > 0
    assert scores["none"].worst_mass > 1e-3
    assert scores["complete"].worst_mass < 1e-4
    assert scores["complete"].negative_share > 0
    assert scores["correct"].negative_share == 0
    assert scores["correct"].worst_mass > 1e-3


def test_a_training_learns_and_its_file_gives_it_back(windows, tmp_path):
    trained = train_emulator(
        config(),
        SYSTEM,
        training=windows,
        validation=windows,
        runs=tmp_path,
        seed=3,
        rest=M7(repartition=False).step,
        progress=False,
    )
    emulator = load_emulator(trained.folder / "weights.safetensors")
    untrained = FluxEmulator(SYSTEM, hidden=16)
    untrained.fit_scales(windows)
    found, before = score(emulator, windows), score(untrained, windows)
    assert found.rmse.sum() < 0.5 * before.rmse.sum()
    assert found.worst_mass <= 3e-7
    assert found.negative_share == 0
    lines = (trained.folder / "metrics.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["step", "20", "40"]


def test_a_training_goes_on_where_it_stopped(windows, tmp_path, monkeypatch):
    def train(runs, data=windows):
        return train_emulator(
            config(), SYSTEM, training=data, validation=data, runs=runs, seed=0, progress=False
        )

    whole = train(tmp_path / "whole")
    from trackscape.emulation import module

    steps = []
    step = module.EmulatorModule.training_step

    def interrupted(self, batch, batch_idx):
        steps.append(batch_idx)
        if len(steps) == 30:
            raise KeyboardInterrupt
        return step(self, batch, batch_idx)

    monkeypatch.setattr(module.EmulatorModule, "training_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts")
    monkeypatch.undo()
    resumed = train(tmp_path / "parts")
    one, two = (each.folder / "weights.safetensors" for each in (whole, resumed))
    weights = [load_emulator(path).state_dict() for path in (one, two)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    (resumed.folder / "config.json").write_text("{}")
    with pytest.raises(RunError, match=r"config\.json: expected what this run wrote"):
        train(tmp_path / "parts")


def test_long_runs(windows):
    emulator = FluxEmulator(SYSTEM, hidden=8)
    emulator.fit_scales(windows)
    first = windows.part(slice(0, 20))
    found = compare_long_runs(emulator, M7().run, first, steps=12, keep=4)
    assert found.step.tolist() == [0, 4, 8, 12]
    assert found.model.shape == found.emulator.shape == (4, 20, len(STATE))
    expected = follow_model(M7().step, first.state[:, 0], first.forcing, steps=12)
    assert found.model[-1] == pytest.approx(expected[:, -1])
    again = roll_out(emulator, first.state[:, 0], first.forcing, steps=4, keep=4)
    assert (again[-1] == found.emulator[1]).all()
    assert set(found.median_errors()) == set(STATE)


def tank(state: np.ndarray, forcing: np.ndarray) -> np.ndarray:
    """Water that flows from one tank into another, and is fed."""
    moved = (0.2 + 0.3 * forcing[:, 1]) * state[:, 0]
    return np.column_stack([state[:, 0] - moved + forcing[:, 0], state[:, 1] + moved])


def test_any_step_function_can_be_emulated(tmp_path):
    system = System(
        state=("upper", "lower"),
        forcing=("rain", "valve"),
        groups=(Conserved(name="water", columns=(0, 1), source=0),),
        inlets=(0,),
        remainders=(1,),
        stages=(((0, 1),),),
    )
    assert system_of(system.to_json()) == system
    rng = np.random.default_rng(0)
    forcing = rng.uniform(0.05, 1, (2000, 2))
    runs = Windows(
        state=follow_model(tank, rng.uniform(0.5, 5, (2000, 2)), forcing, steps=2),
        forcing=forcing,
        kind=np.full(2000, "tank"),
        state_names=system.state,
        forcing_names=system.forcing,
    )
    settings = config().model_copy(
        update={"optimiser": config().optimiser.model_copy(update={"steps": 200})}
    )
    trained = train_emulator(
        settings, system, training=runs, validation=runs, runs=tmp_path, seed=0, progress=False
    )
    emulator = load_emulator(trained.folder / "weights.safetensors")
    assert score(emulator, runs).r2.min() > 0.9
    with pytest.raises(DataError, match="Expected states with the columns H2SO4"):
        score(FluxEmulator(SYSTEM), runs)


def test_a_system_that_breaks_its_own_law():
    with pytest.raises(DataError, match="from SO4_NS to BC_KS; it would break"):
        dataclasses.replace(SYSTEM, stages=(((1, 5),),), births=())
    with pytest.raises(DataError, match="from BC_KS to nowhere"):
        dataclasses.replace(SYSTEM, stages=(((5, LOST),),), births=())
    with pytest.raises(DataError, match="outputs of each of 29 fluxes, numbered from 0 on, got 1"):
        dataclasses.replace(SYSTEM, outputs=((3,),))
    with pytest.raises(DataError, match="one inlet and one remainder"):
        dataclasses.replace(SYSTEM, inlets=())
    with pytest.raises(DataError, match="another text"):
        system_of('{"state": 1}')


def test_weights_that_are_none(tmp_path):
    emulator, path = FluxEmulator(SYSTEM, hidden=4), tmp_path / "weights.safetensors"
    save_emulator(emulator, path, about={})
    assert type(load_emulator(path)) is FluxEmulator
    shutil.copy(path, tmp_path / "cut.safetensors")
    with (tmp_path / "cut.safetensors").open("r+b") as file:
        file.truncate(2000)
    for name in ("cut", "absent"):
        with pytest.raises(WeightsError, match=name):
            load_emulator(tmp_path / f"{name}.safetensors")


def test_the_emulator_that_comes_with_the_package():
    air = next(m7_windows(M7(), regimes=TRAINING, runs=3000, seed=77))
    found = score(load_emulator("m7"), air)
    assert np.median(found.r2) > 0.9
    assert found.worst_mass <= 3e-7
    assert found.negative_share == 0


def test_settings_that_do_not_fit():
    with pytest.raises(ValueError, match="constraint is a setting of the kind published"):
        config(constraint="project")
    with pytest.raises(ConfigError, match="constraint must be one of"):
        PublishedEmulator(SYSTEM, constraint="hope")  # pyright: ignore[reportArgumentType]


def test_the_shipped_settings_are_good(pytestconfig):
    for path in (pytestconfig.rootpath / "configs" / "emulation").glob("*.yaml"):
        EmulatorConfig.load(path)
