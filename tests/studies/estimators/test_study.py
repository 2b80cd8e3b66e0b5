"""A study of seconds: it does everything once, and its page follows from the run folders alone."""

import csv
import hashlib
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
from studies.estimators.plan import ladder_runs, whole_runs
from studies.estimators.summary import Summary, summarise_study
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
    main(CONFIG, folder / "runs", page_in(folder), data=samples.FOLDER, workers=1)
    return folder


def page_in(folder: Path) -> Path:
    """Returns the page in a folder, at first a copy of that of the docs."""
    page = folder / "docs" / "studies" / PAGE.name
    if not page.exists():
        page.parent.mkdir(parents=True)
        shutil.copy(PAGE, page)
    return page


@pytest.fixture(scope="module")
def summary(folder) -> Summary:
    return summarise_study(STUDY, runs=folder / "runs")


def all_tasks(folder: Path) -> list[work.Task]:
    runs = folder / "runs"
    places = work.Places(samples.FOLDER, runs / "files", runs)
    found = work.found_losses(STUDY, runs=runs)
    ladder = [run for steps in ladder_runs(STUDY).values() for seeds in steps for run in seeds]
    whole = [run for of_seeds in whole_runs(STUDY, found).values() for run in of_seeds]
    return [work.Task(run, True, STUDY, places) for run in (*ladder, *whole)]


def test_nothing_is_done_twice(folder, monkeypatch):
    monkeypatch.setattr(work, "train", None)
    files = sorted(path for path in (folder / "runs").rglob("*") if path.is_file())
    before = [path.stat().st_mtime_ns for path in files]
    for task in all_tasks(folder):
        work.carry_out(task)
    assert sorted(path for path in (folder / "runs").rglob("*") if path.is_file()) == files
    assert [path.stat().st_mtime_ns for path in files] == before


def test_what_is_missing_is_done_again_to_the_same_result(folder, monkeypatch):
    monkeypatch.setattr(work, "train", None)
    task = all_tasks(folder)[-1]
    of_run = task.run.folder(folder / "runs")
    tuning = (of_run / "tuning.json").read_bytes()
    before = read_decisions(of_run)
    for name in ("tuning.json", "counts.json"):
        (of_run / name).unlink()
    work.carry_out(task)
    assert (of_run / "tuning.json").read_bytes() == tuning
    after = read_decisions(of_run)
    assert after[50].counts == before[50].counts
    assert torch.equal(after[50].chosen, before[50].chosen)


def test_the_page_follows_from_the_run_folders_alone(folder, tmp_path):
    page = page_in(tmp_path)
    main(CONFIG, folder / "runs", page, data=tmp_path, report_only=True)
    assert page.read_bytes() == page_in(folder).read_bytes()
    assert (tmp_path / "docs" / "images" / "estimators.png").stat().st_size > 10_000


def test_a_page_needs_finished_runs(tmp_path):
    with pytest.raises(RunError, match=r"tuning\.json: expected the result of a finished run"):
        summarise_study(STUDY, runs=tmp_path)


def test_trainings_keep_the_last_weights_and_never_see_what_is_held_out(folder):
    for task in all_tasks(folder):
        of_run = task.run.folder(folder / "runs")
        with (of_run / "metrics.csv").open() as file:
            steps = [int(row["step"]) for row in csv.DictReader(file)]
        assert steps == [task.run.settings.optimiser.steps]
        inputs = json.loads((of_run / "provenance.json").read_text())
        assert set(inputs["inputs"]) == {"water_150_train.npz", "water_150_train_held_out.npz"}
        assert inputs["threads"] == 1
        whole_file = hashlib.sha256(samples.TRAIN.read_bytes()).hexdigest()
        assert inputs["inputs"]["water_150_train.npz"] != f"sha256:{whole_file}"


def test_the_scale_is_that_of_the_smallest_held_out_error(summary):
    for name, candidates in summary.searches.items():
        method = next(method for method in summary.methods if method.name == name)
        best = min(error for _, error in candidates)
        assert (method.scale, best) in candidates
        assert len(candidates) == 2


def test_the_table_is_what_the_decisions_say(folder, summary):
    first, second, *_ = summary.methods
    errors: dict[str, list[np.ndarray]] = {}
    for name in (first.name, second.name):
        for run in whole_runs(STUDY, {})[name]:
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


def test_a_published_strength_shifts_costs_by_the_gradient(folder, summary):
    published = [step for step in summary.ladder if step.method == "pat"]
    assert published[1].shift == pytest.approx(2 * published[0].shift)
    assert 0.005 < published[0].shift < 0.1  # 25 over the edges of a region of some 1,200
    assert [step.shift for step in summary.ladder if step.method == "blackbox"] == [0.1, 0.3]


def by_hand(text: str) -> list[str]:
    return [part.split("<!-- generated:")[0] for part in text.split("<!-- end -->")]


def test_the_page_has_a_row_for_each_method_and_step(folder, summary):
    text = page_in(folder).read_text()
    assert by_hand(text) == by_hand(PAGE.read_text())
    text = "\n".join(part.partition("<!-- end -->")[0] for part in text.split("<!-- generated:"))
    for method in summary.methods:
        assert text.count(f"\n| {method.name} |") >= 3
    assert "nan" not in text
    assert text.count("\n| pat |") == 3 + 2
