"""Settings that come with the package: all names, and what changes do."""

from pathlib import Path

import pytest

from trackscape.emulation import EmulatorConfig
from trackscape.errors import ConfigError
from trackscape.formats import find_settings, shipped_settings
from trackscape.simulation import load_scan_settings
from trackscape.tracker_tuning import TuningConfig
from trackscape.training import TrainingConfig

LOADERS = {
    "cpu": TrainingConfig.load,
    "paper": TrainingConfig.load,
    "emulation": EmulatorConfig.load,
    "scan": load_scan_settings,
    "tuning": TuningConfig.load,
}


@pytest.mark.parametrize("name", shipped_settings())
def test_every_name_is_of_settings_that_can_be_read(name):
    LOADERS[name.split("/")[0]](Path(name))


def test_a_name_is_that_of_the_file_in_the_repository(monkeypatch, tmp_path):
    here = Path(__file__).parents[2] / "configs/cpu/trackscape.yaml"
    monkeypatch.chdir(tmp_path)
    for name in ("cpu/trackscape", "cpu/trackscape.yaml", "configs/cpu/trackscape.yaml"):
        assert find_settings(name).read_bytes() == here.read_bytes()  # a copy in an sdist
    own = tmp_path / "configs/cpu/trackscape.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("name: own")
    assert find_settings("configs/cpu/trackscape.yaml").samefile(own)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("cpu/trackscpe", "did you mean cpu/trackscape"), ("x", "config list"), ("cpu", "config")],
)
def test_what_is_neither_a_file_nor_a_name_is_refused(name, hint):
    with pytest.raises(ConfigError, match=f"expected a YAML file or the name .*{hint}"):
        find_settings(name)


def test_changes_count_as_if_the_file_had_them():
    changed = TrainingConfig.load(
        "cpu/trackscape",
        [
            "optimiser.steps=40",
            "optimiser.validate_every=20",
            "name=short",
            "data.training=[a.npz]",
        ],
    )
    assert (changed.optimiser.steps, changed.name) == (40, "short")
    assert changed.data.training == ("a.npz",)
    before = TrainingConfig.load("cpu/trackscape")
    assert changed.network == before.network
    assert changed.digest != before.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("optimiser.steps", "expected a setting and its value, such as"),
        ("=3", "expected a setting and its value"),
        ("optimiser..steps=3", "expected a setting and its value"),
        ("name.first=3", "nothing inside of name"),
        ("optimiser.stepps=3", "unknown key optimiser.stepps; expected one of"),
        ("optimiser.steps=-3", "optimiser.steps is -3"),
        ("optimiser.steps=[", r"--set optimiser\.steps: expected YAML"),
        ("optimiser=3", "optimiser is 3"),
    ],
)
def test_changes_that_make_no_sense_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        TrainingConfig.load("cpu/trackscape", [change])
