"""Paths with known losses."""

import math
from pathlib import Path

import pytest
import torch

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.connections import (
    ROUTES,
    Paths,
    profile,
    summarise_connections,
    summarise_distances,
    summarise_searches,
)
from studies.loss_landscape.plan import model_groups

STUDY = StudyConfig.load(Path(__file__).parents[3] / "configs" / "landscape" / "tiny.yaml")
MODELS = next(iter(model_groups(STUDY)))
ALONG = torch.tensor([0.1, 0.5, 0.2, 0.1, 0.3]).double()


@pytest.fixture
def paths() -> Paths:
    """Of 6 pairs, 5 points, 4 frames: the same but for a factor of the pair."""
    pair = torch.arange(1.0, 7.0).double()
    hamming = (pair[:, None, None] * ALONG[:, None]).expand(6, 5, 4)
    values = torch.stack([10 * hamming, hamming], dim=3)
    distances = torch.stack([pair, pair / 2, pair / 4], dim=1)
    return Paths(
        ("bce", "hamming"),
        dict.fromkeys(ROUTES, values),
        distances,
        torch.ones(6, 2, 5),
        torch.ones(6) > 0,
    )


def test_summary_of_a_known_path(paths):
    found = {(each.group, each.route): each for each in summarise_connections(MODELS, paths)}
    assert len(found) == 4 * len(ROUTES)  # ptt, pat-25, between them, and that from the same start
    ptt = found["ptt", "line"]
    assert ptt.pairs == 1
    along = ptt.losses["hamming"]
    assert [along.lowest.value, along.highest.value] == pytest.approx([0.1, 0.5])
    assert along.mean.value == pytest.approx((0.2 + 0.5 + 0.2 + 0.1) / 4)
    assert along.ends.value == pytest.approx(0.2)
    # Straight between the ends it would be 0.15 at the second point.
    assert along.barrier.value == pytest.approx(0.35)
    assert along.connectivity.value == pytest.approx(0.2 - 0.5)
    assert along.relative_barrier.value == pytest.approx(0.35 / 0.2)
    assert (along.remaining_barrier.value, along.remaining_barrier.error) == (
        1,
        math.inf,
    )  # of one pair
    assert ptt.losses["bce"].barrier.value == pytest.approx(3.5)


def test_groups_are_means_of_their_pairs(paths):
    # In the order of pairs: ptt, then (0, 0), (0, 1), (1, 0), (1, 1), then pat-25.
    found = {(each.group, each.route): each for each in summarise_connections(MODELS, paths)}
    between, same = (
        found[group, "line"].losses["hamming"].highest.value
        for group in ("pat and ptt", "pat and ptt, same start")
    )
    assert between == pytest.approx(0.5 * (3 + 4) / 2)
    assert same == pytest.approx(0.5 * (2 + 5) / 2)
    distances = {each.group: each for each in summarise_distances(MODELS, paths)}
    assert distances["pat-25"].plain == 6
    assert distances["pat-25"].aligned == 3
    assert distances["pat-25"].by_outputs == 1.5


def test_profile_is_the_mean_path_of_a_group(paths):
    found = profile(MODELS, paths, group="pat and ptt", route="line", loss="hamming")
    assert torch.allclose(found.mean, 3.5 * ALONG)
    assert found.times.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()


def test_a_barrier_is_compared_with_that_of_the_line(paths):
    flat = torch.lerp(ALONG[0], ALONG[-1], torch.linspace(0, 1, 5).double())
    half = (paths.values["line"] + flat[:, None, None]) / 2
    values = paths.values | {"aligned line": half, "curve of decisions": 0 * half}
    found = summarise_connections(MODELS, paths._replace(values=values))
    kept = {
        each.route: each.losses["hamming"].remaining_barrier
        for each in found
        if each.group == "ptt"
    }
    assert kept["aligned line"].value == pytest.approx(0.5)
    assert kept["curve of decisions"].value == 0


def test_a_search_that_still_gains_shows_it(paths):
    falling = torch.tensor([8.0, 4.0, 2.0, 2.0, 1.0])
    settled = torch.tensor([8.0, 4.0, 2.0, 1.0, 1.0])
    searched = torch.stack([falling, settled]).expand(6, 2, 5)
    found = summarise_searches(MODELS, paths._replace(searched=searched))
    assert {(each.route, each.late) for each in found} == {
        ("curve of decisions", 0.5),
        ("curve of the smooth loss", 0.0),
    }


def test_pairs_that_were_not_joined_are_in_no_mean(paths):
    joined = torch.tensor([True, False, True, True, True, True])
    values = paths.values["line"].clone()
    values[1] = torch.nan
    part = paths._replace(joined=joined, values=dict.fromkeys(ROUTES, values))
    for each in summarise_connections(MODELS, part):
        assert (
            each.losses["hamming"].barrier.value == each.losses["hamming"].barrier.value
        )  # no NaN
    pairs = {each.group: each.pairs for each in summarise_connections(MODELS, part)}
    assert sum(pairs.values()) == 5
