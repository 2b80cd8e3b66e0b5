"""A plan of trainings: what is there, what is left, what is archived, and where it goes on."""

import shutil
from pathlib import Path

import pytest
import yaml

from studies.loss_landscape.config import StudyConfig
from studies.trainings import (
    ARCHIVED,
    CURVE,
    TIMES,
    WEIGHTS,
    Run,
    TrainingPlan,
    all_runs,
    carry_out,
    copy_finished,
    finished_seeds,
    hours_left,
    load_plan,
    state_table,
)
from trackscape import samples
from trackscape.errors import ConfigError, RunError

CONFIGS = Path(__file__).parents[2] / "configs"
TINY = CONFIGS / "landscape" / "tiny.yaml"
FULL = CONFIGS / "landscape" / "full.yaml"


def pretend(run: Run, runs: Path, *, steps: int | None = None, speed: float = 1.0) -> None:
    """Writes what a training leaves behind after so many steps; all if left out."""
    folder = run.folder(runs)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ARCHIVED:
        (folder / name).write_text(name)
    steps = run.settings.optimiser.steps if steps is None else steps
    (folder / CURVE).write_text(f"step,loss\n{steps},1.0\n")
    (folder / TIMES).write_text(f"step,seconds\n{steps},{speed * steps}\n")


@pytest.mark.parametrize(
    "path", [TINY, FULL, *(CONFIGS / "trainings" / f"{name}.yaml" for name in ("half", "twice"))]
)
def test_every_plan_is_valid_and_no_two_runs_share_a_folder(path, tmp_path):
    runs = all_runs(load_plan(path))
    assert len({run.folder(tmp_path) for run in runs}) == len(runs)


def test_the_full_study_has_eight_seeds_and_the_published_strengths_in_published_units():
    plan = load_plan(FULL)
    assert len(plan.seeds) >= 8
    assert plan.per_frame == 100
    for name, strength in {"pat-25": 25, "pat-50": 50, "pat-75": 75}.items():
        settings = next(run.settings for run in all_runs(plan) if run.setting == name)
        # Lightning divides the loss by the graphs of a step, as the published code does by its 32.
        in_units = settings.loss.settings["strength"] / settings.optimiser.graphs_per_step
        assert in_units == strength / 32
        assert settings.data.held_out
        assert not settings.data.validation


def test_ptt_and_pat_are_tuned_by_equal_searches():
    ptt, pat = (
        yaml.safe_load((CONFIGS / "tuning" / f"{name}.yaml").read_text()) for name in ("ptt", "pat")
    )
    assert ptt["space"] == pat["space"]
    short, other = (
        yaml.safe_load((CONFIGS / "tuning" / each["training"]).read_text()) for each in (ptt, pat)
    )
    frames, others = (
        each["optimiser"]["steps"] * each["optimiser"]["graphs_per_step"] for each in (short, other)
    )
    assert frames == others
    assert short["data"] == other["data"]


def test_a_training_under_way_is_not_finished_although_it_has_weights(tmp_path):
    run = all_runs(load_plan(TINY))[0]
    assert not run.finished(tmp_path)
    pretend(run, tmp_path, steps=12)
    assert run.steps_done(tmp_path) == 12
    assert not run.finished(tmp_path)
    pretend(run, tmp_path)
    assert run.finished(tmp_path)
    run.weights(tmp_path).unlink()
    assert not run.finished(tmp_path)


def test_seeds_count_once_all_settings_have_them(tmp_path):
    plan = load_plan(TINY)
    for run in all_runs(plan):
        if run.seed == 1 or run.setting == "ptt":
            pretend(run, tmp_path)
    assert finished_seeds(plan, tmp_path) == (1,)
    text = "\n".join(state_table(plan, tmp_path, workers=2))
    assert "| ptt | 2 of 2 | 0.0 |" in text
    assert "1 of 2 seeds have all settings" in text


def test_a_part_of_an_archive_is_a_study_of_the_seeds_that_are_there(tmp_path):
    study = StudyConfig.load(FULL)
    for run in all_runs(study):
        if run.seed in (0, 2, 5) or run.setting == "pat-75":
            pretend(run, tmp_path)
    part = study.trained(tmp_path)
    assert part.seeds == (0, 2, 5)
    run = next(run for run in all_runs(part) if run.name == "ptt-s2")
    assert run in all_runs(study)
    shutil.rmtree(run.folder(tmp_path))
    with pytest.raises(RunError, match="expected 3 seeds at least"):
        study.trained(tmp_path)


def test_the_hours_that_are_left_are_those_of_the_steps_that_are_left(tmp_path):
    plan = load_plan(TINY)
    first, second = (run for run in all_runs(plan) if run.setting == "ptt")
    pretend(first, tmp_path, steps=12, speed=100.0)
    steps = first.settings.optimiser.steps
    # The other one is as slow as far as is known.
    left = (steps - 12 + steps) * 100.0 / 3600
    assert hours_left(plan, tmp_path)["ptt"] == pytest.approx(left)
    pretend(second, tmp_path, speed=1.0)
    assert hours_left(plan, tmp_path)["ptt"] == pytest.approx((steps - 12) * 100.0 / 3600)
    pretend(first, tmp_path)
    assert hours_left(plan, tmp_path)["ptt"] == 0


def test_only_what_is_finished_is_archived_and_nothing_twice(tmp_path):
    plan, runs, archive = load_plan(TINY), tmp_path / "runs", tmp_path / "archive"
    first, second, *_ = all_runs(plan)
    pretend(first, runs)
    (first.folder(runs) / "last.ckpt").write_text("large")
    pretend(second, runs, steps=12)
    assert copy_finished(plan, runs, archive) == 1
    assert sorted(path.name for path in first.folder(archive).iterdir()) == sorted(ARCHIVED)
    assert not second.folder(archive).exists()
    assert copy_finished(plan, runs, archive) == 0
    assert copy_finished(plan, archive, tmp_path / "elsewhere") == 1


def test_curves_that_were_found_later_are_archived_with_their_training(tmp_path):
    plan, runs, archive = load_plan(TINY), tmp_path / "runs", tmp_path / "archive"
    first, *_ = all_runs(plan)
    pretend(first, runs)
    copy_finished(plan, runs, archive)
    (first.folder(runs) / "curve-1.npz").write_text("found")
    assert copy_finished(plan, runs, archive) == 0
    assert (first.folder(archive) / "curve-1.npz").read_text() == "found"


def test_a_plan_keeps_the_last_weights_or_says_what_chooses(tmp_path):
    content = yaml.safe_load(TINY.read_text())
    content["optimiser"]["validate_every"] = 12
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError, match="last weights are kept, or give held_out"):
        load_plan(tmp_path / "plan.yaml")
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(content | {"held_out": 0.1}))
    settings = all_runs(load_plan(tmp_path / "plan.yaml"))[0].settings
    assert settings.data.held_out == 0.1


@pytest.fixture(scope="module")
def plan() -> TrainingPlan:
    whole = load_plan(TINY)
    return whole.model_copy(update={"settings": whole.settings[:2]})


@pytest.mark.slow
def test_a_plan_that_was_stopped_goes_on_and_ends_in_the_archive(plan, tmp_path):
    places = {"data": samples.FOLDER, "runs": tmp_path / "runs", "archive": tmp_path / "archive"}
    carry_out(plan, **places, hours=0)
    assert not any(run.finished(tmp_path / "runs") for run in all_runs(plan))
    carry_out(plan.model_copy(update={"seeds": (0,)}), **places)
    assert finished_seeds(plan, tmp_path / "archive") == (0,)
    before = {path: path.read_bytes() for path in (tmp_path / "archive").rglob("*/*")}
    shutil.rmtree(tmp_path / "runs")  # the archive alone is enough
    carry_out(plan, **places)
    assert finished_seeds(plan, tmp_path / "archive") == plan.seeds
    assert all(path.read_bytes() == content for path, content in before.items())
    assert {path.name for path in before} == set(ARCHIVED)
    assert all((run.folder(tmp_path / "runs") / WEIGHTS).exists() for run in all_runs(plan))
