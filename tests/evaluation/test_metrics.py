"""Ratios: 1 for perfect tracks, 0 without a denominator, and the ways to average."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.evaluation import METRICS
from trackscape.evaluation import metrics as m

seeds = st.integers(0, 2**32 - 1)
at_leisure = settings(deadline=None, max_examples=50)  # a busy machine is no failure


@pytest.fixture
def two_frames(Frame, proton):
    """One of two protons with one of two tracks correct; one of a proton without fault."""
    one = Frame(
        proton(0, 6) + proton(1, 6) + proton(2, 6),
        [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 17]],
        edges=[(1, 0), (7, 0)],
        selected=[True, True],
    )
    two = Frame(proton(0, 8), [list(range(8))], edges=[(1, 0), (2, 1)], selected=[True, False])
    return [one.count(), two.count()]


def test_perfect_tracks_score_one(Frame, proton):
    rows = proton(0, 6) + proton(1, 20)
    edges = [(1, 0), (26 - 1, 26 - 2), (7, 0)]
    frame = Frame(rows, [list(range(6)), list(range(6, 26))], edges, [True, True, False])
    values = {name: metric([frame.count()]).value for name, metric in METRICS.items()}
    assert values.pop("fake_rate") == 0
    assert values.pop("edge_fpr") == 0
    assert values == dict.fromkeys(values, 1.0)


def test_published_ratios_are_means_over_frames_and_the_others_are_pooled(two_frames):
    assert m.purity(two_frames).value == pytest.approx((1 / 2 + 1) / 2)
    assert m.efficiency(two_frames).value == pytest.approx((1 / 3 + 1) / 2)
    assert m.trackml_score(two_frames).value == pytest.approx((11 / 18 + 1) / 2)
    assert m.strict_purity(two_frames).value == pytest.approx(2 / 3)
    assert m.reconstructable_efficiency(two_frames).value == pytest.approx(2 / 4)
    assert m.complete_efficiency(two_frames).value == pytest.approx(2 / 4)
    assert m.double_majority_efficiency(two_frames).value == pytest.approx(3 / 4)
    assert m.fake_rate(two_frames).value == 0
    assert m.edge_tpr(two_frames).value == pytest.approx(2 / 3)
    assert m.edge_fpr(two_frames).value == 1


def test_published_efficiency_can_exceed_one_and_the_reconstructable_one_can_not(Frame, proton):
    """A proton with an electron beside it is found, but its event is not in the denominator."""
    rows = proton(0, 6) + proton(0, 1, track=2) + proton(1, 6)
    count = Frame(rows, [list(range(6)), list(range(7, 13))]).count()
    assert m.efficiency([count]).value == 2
    assert m.reconstructable_efficiency([count]).value == 1


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_nothing_to_divide_by_is_zero(metric, Frame, proton):
    only_secondaries = Frame(proton(0, 3, track=2), [])
    assert metric([Frame([], []).count()]).value == 0
    assert metric([only_secondaries.count()]).value == 0


def test_a_frame_without_tracks_counts_as_zero_in_the_published_mean(two_frames, Frame, proton):
    nothing = Frame(proton(0, 6), []).count()
    assert m.purity([two_frames[1], nothing]).value == 0.5
    assert m.strict_purity([two_frames[1], nothing]).value == 1


@at_leisure
@given(seeds=st.lists(seeds, min_size=1, max_size=3))
def test_ratios_keep_their_bounds_and_order(random_frame, seeds):
    counts = [random_frame(seed).count() for seed in seeds]
    values = {name: metric(counts).value for name, metric in METRICS.items()}
    assert all(value >= 0 for value in values.values())
    del values["efficiency"]  # the only one that is no share
    assert all(value <= 1 for value in values.values())
    assert values["complete_efficiency"] <= values["reconstructable_efficiency"]
    assert values["complete_efficiency"] <= values["double_majority_efficiency"]


@at_leisure
@given(seeds=st.lists(seeds, min_size=2, max_size=4))
def test_pooled_ratios_do_not_depend_on_how_frames_are_cut(random_frame, seeds):
    counts = [random_frame(seed).count() for seed in seeds]
    merged = [counts[0] + counts[1], *counts[2:]]
    for name in METRICS.keys() - {"purity", "efficiency", "trackml_score"}:
        assert METRICS[name](merged).value == METRICS[name](counts).value
