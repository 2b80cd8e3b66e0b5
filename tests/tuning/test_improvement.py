"""What trials are worth, against integrals, other formulas and finite differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from trackscape.tuning.acquisition import DrawnFunction, SumOfRules
from trackscape.tuning.improvement import log_feasibility, log_improvement, low_bound
from trackscape.tuning.kernel import Kernel
from trackscape.tuning.pool import CandidatePool

RULES = {
    "log-ei": lambda mean, deviation: log_improvement(mean, deviation, best=0.3),
    "ucb": low_bound,
    "feasibility": lambda mean, deviation: log_feasibility(mean, deviation, limit=-0.4),
}


def single(rule, mean: float, deviation: float) -> tuple[float, float, float]:
    value, by_mean, by_deviation = rule(np.array([mean]), np.array([deviation]))
    return float(value[0]), float(by_mean[0]), float(by_deviation[0])


@pytest.mark.parametrize("mean", [-1.0, 0.3, 0.9, 3.0])
@pytest.mark.parametrize("deviation", [0.1, 1.0])
def test_improvement_is_an_expectation(mean, deviation):
    value, _, _ = single(RULES["log-ei"], mean, deviation)
    density = norm(mean, deviation).pdf
    low = min(mean, 0.3) - 12 * deviation
    expected, _ = quad(lambda y: (0.3 - y) * density(y), low, 0.3, epsabs=0, limit=200)
    assert value == pytest.approx(np.log(expected), abs=1e-6)


@given(st.floats(-1e4, 30.0))
def test_the_logarithm_never_ends(u):
    value, by_mean, by_deviation = single(RULES["log-ei"], 0.3 - u, 1.0)
    assert np.isfinite([value, by_mean, by_deviation]).all()
    assert by_mean < 0
    assert by_deviation >= 0  # it underflows far below the best value
    if u < -5:  # Mills' ratio: h is φ / u², less as u is nearer
        assert norm.logpdf(u) - 2 * np.log(-u) > value > norm.logpdf(u) - 2 * np.log(-u) - 4 / u**2


@pytest.mark.parametrize("u", [-40.0, -1.0])
def test_formulas_meet(u):
    left = single(RULES["log-ei"], 0.3 - u + 1e-9, 1.0)
    right = single(RULES["log-ei"], 0.3 - u - 1e-9, 1.0)
    np.testing.assert_allclose(left, right, rtol=1e-7)


@pytest.mark.parametrize("name", RULES)
@given(mean=st.floats(-3, 3), deviation=st.floats(0.05, 2))
def test_derivatives(name, mean, deviation):
    step, rule = 1e-6, RULES[name]
    _, by_mean, by_deviation = single(rule, mean, deviation)
    up, down = single(rule, mean + step, deviation)[0], single(rule, mean - step, deviation)[0]
    assert by_mean == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-5)
    up, down = single(rule, mean, deviation + step)[0], single(rule, mean, deviation - step)[0]
    assert by_deviation == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-5)


def test_feasibility_is_a_probability():
    value, _, _ = single(RULES["feasibility"], 0.1, 0.5)
    assert value == pytest.approx(norm(0.1, 0.5).logcdf(-0.4))


@pytest.mark.parametrize("name", [*RULES, "thompson"])
def test_slopes_along_points(process, name):
    pool = CandidatePool(process(60), np.random.default_rng(1).random((30, 4)))
    acquisition = (
        DrawnFunction(pool, np.random.default_rng(2))
        if name == "thompson"
        else SumOfRules([(pool, RULES[name]), (pool, RULES["feasibility"])])
    )
    at = np.random.default_rng(3).random((4, 4))
    value, slope = acquisition.with_slope(at)
    np.testing.assert_allclose(acquisition.at(at), value, rtol=1e-9, atol=1e-9)
    for column in range(4):
        move = 1e-6 * np.eye(4)[column]
        expected = (acquisition.at(at + move) - acquisition.at(at - move)) / 2e-6
        np.testing.assert_allclose(slope[:, column], expected, rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(
        acquisition.of_candidates(), acquisition.at(pool.points), rtol=1e-6, atol=1e-6
    )


def test_drawn_functions_are_of_the_posterior(process):
    """Mean and deviation of many are those of the process, and each passes through the values."""
    kernel = Kernel(np.array([0.5, 0.5, 0.9]), 1.0, 1e-6, np.array([0, 1, 2]))
    made = process(25, kernel=kernel)
    asked = np.random.default_rng(4).random((6, 3))
    pool = CandidatePool(made, asked)
    drawn = np.array(
        [-DrawnFunction(pool, np.random.default_rng(k)).of_candidates() for k in range(400)]
    )
    mean, variance = made.mean_and_variance(made.kernel.scaled(asked))
    deviation = np.sqrt(variance)
    assert (np.abs(drawn.mean(axis=0) - mean) < 5 * deviation / np.sqrt(400)).all()
    np.testing.assert_allclose(drawn.std(axis=0), deviation, rtol=0.2)
    through = -DrawnFunction(pool, np.random.default_rng(0)).at(made.points)
    standardised = made.scaling(made.values)
    np.testing.assert_allclose(through, standardised, rtol=0, atol=0.02)
