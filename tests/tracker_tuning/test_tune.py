"""`trackscape tune` on the shipped sample."""

import contextlib
import json
import sys
from pathlib import Path

import pytest
import yaml

pytest.importorskip("optuna")

from trackscape import samples
from trackscape.cli import main
from trackscape.errors import ConfigError, FormatError
from trackscape.tracker_tuning import (
    TuningConfig,
    make_objective,
    score_tracker,
    tune,
)
from trackscape.tracking import NetworkTracker
from trackscape.tracking.baselines import TrackFollower

CONFIGS = Path(__file__).parents[2] / "configs" / "tuning"
DATA = samples.VALIDATION.parent
FOLLOWER = {
    "name": "test",
    "tracker": "track-follower",
    "files": [samples.VALIDATION.name],
    "per_frame": 20,
    "frames": 2,
    "space": {"largest_score": {"low": 0.15, "high": 0.6}},
}


def written(folder: Path, content: object) -> Path:
    path = folder / "tuning.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_names_settings_that_are_there(path, tmp_path):
    config = TuningConfig.load(path)
    if config.tracker is not None:
        config = config.model_copy(
            update={"files": (samples.VALIDATION.name,), "per_frame": 20, "frames": 1}
        )
    make_objective(config, data=DATA, runs=tmp_path)


def test_settings_reach_the_tracker(tmp_path):
    config = TuningConfig.load(written(tmp_path, FOLLOWER))
    objective = make_objective(config, data=DATA, runs=tmp_path)
    assert objective.tracker({"largest_score": 0.3}) == TrackFollower(largest_score=0.3)
    expected = score_tracker(TrackFollower(largest_score=0.3), objective.frames)
    assert objective({"largest_score": 0.3}) == expected
    assert 0.3 < expected < 1
    network = FOLLOWER | {"tracker": "trackscape", "space": {"reject": {"low": 0.1, "high": 0.9}}}
    config = TuningConfig.load(written(tmp_path, network))
    tracker = make_objective(config, data=DATA, runs=tmp_path).tracker({"reject": 0.25})
    assert isinstance(tracker, NetworkTracker)
    assert tracker.assigner.unmatched_cost == 0.25


def test_a_training_gets_its_settings(tmp_path):
    config = TuningConfig.load(CONFIGS / "training.yaml")
    objective = make_objective(config, data=DATA, runs=tmp_path)
    settings = objective.settings(
        {
            "optimiser.learning_rate": 0.01,
            "optimiser.averaging": 0.95,
            "optimiser.schedule": "cosine",
        }
    )
    assert settings.optimiser.learning_rate == 0.01
    assert settings.network == objective.base.network


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tracker": None}, "give either tracker"),
        ({"files": []}, "give files for a tracker"),
        ({"score": ["beauty"]}, "expected some of"),
        ({"score": []}, "one metric"),
        ({"space": {"x": {"low": 2.0, "high": 1.0}}}, "low end"),
        ({"space": {}}, "got none"),
        ({"space": {"speed": {"low": 1.0, "high": 2.0}}}, "settings of the tracker"),
        ({"space": {"largest_score.x": {"low": 1.0, "high": 2.0}}}, "settings of the tracker"),
        ({"tracker": "kalman", "space": {"motion": {"low": 1.0, "high": 2.0}}}, "a number"),
        ({"tracker": "line-graph-ptt", "space": {"bridges": {"low": 0, "high": 1}}}, "reject"),
        ({"spaces": {}}, "unknown key"),
        ({"name": "A name"}, "name"),
    ],
)
def test_a_configuration_that_is_none(tmp_path, change, message):
    content = {key: each for key, each in (FOLLOWER | change).items() if each is not None}
    with pytest.raises(ConfigError, match=message):
        make_objective(TuningConfig.load(written(tmp_path, content)), data=DATA, runs=tmp_path)


def test_a_training_without_such_a_setting(tmp_path):
    base = CONFIGS.parent / "cpu" / "trackscape.yaml"
    for name in ("optimiser.speed", "name.first", "optimiser.steps"):
        content = {
            "name": "t", "training": str(base), "space": {name: {"low": 0.1, "high": 0.2}}
        }  # fmt: skip
        config = TuningConfig.load(written(tmp_path, content))
        with pytest.raises(ConfigError, match="space: "):
            make_objective(config, data=DATA, runs=tmp_path)


def test_a_missing_file_is_told_before_any_work(tmp_path):
    config = TuningConfig.load(written(tmp_path, FOLLOWER | {"files": ["missing.npz"]}))
    with pytest.raises(FormatError, match=r"missing\.npz"):
        tune(config, data=DATA, storage=f"{tmp_path}/t.log", trials=2)
    assert not (tmp_path / "t.log").exists()


def test_the_command(tmp_path, monkeypatch, capsys):
    path = written(tmp_path, FOLLOWER)
    monkeypatch.chdir(tmp_path)
    command = ["trackscape", "tune", path, "--data", DATA, "--storage", "sqlite:///t.db"]
    for trials in (4, 6):
        arguments = [*command, "--trials", trials, "-o", "best.yaml", "--json", "best.json"]
        monkeypatch.setattr(sys, "argv", list(map(str, arguments)))
        with contextlib.suppress(SystemExit):
            main()
    out = capsys.readouterr().out
    assert "of 4 trials" in out
    assert "of 6 trials" in out
    best = yaml.safe_load((tmp_path / "best.yaml").read_text())
    numbers = json.loads((tmp_path / "best.json").read_text())
    assert numbers == best | {"trials": 6}
    assert 0.15 <= best["settings"]["largest_score"] <= 0.6
    assert (tmp_path / "best.png").read_bytes().startswith(b"\x89PNG")
