"""The demo and the page of results, on little data."""

import json
from pathlib import Path

import numpy as np
import pytest

from trackscape import samples
from trackscape.experiments import results
from trackscape.experiments.config import TrainingConfig
from trackscape.experiments.demo import CONFIG, run_demo
from trackscape.formats import read_hits, write_hits


def shorten(source: Path, target: Path, *, events: int) -> None:
    hits = read_hits(source)
    write_hits(hits.select(hits.known_truth.event < events), target)


@pytest.fixture
def little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with few frames, and a demo that trains on them for two steps."""
    config = TrainingConfig.load(CONFIG)
    short = {"steps": 2, "validate_every": 1}
    config = config.model_copy(
        update={
            "optimiser": config.optimiser.model_copy(update=short),
            "data": config.data.model_copy(update={"per_frame": 10}),
        }
    )
    monkeypatch.setattr(TrainingConfig, "load", classmethod(lambda cls, path: config))
    folder = tmp_path / "mine"
    folder.mkdir()
    shorten(samples.TRAIN, folder / "a_train.npz", events=60)
    shorten(samples.VALIDATION, folder / "a_val.parquet", events=60)
    return folder


@pytest.mark.slow
def test_the_demo_writes_one_page_that_needs_nothing_else(little, tmp_path):
    report = run_demo(data=little, output=tmp_path / "demo", progress=False)
    page = report.read_text()
    for text in ("trained just now (PAT)", "line-graph-ptt (shipped)", "line-graph-pat (shipped)"):
        assert text in page
    assert 'src="http' not in page
    run = next((tmp_path / "demo" / "runs").iterdir())
    inputs = json.loads((run / "provenance.json").read_text())["inputs"]
    assert set(inputs) == {"a_train.npz", "a_val.parquet"}


@pytest.mark.slow
def test_the_page_of_results_holds_ours_and_the_papers(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "PER_FRAME", (50,))
    monkeypatch.setattr(results, "MEAN_AT", 50)
    for phantom in results.PHANTOMS:
        shorten(samples.VALIDATION, tmp_path / f"water_{phantom}_val.npz", events=180)
    results.main(tmp_path, tmp_path / "results.md")
    page = (tmp_path / "results.md").read_text()
    assert "| paper | 94.9 / 83.8 | 96.2 / 86.9 | 96.4 / 88.7 |" in page.replace("|  |", "|")
    assert page.count("## line-graph") == 2
    for line in page.splitlines():
        if line.startswith("| 50 | ours |"):
            purity = float(line.split("|")[3].split("(")[0])
            assert 80 < purity <= 100
    assert np.isfinite(float(page.split("**")[1].split()[0]))
