"""Tests of several effects at once say no more than they may."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.intervals import Interval
from studies.many_tests import holm, sides

P_VALUES = st.lists(st.floats(0, 1), max_size=12)


def test_p_values_are_corrected_as_by_hand():
    # 0.01 x 4; 0.02 x 3; 0.03 x 2 = 0.06 is not less than that; 0.5 x 1.
    assert holm([0.03, 0.5, 0.01, 0.02]) == pytest.approx([0.06, 0.5, 0.04, 0.06])
    # The least p of 5 against 5 trainings, six times: all are just below 0.05.
    assert holm([2 / 252] * 6) == pytest.approx([12 / 252] * 6)
    assert holm([0.7, 0.9]) == [1, 1]
    assert holm([]) == []


@given(P_VALUES)
def test_a_corrected_p_value_is_between_the_raw_one_and_bonferroni(raw):
    for before, after in zip(raw, holm(raw), strict=True):
        assert before <= after <= min(1, len(raw) * before)


@given(P_VALUES)
def test_correction_keeps_the_order_of_p_values(raw):
    ordered = [after for _, after in sorted(zip(raw, holm(raw), strict=True))]
    assert ordered == sorted(ordered)


@given(P_VALUES, st.randoms(use_true_random=False))
def test_correction_does_not_depend_on_the_order_of_tests(raw, random):
    places = list(range(len(raw)))
    random.shuffle(places)
    corrected = holm(raw)
    assert holm([raw[place] for place in places]) == [corrected[place] for place in places]


def test_sides_are_sure_for_all_of_a_family_together():
    # p = 0.046, alone on one side of 0; of two it is 0.091.
    effect = Interval(-0.2, 0.1)
    assert sides({"one": effect}) == (["one"], [])
    assert sides({"one": effect, "other": Interval(0, 0.1)}) == ([], [])
    far = {"low": Interval(-1, 0.1), "high": Interval(1, 0.1), "none": Interval(0.05, 0.1)}
    assert sides(far) == (["low"], ["high"])
    assert sides(far, null=-2) == ([], ["low", "high", "none"])
