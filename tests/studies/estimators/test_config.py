"""What a study needs, and what it cannot be."""

from pathlib import Path

import pytest
import yaml

from studies.estimators.config import StudyConfig
from studies.estimators.plan import ladder_runs, search_runs, whole_runs
from trackscape.errors import ConfigError

CONFIGS = Path(__file__).parents[3] / "configs" / "study"
TINY = yaml.safe_load((CONFIGS / "tiny.yaml").read_text())


def load(folder: Path, **changes: object) -> StudyConfig:
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(TINY | changes))
    return StudyConfig.load(path)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_study_is_valid_and_no_two_runs_share_a_folder(path):
    study = StudyConfig.load(path)
    whole = [run for of_seeds in whole_runs(study, {}).values() for run in of_seeds]
    search = [run for candidates in search_runs(study).values() for run in candidates]
    assert len({run.folder(Path()) for run in whole + search}) == len(whole) + len(search)
    assert len(whole) == len(study.methods) * len(study.seeds)


def test_methods_are_trained_alike_but_for_loss_and_assigner():
    study = StudyConfig.load(CONFIGS / "cpu.yaml")
    first, *others = [of_seeds[0].settings for of_seeds in whole_runs(study, {}).values()]
    for settings in others:
        for part in ("network", "optimiser", "data"):
            assert getattr(settings, part) == getattr(first, part)
    assert {run.settings.assigner.semantics for run in whole_runs(study, {})["pat"]} == {"card"}
    assert not set(study.judged) & {*first.data.training, *first.data.validation}


def test_search_and_ladder_are_short_and_share_runs():
    study = StudyConfig.load(CONFIGS / "tiny.yaml")
    search, ladder = search_runs(study), ladder_runs(study)
    assert set(search) == {"blackbox", "fenchel-young"}
    assert [run.scale for run in search["blackbox"]] == [0.1, 0.3]
    assert [run.settings.loss.sigma for run in search["fenchel-young"]] == [0.05, 0.1]
    assert {run.settings.optimiser.steps for run in search["blackbox"]} == {study.search_steps}
    of_ladder = {run.folder(Path()) for seeds in ladder["blackbox"] for run in seeds}
    assert {run.folder(Path()) for run in search["blackbox"]} < of_ladder
    assert [seeds[0].settings.loss.settings["strength"] for seeds in ladder["pat"]] == [25, 50]


def test_a_found_loss_is_trained():
    study = StudyConfig.load(CONFIGS / "tiny.yaml")
    loss = study.method("fenchel-young").candidates()[1]
    runs = whole_runs(study, {"fenchel-young": loss})["fenchel-young"]
    assert [(run.scale, run.settings.loss, run.seed) for run in runs] == [
        (0.1, loss, 0),
        (0.1, loss, 1),
    ]


def with_method(**loss: object) -> dict[str, object]:
    return {"methods": [*TINY["methods"], {"name": "other", "loss": loss}]}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (with_method(kind="hinge"), "the method other.*needs the scales margin, got none"),
        (with_method(kind="hinge", margin=[0.1, -1]), "methods"),
        (with_method(kind="hinge", margn=0.1), "the method other: margn"),
        (
            with_method(kind="lpgd", strength=[0.1], side=[0.2]),
            "the method other has more than one scale",
        ),
        ({"methods": [TINY["methods"][0]] * 2}, "different names, got ptt, ptt"),
        ({"ladder": {"strengths": {"lpgd": [1]}, "seeds": [0, 1]}}, "the ladder has a method lpgd"),
        ({"ladder": {"strengths": {"ptt": [1]}, "seeds": [0, 1]}}, "the method ptt.*got strength"),
        ({"optimiser": TINY["optimiser"] | {"validate_every": 12}}, "last weights are kept"),
        ({"seeds": [0]}, "seeds"),
        ({"per_frme": 50}, "per_frme"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(changes, sentence, tmp_path):
    with pytest.raises(ConfigError, match=sentence):
        load(tmp_path, **changes)
