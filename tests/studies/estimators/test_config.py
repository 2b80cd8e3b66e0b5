"""What a study needs, and what it cannot be."""

from pathlib import Path

import pytest
import yaml

from studies.estimators.config import StudyConfig
from studies.estimators.plan import Setting, trial_run, whole_runs
from trackscape.errors import ConfigError

CONFIGS = Path(__file__).parents[3] / "configs" / "study"
TINY = yaml.safe_load((CONFIGS / "tiny.yaml").read_text())


def load(folder: Path, **changes: object) -> StudyConfig:
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(TINY | changes))
    return StudyConfig.load(path)


def middle(study: StudyConfig) -> dict[str, Setting]:
    """A setting for each method."""
    return {
        method.name: Setting(0.01, next((each.low for each in method.scale.values()), None))
        for method in study.methods
    }


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_study_is_valid_and_no_two_runs_share_a_folder(path):
    study = StudyConfig.load(path)
    found = middle(study)
    whole = [run for of_seeds in whole_runs(study, found).values() for run in of_seeds]
    short = [trial_run(study, each, found[each.name]) for each in study.methods]
    assert len({run.folder(Path()) for run in whole + short}) == len(whole) + len(short)
    assert len(whole) == len(study.methods) * len(study.seeds)


def test_methods_are_trained_alike_but_for_loss_assigner_and_learning_rate():
    study = StudyConfig.load(CONFIGS / "cpu.yaml")
    whole = whole_runs(study, middle(study) | {"hinge": Setting(0.02, 0.1)})
    first, *others = [of_seeds[0].settings for of_seeds in whole.values()]
    for settings in others:
        assert (settings.network, settings.data) == (first.network, first.data)
        rate = settings.optimiser.learning_rate
        assert settings.optimiser == first.optimiser.model_copy(update={"learning_rate": rate})
    assert {run.settings.assigner.semantics for run in whole["pat"]} == {"card"}
    assert {run.settings.optimiser.learning_rate for run in whole["hinge"]} == {0.02}
    assert not set(study.judged) & {*first.data.training, *first.data.validation}


def test_trials_are_short_and_have_the_first_seed():
    study = StudyConfig.load(CONFIGS / "cpu.yaml")
    run = trial_run(study, study.method("lpgd"), Setting(0.03, 0.2))
    assert (run.settings.optimiser.steps, run.seed) == (study.search.steps, study.seeds[0])
    assert run.settings.loss.settings["strength"] == 0.2


def test_methods_are_searched_alike_but_for_their_scale():
    study = StudyConfig.load(CONFIGS / "cpu.yaml")
    for method in study.methods:
        names = list(study.search.space(method).parameters)
        assert names == ["learning_rate", *([method.searched] if method.searched else [])]


def with_method(**loss: object) -> dict[str, object]:
    return {"methods": [*TINY["methods"], {"name": "other", "loss": loss}]}


def scaled(**scale: object) -> dict[str, object]:
    return {
        "methods": [*TINY["methods"], {"name": "other", "loss": {"kind": "hinge"}, "scale": scale}]
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (with_method(kind="hinge"), "the method other.*needs the scales margin, got none"),
        (with_method(kind="hinge", margin=-1), "methods"),
        (with_method(kind="hinge", margn=0.1), "the method other: margn"),
        (scaled(margin={"low": 0.1, "high": 0.1}), "less than high"),
        (scaled(margin={"low": 0, "high": 0.1}), "low"),
        (scaled(margin={"low": 1, "high": 2}, depth={"low": 1, "high": 2}), "at most 1"),
        (scaled(depth={"low": 1, "high": 2}), "the method other"),
        ({"methods": [TINY["methods"][0]] * 2}, "different names, got ptt, ptt"),
        ({"optimiser": TINY["optimiser"] | {"validate_every": 12}}, "last weights are kept"),
        ({"seeds": [0]}, "seeds"),
        ({"per_frme": 50}, "per_frme"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(changes, sentence, tmp_path):
    with pytest.raises(ConfigError, match=sentence):
        load(tmp_path, **changes)
