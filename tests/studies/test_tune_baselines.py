"""The search for parameters of the baselines: fair, repeatable, and better than a bad guess."""

import dataclasses

import numpy as np
import pytest

from studies.tune_baselines import (
    SCORED,
    SPACES,
    draw_greedy,
    measure,
    search,
    table,
)
from trackscape import samples
from trackscape.data import Hits
from trackscape.evaluation.evaluate import read_frames
from trackscape.tracking.baselines import BASELINES, Greedy


@pytest.fixture(scope="module")
def sets() -> list[list[Hits]]:
    frames = read_frames(samples.TRAIN, per_frame=50)
    return [frames[:2], frames[2:3]]


def test_every_baseline_is_tuned():
    assert list(SPACES) == list(BASELINES)


@pytest.mark.parametrize("name", SPACES)
def test_draws_are_random_but_repeatable(name: str):
    draw, default = SPACES[name], BASELINES[name]
    methods = [draw(np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert methods[0] == methods[1] != methods[2]
    assert all(type(method) is type(default) for method in methods)


def test_the_best_trial_comes_first(sets: list[list[Hits]]):
    trials = search(draw_greedy, sets, trials=4, seed=2)
    scores = [trial.score for trial in trials]
    assert scores == sorted(scores, reverse=True)
    assert len({dataclasses.astuple(trial.method) for trial in trials}) == 4
    again = search(draw_greedy, sets, trials=4, seed=2)
    assert [trial.method for trial in again] == [trial.method for trial in trials]


def test_sets_count_the_same_whatever_their_number_of_frames(sets: list[list[Hits]]):
    both = measure(Greedy(), sets)
    parts = [measure(Greedy(), [frames]) for frames in sets]
    for name in SCORED:
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
