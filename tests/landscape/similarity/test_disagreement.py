"""Disagreement lies between the least and the most that errors allow, and reaches both."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.similarity import chance_share, differing_share, disagreement


def of_decisions(a: Tensor, b: Tensor, truth: Tensor) -> float:
    differ, error_a, error_b = (differing_share(x, y) for x, y in ((a, b), (a, truth), (b, truth)))
    return float(disagreement(differ, error_a=error_a, error_b=error_b))


@pytest.mark.parametrize(
    ("differ", "error_a", "error_b", "expected"),
    [
        (0.1, 0.1, 0.1, 0.5),
        (0.1, 0.2, 0.1, 0.0),  # all errors of the better are errors of the worse
        (0.3, 0.2, 0.1, 1.0),  # no common error
        (0.15, 0.2, 0.1, 0.25),
        (0.55, 0.8, 0.7, 0.5),  # errors that cannot avoid each other
        (0.0, 0.0, 0.0, 0.0),
    ],
)
def test_by_hand(differ, error_a, error_b, expected):
    share, a, b = torch.tensor([differ, error_a, error_b], dtype=torch.float64)
    assert float(disagreement(share, error_a=a, error_b=b)) == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=2, max_size=30))
def test_is_between_the_least_and_the_most_that_errors_allow(rows):
    a, b, truth = torch.tensor(rows).T
    found = of_decisions(a, b, truth)
    assert -1e-9 <= found <= 1 + 1e-9
    assert found == pytest.approx(of_decisions(b, a, truth), abs=1e-9)
    wrong_a, wrong_b = a != truth, b != truth
    if not bool((wrong_a & ~wrong_b).any()):
        assert found == pytest.approx(0, abs=1e-9)
    elif bool(wrong_b.any()) and not bool((wrong_a & wrong_b).any()):
        assert found == pytest.approx(1)


@given(st.floats(0, 1), st.floats(0, 1))
def test_chance_is_within_the_limits(error_a, error_b):
    a, b = torch.tensor([error_a, error_b], dtype=torch.float64)
    chance = float(chance_share(error_a=a, error_b=b))
    assert abs(error_a - error_b) - 1e-12 <= chance <= min(error_a + error_b, 1) + 1e-12
    assert chance == float(chance_share(error_a=b, error_b=a))


def test_chance_is_what_independent_errors_give(rng):
    q = torch.tensor([0.1, 0.3], dtype=torch.float64)
    wrong = torch.rand(200_000, 2, generator=rng, dtype=torch.float64) < q
    expected = float(chance_share(error_a=q[0], error_b=q[1]))
    assert float(differing_share(*wrong.T)) == pytest.approx(expected, abs=0.004)


def test_refuses_decisions_about_different_things():
    with pytest.raises(LandscapeError, match="about the same things"):
        differing_share(torch.zeros(3), torch.zeros(4))
