"""The page of trainings: gains are differences of what is in the files."""

import shutil
from pathlib import Path

import pytest

from studies.learning_curves import main, read_curves
from studies.trainings import Run, all_runs, load_plan

ROOT = Path(__file__).parents[2]
FULL, TWICE = (
    ROOT / "configs" / "landscape" / "full.yaml",
    ROOT / "configs" / "trainings" / "twice.yaml",
)
PAGE = ROOT / "docs" / "studies" / "trainings.md"


def pretend(run: Run, archive: Path, purity: list[float]) -> None:
    """Writes a training with so many validations."""
    folder, steps = run.folder(archive), run.settings.optimiser.steps
    folder.mkdir(parents=True)
    every = steps // len(purity)
    rows = [f"{every * (number + 1)},0.1,{value}" for number, value in enumerate(purity)]
    (folder / "metrics.csv").write_text("\n".join(["step,loss,validation_purity", *rows]) + "\n")
    (folder / "timing.csv").write_text(f"step,seconds\n{steps},600\n")
    (folder / "weights.safetensors").write_text("")


@pytest.fixture
def archive(tmp_path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    shutil.copy(ROOT / "studies" / "archive" / "optimisers.csv", folder)
    short = {(run.setting, run.seed): run for run in all_runs(load_plan(FULL))}
    long = {(run.setting, run.seed): run for run in all_runs(load_plan(TWICE))}
    pretend(short["ptt", 0], folder, [0.80, 0.88, 0.90, 0.901])
    pretend(short["ptt", 1], folder, [0.80, 0.88, 0.91, 0.909])
    pretend(short["trackscape", 0], folder, [0.99])
    pretend(long["ptt", 0], folder, [0.80, 0.88, 0.902, 0.903])
    return folder


def test_frames_count_all_graphs_of_a_step(archive):
    run = next(run for run in all_runs(load_plan(FULL)) if run.setting == "pat-25")
    pretend(run, archive, [0.5, 0.6, 0.7, 0.8])
    curve = next(each for each in read_curves(load_plan(FULL), archive) if each.setting == "pat-25")
    assert curve.frames == [3_200, 6_400, 9_600, 12_800]
    assert curve.last_quarter == pytest.approx(0.1)


def test_the_page_holds_means_and_gains(archive, tmp_path):
    page = tmp_path / "docs" / "studies" / "trainings.md"
    page.parent.mkdir(parents=True)
    shutil.copy(PAGE, page)
    main([FULL, TWICE], archive, page)
    text = page.read_text("utf-8")
    assert "| ptt | 2 | 12,800 | 90.55 ± 0.64 | +0.05 |  | 10 |" in text
    assert "| ptt | 1 | 25,600 | 90.30 | +0.10 | +0.20 | 10 |" in text
    assert "trackscape" not in text[text.index("generated: curves") : text.index("<!-- end")]
    assert (tmp_path / "docs" / "images" / "trainings.png").stat().st_size > 5_000


@pytest.mark.parametrize("trials", [None, "setting,purity\n"])
def test_a_page_of_an_empty_archive_says_so(tmp_path, trials):
    if trials is not None:
        (tmp_path / "optimisers.csv").write_text(trials)
    page = tmp_path / "trainings.md"
    shutil.copy(PAGE, page)
    main([FULL, TWICE], tmp_path, page)
    text = page.read_text("utf-8")
    assert "*No training is finished.*" in text
    assert "*No trial is archived.*" in text
