"""A study of seconds: it does everything once, and its page follows from the run folders alone."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from studies.decisions import read_decisions
from studies.estimators import work
from studies.estimators.__main__ import main
from studies.estimators.config import StudyConfig
from studies.estimators.evaluate import read_outcome
from studies.estimators.plan import Run, whole_runs
from studies.estimators.search import best_of
from studies.estimators.summary import Method, summarise_study
from trackscape import samples
from trackscape.errors import RunError

pytestmark = pytest.mark.slow
CONFIG = Path(__file__).parents[3] / "configs" / "study" / "tiny.yaml"
PAGE = Path(__file__).parents[3] / "docs" / "studies" / "estimators.md"
STUDY = StudyConfig.load(CONFIG)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Holds ``runs`` and ``docs/studies/estimators.md`` of a whole study."""
    folder = tmp_path_factory.mktemp("study")
    main(CONFIG, folder / "runs", page_in(folder), samples.FOLDER, folder / "archive")
    return folder


def page_in(folder: Path) -> Path:
    """Returns the page in a folder, at first a copy of that of the docs."""
    page = folder / "docs" / "studies" / PAGE.name
    if not page.exists():
        page.parent.mkdir(parents=True)
        shutil.copy(PAGE, page)
    return page


@pytest.fixture(scope="module")
def methods(folder) -> list[Method]:
    return summarise_study(STUDY, runs=folder / "runs")


def places(folder: Path) -> work.Places:
    return work.Places(samples.FOLDER, folder / "runs", folder / "archive")


def all_runs(folder: Path) -> list[Run]:
    whole = whole_runs(STUDY, work.found_settings(STUDY, runs=folder / "runs"))
    return [run for of_seeds in whole.values() for run in of_seeds]


def test_nothing_is_done_twice(folder, monkeypatch):
    monkeypatch.setattr(work, "train", None)
    files = sorted(path for path in (folder / "runs").rglob("*") if path.is_file())
    before = [path.stat().st_mtime_ns for path in files]
    for run in all_runs(folder):
        work.carry_out(run, study=STUDY, places=places(folder))
    assert sorted(path for path in (folder / "runs").rglob("*") if path.is_file()) == files
    assert [path.stat().st_mtime_ns for path in files] == before


def test_what_is_missing_is_done_again_to_the_same_result(folder, monkeypatch):
    monkeypatch.setattr(work, "train", None)
    run = all_runs(folder)[-1]
    of_run = run.folder(folder / "runs")
    tuning = (of_run / "tuning.json").read_bytes()
    before = read_decisions(of_run)
    for name in ("tuning.json", "counts.json"):
        (of_run / name).unlink()
    work.carry_out(run, study=STUDY, places=places(folder))
    assert (of_run / "tuning.json").read_bytes() == tuning
    after = read_decisions(of_run)
    assert after[50].counts == before[50].counts
    assert torch.equal(after[50].chosen, before[50].chosen)


def test_the_page_follows_from_the_archive_alone(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(work, "train", None)
    page, archive = page_in(tmp_path), folder / "archive"
    main(CONFIG, tmp_path / "runs", page, samples.FOLDER, archive, trained_only=True)
    assert page.read_bytes() == page_in(folder).read_bytes()
    assert (tmp_path / "docs" / "images" / "estimators.png").stat().st_size > 10_000
    names = {path.name for path in archive.rglob("*") if path.is_file()}
    assert names == {*work.KEPT, *(f"tiny-{each.name}-search.json" for each in STUDY.methods)}


def test_seeds_that_some_method_lacks_are_left_out(folder, tmp_path):
    runs = shutil.copytree(folder / "runs", tmp_path / "runs")
    (all_runs(folder)[1].folder(runs) / "weights.safetensors").unlink()
    assert work.trained_seeds(STUDY, runs=runs).seeds == (STUDY.seeds[0],)


def test_a_page_needs_finished_runs(tmp_path):
    with pytest.raises(RunError, match=r"search\.json: expected the result of a finished run"):
        summarise_study(STUDY, runs=tmp_path)


def test_trainings_keep_the_last_weights_and_never_see_what_is_judged(folder):
    for run in all_runs(folder):
        of_run = run.folder(folder / "runs")
        with (of_run / "metrics.csv").open() as file:
            steps = [int(row["step"]) for row in csv.DictReader(file)]
        assert steps == [run.settings.optimiser.steps]
        provenance = json.loads((of_run / "provenance.json").read_text())
        assert set(provenance["inputs"]) == {"water_150_train.npz"}
        assert provenance["threads"] == 1


def test_the_setting_is_that_of_the_smallest_held_out_error(methods):
    for method in methods:
        assert len(method.trials) == STUDY.search.trials
        assert best_of(method.trials) == method.setting
        assert (method.setting.scale is None) == (method.searched is None)


def test_the_table_is_what_the_decisions_say(folder, methods):
    first, second, *_ = methods
    errors: dict[str, list[np.ndarray]] = {}
    for name in (first.name, second.name):
        for run in (run for run in all_runs(folder) if run.method == name):
            counts = read_outcome(run, runs=folder / "runs").decisions[50].counts["tuned"]
            values = [
                (each.true_edges - each.selected_true_edges + each.selected_false_edges)
                / (each.true_edges + each.false_edges)
                for each in counts
            ]
            errors.setdefault(name, []).append(np.array(values))
    means = {name: np.mean(values) for name, values in errors.items()}
    quality = second.quality[50]
    assert quality.edge_error["tuned"].value == pytest.approx(means[second.name])
    assert quality.error_gain.value == pytest.approx(means[second.name] - means[first.name])
    assert quality.worst == pytest.approx(max(values.mean() for values in errors[second.name]))
    assert first.quality[50].error_gain.value == 0
    assert (first.solves, second.solves) == (0, 2)


def by_hand(text: str) -> list[str]:
    return [part.split("<!-- generated:")[0] for part in text.split("<!-- end -->")]


def test_the_page_has_a_row_for_each_method(folder, methods):
    text = page_in(folder).read_text()
    assert by_hand(text) == by_hand(PAGE.read_text())
    text = "\n".join(part.partition("<!-- end -->")[0] for part in text.split("<!-- generated:"))
    for method in methods:
        assert text.count(f"\n| {method.name} |") >= 3
    assert "nan" not in text
