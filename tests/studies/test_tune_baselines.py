"""The search for parameters of the baselines: fair, repeatable, and better than a bad guess."""

import pytest

from studies.tune_baselines import CONFIGS, SCORES, measure, search, table
from trackscape import samples
from trackscape.data import Hits
from trackscape.evaluation.evaluate import read_frames
from trackscape.tracker_tuning import TrackerScore, TuningConfig, score_tracker
from trackscape.tracking.baselines import BASELINES, Greedy


@pytest.fixture(scope="module")
def sets() -> list[list[Hits]]:
    frames = read_frames(samples.TRAIN, per_frame=50)
    return [frames[:2], frames[2:3]]


def test_every_baseline_is_tuned():
    configs = {name: TuningConfig.load(CONFIGS / f"{name}.yaml") for name in BASELINES}
    assert {name: config.tracker for name, config in configs.items()} == {n: n for n in BASELINES}
    budgets = {(config.files, config.sizes, config.frames) for config in configs.values()}
    assert len(budgets) == 1


def test_a_search_is_repeatable_and_returns_the_best(tmp_path, monkeypatch):
    pytest.importorskip("optuna")
    config = TuningConfig.load(CONFIGS / "greedy.yaml").model_copy(
        update={"files": (samples.TRAIN.name,), "per_frame": 50, "frames": 2}
    )
    monkeypatch.setattr(TuningConfig, "load", lambda path: config)
    data = samples.TRAIN.parent
    one, same = (
        search("greedy", data=data, folder=tmp_path / name, trials=12) for name in ("a", "b")
    )
    assert one == same
    assert isinstance(one, Greedy)
    score = TrackerScore(config, data)
    assert score_tracker(one, score.frames) > score_tracker(Greedy(max_step=0.1), score.frames)


def test_sets_count_the_same_whatever_their_number_of_frames(sets: list[list[Hits]]):
    both = measure(Greedy(), sets)
    parts = [measure(Greedy(), [frames]) for frames in sets]
    for name in SCORES:
        mean = sum(part.values[name] for part in parts) / 2
        assert both.values[name] == pytest.approx(mean)
    assert both.score == pytest.approx(sum(both.values.values()) / 3)


def test_tracks_in_pieces_score_worse_though_their_purity_rises(sets: list[list[Hits]]):
    whole, pieces = measure(Greedy(), sets), measure(Greedy(max_tracker_step=1e-6), sets)
    assert pieces.values["purity"] > whole.values["purity"]
    assert pieces.score < whole.score


def test_the_table_names_every_parameter(sets: list[list[Hits]]):
    trials = {name: measure(method, sets) for name, method in BASELINES.items()}
    lines = list(table(trials))
    assert len(lines) == 2 + len(trials)
    assert len({line.count("|") for line in lines}) == 1
    assert "source_distance=" in lines[4]
    assert "branches=4" in lines[4]
