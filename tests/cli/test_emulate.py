"""`trackscape emulate` from data to a long run."""

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from trackscape.cli.main import app
from trackscape.emulation import load_emulator, read_windows, score
from trackscape.emulation.m7 import STATE

SETTINGS = """
name: tiny
network: {kind: fluxes, hidden: 8}
loss: {kind: logarithmic}
optimiser: {learning_rate: 0.001, runs_per_step: 16, steps: 4, validate_every: 2}
"""


def run(*arguments: object) -> str:
    found = CliRunner().invoke(app, ["emulate", *map(str, arguments)], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


@pytest.mark.slow
def test_from_data_to_a_long_run(tmp_path):
    data, settings, states = (tmp_path / n for n in ("runs.parquet", "tiny.yaml", "long.npz"))
    settings.write_text(SETTINGS)
    run("data", "-o", data, "--runs", 60, "--steps", 1, "--regimes", "polar")
    said = run("train", settings, "--data", data, "--validation", data, "--runs", tmp_path / "runs")
    assert "Best validation loss" in said
    weights = next((tmp_path / "runs").glob("tiny-*/weights.safetensors"))
    said = run("evaluate", weights, "--data", data)
    assert all(name in said for name in STATE)
    assert "Negative values: 0 %" in said
    scores = json.loads(run("evaluate", weights, "--data", data, "--json", "-"))
    judged = score(load_emulator(weights), read_windows(data))
    found = [scores["columns"][name]["rmse"] for name in STATE]
    assert found == judged.rmse.tolist()
    assert scores["worst_mass"] == judged.worst_mass
    long = ("-o", states, "--steps", 6, "--keep", 3, "--cells", 5, "--json", tmp_path / "l.json")
    run("rollout", weights, "--data", data, *long)
    assert json.loads((tmp_path / "l.json").read_text())["median_errors"].keys() == set(STATE)
    with np.load(states) as found:
        assert found["emulator"].shape == found["model"].shape == (3, 5, len(STATE))


@pytest.mark.slow
def test_columns_that_never_change_do_not_hide_the_mean(tmp_path):
    """Few runs of forest air: sea salt stays where it is."""
    run("data", "-o", tmp_path / "runs.parquet", "--runs", 40, "--steps", 1, "--regimes", "boreal")
    said = run("evaluate", "m7", "--data", tmp_path / "runs.parquet")
    found = re.search(r"Mean R² of (\d+) columns (0\.\d+), in the logarithm 0\.\d+\.", said)
    assert found, said
    assert int(found[1]) == len(STATE) - said.split("Mean")[0].count("nan") // 2 < len(STATE)
    assert float(found[2]) > 0.8
