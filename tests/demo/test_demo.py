"""The demo and the page of results, on little data."""

import json
from pathlib import Path

import pytest

from studies.results import __main__ as results
from trackscape import samples
from trackscape.demo import DEMO_CONFIG, run_demo
from trackscape.formats import read_hits, write_hits
from trackscape.scoring import METHODS
from trackscape.simulation import load_scan_settings, simulate_scan
from trackscape.tracking import TRACKERS
from trackscape.tracking.baselines import BASELINES
from trackscape.training.config import TrainingConfig


def shorten(source: Path, target: Path, *, events: int) -> None:
    hits = read_hits(source)
    write_hits(hits.select(hits.known_truth.event < events), target)


@pytest.fixture
def little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with few frames, and a demo that trains on them for two steps."""
    config = TrainingConfig.load(DEMO_CONFIG)
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
    assert "Geant4" not in page  # nobody said so of files of one's own
    # Each method has a graph of its own, and there is more to find than in that of another.
    assert "no network can find more" not in page
    assert page.count(" % for ") == 1 + len(METHODS)
    run = next((tmp_path / "demo" / "runs").iterdir())
    inputs = json.loads((run / "provenance.json").read_text())["inputs"]
    assert set(inputs) == {"a_train.npz", "a_val.parquet"}


@pytest.mark.slow
def test_the_page_of_results_holds_every_method_and_the_published_figures(tmp_path):
    shorten(samples.VALIDATION, tmp_path / "water_150_test.npz", events=180)
    results.main(tmp_path, tmp_path / "results.md", per_frame=[50], phantom=[150], runs=tmp_path)
    page = (tmp_path / "results.md").read_text()
    assert "| *line-graph-ptt, published* | *96.2 / 86.9* |" in page
    assert (tmp_path / "images" / "purity_and_efficiency.png").stat().st_size > 10_000
    purity = {}
    for line in page.split("## Purity against")[0].splitlines():
        cells = [cell.strip(" *") for cell in line.split("|")]
        if len(cells) > 2 and cells[1] in TRACKERS:
            purity[cells[1]] = float(cells[2].split("(")[0])
    assert set(purity) == set(TRACKERS)
    assert purity["trackscape"] > max(93, *(purity[name] for name in BASELINES))


def test_the_demo_of_a_scan_ends_with_its_image(tmp_path: Path, little: Path, monkeypatch):
    scan = tmp_path / "scan.yaml"
    scan.write_text(
        "phantom: ctp404\nangles: {step: 40, number: 9}\nspots: {columns: 25, pitch: 7}\n"
        "primaries: 1000\n"
    )
    simulate_scan(load_scan_settings(scan), tmp_path / "scan")
    monkeypatch.setattr(samples, "FOLDER", little)
    report = run_demo(data=tmp_path / "scan", output=tmp_path / "out", progress=False)
    text = report.read_text()
    assert "An image of the scan" in text
    assert "teflon" in text
