"""What a study of landscapes needs, what it cannot be, and which trainings and pairs it has."""

from pathlib import Path

import pytest
import yaml

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.plan import (
    all_pairs,
    all_runs,
    joined_pairs,
    measured_folder,
    model_groups,
)
from studies.loss_landscape.work import core_minutes
from trackscape.errors import ConfigError

CONFIGS = Path(__file__).parents[3] / "configs" / "landscape"
TINY = yaml.safe_load((CONFIGS / "tiny.yaml").read_text())


def load(folder: Path, **changes: object) -> StudyConfig:
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(TINY | changes))
    return StudyConfig.load(path)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_study_is_valid_and_no_two_runs_share_a_folder(path):
    study = StudyConfig.load(path)
    runs = all_runs(study)
    assert len({run.weights(Path()) for run in runs}) == len(runs)
    assert len({run.name for run in runs}) == len(runs)
    assert len(runs) == len(study.settings) * len(study.seeds)
    assert not set(study.training) & set(study.judged)


def test_the_study_of_an_hour_compares_the_published_settings_and_ours():
    study = StudyConfig.load(CONFIGS / "cpu.yaml")
    assert [setting.name for setting in study.settings] == [
        "ptt",
        "pat-25",
        "pat-50",
        "pat-75",
        "trackscape",
    ]
    assert {setting.loss.settings.get("strength") for setting in study.settings} == {
        None,
        25,
        50,
        75,
    }
    assert 60 < core_minutes(study) < 150


def test_pairs_are_of_equal_networks():
    study = StudyConfig.load(CONFIGS / "cpu.yaml")
    pairs = all_pairs(study)
    assert len(pairs) == 20 * 19 // 2 + 5 * 4 // 2
    assert len({pair.name for pair in pairs}) == len(pairs)
    for pair in pairs:
        assert pair.first.settings.network == pair.second.settings.network
    assert [pair for models in model_groups(study) for pair in models.pairs] == pairs


def test_paths_join_neighbouring_seeds_and_each_with_the_first_setting():
    study = StudyConfig.load(CONFIGS / "full.yaml")
    n, others = len(study.seeds), ("pat-25", "pat-50", "pat-75", "hinge")
    joined = joined_pairs(study)
    within = [pair for pair in joined if pair.first.setting == pair.second.setting]
    between = [pair for pair in joined if pair not in within]
    assert len(within) == n * len(study.settings)
    assert len(between) == 2 * n * len(others)
    for name in others:
        seeds = [(a.seed, b.seed) for a, b in between if (a.setting, b.setting) == ("ptt", name)]
        assert sorted(seeds) == sorted(
            (seed, (seed + ahead) % n) for seed in range(n) for ahead in (0, 1)
        )


def test_groups_of_pairs_are_apart_and_complete():
    published, ours = model_groups(StudyConfig.load(CONFIGS / "cpu.yaml"))
    sizes = {group: int(chosen.sum()) for group, chosen in published.groups().items()}
    assert sizes == {
        "ptt": 10,
        "pat-25": 10,
        "pat-50": 10,
        "pat-75": 10,
        "pat and ptt": 60,
        "pat and ptt, same start": 15,
        "pat, mixed": 60,
        "pat, mixed, same start": 15,
    }
    assert sum(chosen.long() for chosen in published.groups().values()).eq(1).all()
    assert {group: int(each.sum()) for group, each in ours.groups().items()} == {"trackscape": 10}
    assert published.of_loss("pat") == ["pat-25", "pat-50", "pat-75"]
    assert published.strength("pat-50") == 50


def test_another_size_has_other_measures_but_the_same_trainings(tmp_path):
    study = load(tmp_path)
    other = load(tmp_path, planes=TINY["planes"] | {"frames": 3})
    assert [run.weights(tmp_path) for run in all_runs(study)] == [
        run.weights(tmp_path) for run in all_runs(other)
    ]
    assert measured_folder(study, tmp_path) != measured_folder(other, tmp_path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"settings": [TINY["settings"][0]] * 2}, "different names, got ptt, ptt"),
        ({"settings": TINY["settings"][:1]}, "settings"),
        ({"seeds": [0]}, "seeds"),
        ({"planes": TINY["planes"] | {"steps": 4}}, r"steps \(4\) must be odd"),
        ({"planes": TINY["planes"] | {"extnt": 1}}, "extnt"),
        ({"curves": TINY["curves"] | {"points": 1}}, "points"),
        ({"similarity": TINY["similarity"] | {"rows": 3}}, "rows"),
        ({"optimiser": TINY["optimiser"] | {"validate_every": 12}}, "last weights are kept"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(changes, sentence, tmp_path):
    with pytest.raises(ConfigError, match=sentence):
        load(tmp_path, **changes)
