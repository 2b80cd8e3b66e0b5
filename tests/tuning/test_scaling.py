"""Values are compressed where they are large, and come back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackscape.tuning.scaling import Scaling


@given(st.lists(st.integers(-(10**6), 10**6), min_size=3, max_size=30, unique=True))
def test_the_order_stays_and_values_come_back(values):
    ordered = np.sort(values).astype(float)
    scaling = Scaling.of(ordered)
    scaled = scaling(ordered)
    assert (np.diff(scaled) >= 0).all()
    back, _ = scaling.undo(scaled, np.zeros(len(scaled)))
    np.testing.assert_allclose(back, ordered, rtol=1e-6, atol=1e-6 * np.ptp(ordered))


def test_scaled_values_have_variance_one_and_bad_ones_count_less():
    values = np.array([0.0, 1.0, 2.0, 3.0, 1e3])
    scaled = Scaling.of(values)(values)
    assert scaled.mean() == pytest.approx(0, abs=1e-12)
    assert scaled.std() == pytest.approx(1)
    assert scaled[2] - scaled[0] > 0.05 * (scaled[4] - scaled[2])


@pytest.mark.parametrize("value", [0.0, 0.1, -1e90])
def test_equal_values(value):
    scaled = Scaling.of(np.full(7, value))(np.full(7, value))
    np.testing.assert_allclose(scaled, 0.0, rtol=0, atol=1e-9 * abs(value))


def test_variance_is_that_to_first_order():
    scaling = Scaling.of(np.array([0.0, 1.0, 2.0, 5.0, 9.0]))
    for mean in (-1.0, 1.0):
        step = 1e-6
        up, _ = scaling.undo(np.array([mean + step]), np.zeros(1))
        down, _ = scaling.undo(np.array([mean - step]), np.zeros(1))
        _, variance = scaling.undo(np.array([mean]), np.ones(1))
        assert variance[0] == pytest.approx(((up[0] - down[0]) / (2 * step)) ** 2, rel=1e-6)
