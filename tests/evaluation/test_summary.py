"""Summaries: what a JSON file and a table get to see."""

import functools
import json
import operator

import pytest

from trackscape.errors import DataError
from trackscape.evaluation import METRICS, summarise

ABOUT = {"method": "ptt", "per_frame": 6, "graph_ceiling": 0.97, "seconds_per_frame": 0.02}


@pytest.fixture(scope="module")
def counts(random_frame):
    return [random_frame(seed).count() for seed in range(30)]


def test_json_holds_every_metric_with_its_interval(counts):
    stored = json.loads(json.dumps(summarise(counts, **ABOUT).as_dict()))
    assert {key: stored[key] for key in ABOUT} == ABOUT
    assert stored["frames"] == 30
    for name, metric in METRICS.items():
        low, high = stored[f"{name}_ci"]
        assert stored[name] == metric(counts).value
        assert low <= stored[name] <= high


def test_counts_and_efficiency_by_hits_are_those_of_all_frames(counts):
    stored = summarise(counts, **ABOUT).as_dict()
    total = functools.reduce(operator.add, counts)
    assert stored["counts"]["tracks"] == total.tracks
    by_hits = stored["efficiency_by_hits"]
    assert by_hits["found"] == list(total.found_by_hits)
    assert by_hits["efficiency"][0] == total.found_by_hits[0] / total.reconstructable_by_hits[0]
    assert by_hits["efficiency"][-1] == 0  # nothing as long as this in these frames


def test_the_seed_decides_the_intervals_and_nothing_else(counts):
    one, same, other = (summarise(counts, **ABOUT, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.values == other.values
    assert one.intervals != other.intervals


def test_the_interval_of_one_frame_is_its_value(counts):
    summary = summarise(counts[:1], **ABOUT)
    for name, value in summary.values.items():
        assert summary.intervals[name] == pytest.approx((value, value))


def test_rows_are_in_percent(Frame, proton):
    count = Frame(proton(0, 6), [list(range(6))]).count()
    assert summarise([count], **ABOUT).rows()[0] == ("purity", "100.00", "100.00 to 100.00")


def test_needs_a_frame():
    with pytest.raises(DataError, match="no frames"):
        summarise([], **ABOUT)
