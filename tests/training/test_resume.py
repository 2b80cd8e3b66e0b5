"""A training that is killed goes on to bitwise the same weights."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch
import yaml
from short_training import short_training

from trackscape import samples
from trackscape.errors import RunError, WeightsError
from trackscape.scoring import build_network, load_network, save_network
from trackscape.training.config import TrainingConfig
from trackscape.training.train import train

SETTINGS = short_training(
    name="tiny",
    network={"kind": "line_graph", "sizes": {"hidden": 4, "encoding": 8}},
    loss={"kind": "pat", "strength": 25, "convention": "published"},
    optimiser={
        "kind": "soap",  # the one with the most to remember
        "schedule": "cosine",
        "graphs_per_step": 2,
        "steps": 12,
    },
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(SETTINGS))
    return path


@pytest.fixture
def long_config(config: Path) -> Path:
    """Steps enough to be interrupted among them, however busy the machine is."""
    optimiser = SETTINGS["optimiser"] | {"steps": 4000}
    config.write_text(yaml.safe_dump(SETTINGS | {"optimiser": optimiser}))
    return config


def start(config: Path, runs: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "trackscape", "train", str(config)]
    command += ["--data", str(samples.FOLDER), "--runs", str(runs)]
    return subprocess.Popen(
        command,
        text=True,
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        # A shell that runs the tests in the background has its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


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
    with (the_run(torn) / "timing.csv").open() as file:
        times = [float(row["seconds"]) for row in csv.DictReader(file)]
    assert len(times) == 6
    assert all(after > before > 0 for before, after in pairwise(times))


@pytest.mark.slow
def test_ctrl_c_ends_with_a_sentence_and_a_whole_checkpoint(long_config, tmp_path):
    process = start(long_config, tmp_path / "runs")
    while not list((tmp_path / "runs").glob("*/last.ckpt")):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 130, output
    assert "Interrupted." in output
    assert "Traceback" not in output


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
        "timing.csv",
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


def test_a_training_can_start_from_weights(config, tmp_path):
    settings = TrainingConfig.load(config)
    crawl = {"steps": 2, "learning_rate": 1e-12, "schedule": "constant"}
    slow = settings.model_copy(
        update={"optimiser": settings.optimiser.model_copy(update=crawl), "name": "slow"}
    )
    start = build_network("line_graph", hidden=4, encoding=8)
    save_network(start, tmp_path / "start.safetensors", about={})
    options = {"data": samples.FOLDER, "runs": tmp_path / "runs", "seed": 0, "progress": False}
    trained = train(slow, weights=tmp_path / "start.safetensors", **options)
    end = load_network(trained.folder / "weights.safetensors")
    for name, parameter in start.named_parameters():
        torch.testing.assert_close(end.get_parameter(name), parameter)
    inputs = json.loads((trained.folder / "provenance.json").read_text())["inputs"]
    assert "start.safetensors" in inputs

    save_network(build_network("hit_graph"), tmp_path / "other.safetensors", about={})
    with pytest.raises(WeightsError, match=r"other.safetensors: expected weights of LineGraph"):
        train(settings, weights=tmp_path / "other.safetensors", **options)
    assert len(list((tmp_path / "runs").iterdir())) == 1
