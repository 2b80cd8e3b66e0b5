"""A training that is killed goes on to bitwise the same weights."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from trackscape import samples
from trackscape.errors import RunError
from trackscape.experiments.config import TrainingConfig
from trackscape.experiments.train import train

SETTINGS = {
    "name": "tiny",
    "network": {"kind": "line_graph", "sizes": {"hidden": 4, "encoding": 8}},
    "loss": {"kind": "pat", "strength": 25, "convention": "published"},
    "optimiser": {
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "graphs_per_step": 2,
        "steps": 12,
        "validate_every": 2,
    },
    "data": {
        "training": [samples.TRAIN.name],
        "validation": [samples.VALIDATION.name],
        "per_frame": 10,
        "validation_frames": 2,
    },
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(SETTINGS))
    return path


def start(config: Path, runs: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "trackscape", "train", str(config)]
    command += ["--data", str(samples.FOLDER), "--runs", str(runs)]
    return subprocess.Popen(command, text=True, stderr=subprocess.STDOUT, stdout=subprocess.PIPE)


def the_run(runs: Path) -> Path:
    return next(runs.iterdir())


@pytest.mark.slow
def test_kill_and_resume_gives_the_same_bytes(config, tmp_path):
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    process = start(config, whole)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output

    process = start(config, torn)
    deadline = time.monotonic() + 300
    while not list(torn.glob("*/last.ckpt")):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    lines = len((the_run(torn) / "metrics.csv").read_text().splitlines())
    assert lines < 7, "it was killed before its end"

    process = start(config, torn)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    for name in ("weights.safetensors", "metrics.csv"):
        assert (the_run(torn) / name).read_bytes() == (the_run(whole) / name).read_bytes(), name
    assert not list(the_run(torn).glob(".*.part"))


def test_a_run_folder_refuses_other_data(config, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for path in (samples.TRAIN, samples.VALIDATION):
        (data / path.name).symlink_to(path)
    settings = TrainingConfig.load(config)
    short = settings.model_copy(
        update={"optimiser": settings.optimiser.model_copy(update={"steps": 2})}
    )
    trained = train(short, data=data, runs=tmp_path / "runs", seed=3, progress=False)
    assert {path.name for path in trained.folder.iterdir()} == {
        "config.json",
        "provenance.json",
        "metrics.csv",
        "weights.safetensors",
        "last.ckpt",
        "tensorboard",
    }
    again = train(short, data=data, runs=tmp_path / "runs", seed=3, progress=False)
    assert again == trained

    (data / samples.TRAIN.name).unlink()
    (data / samples.TRAIN.name).symlink_to(samples.VALIDATION)
    with pytest.raises(RunError, match=r"begun with other inputs"):
        train(short, data=data, runs=tmp_path / "runs", seed=3, progress=False)
