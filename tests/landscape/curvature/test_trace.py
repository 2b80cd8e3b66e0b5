"""Traces with intervals that hold."""

import pytest
import torch

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature import exact_hessian, trace


@pytest.mark.parametrize("method", ["hutch++", "hutchinson"])
def test_the_interval_covers_as_often_as_it_says(matrix_operator, net_hessian, method):
    operator, expected = matrix_operator(net_hessian), float(net_hessian.trace())
    found = [
        trace(operator, num_matvecs=24, seed=seed, level=0.8, method=method) for seed in range(300)
    ]
    covered = sum(one.low <= expected <= one.high for one in found) / len(found)
    assert covered == pytest.approx(0.8, abs=0.08)
    mean = sum(one.value for one in found) / len(found)
    assert mean == pytest.approx(expected, rel=0.02)


def test_the_trace_of_a_net(net, net_hessian):
    operator = exact_hessian(net)
    found = trace(operator, num_matvecs=30)
    assert found.low <= float(net_hessian.trace()) <= found.high
    assert found.num_matvecs == operator.num_matvecs == 30
    assert found.level == 0.95
    assert found.kind == "exact Hessian"


def test_few_large_eigenvalues_are_found_exactly(matrix_operator, rng):
    """The basis takes them in: what is left to sample is nothing."""
    factor = torch.randn(200, 4, generator=rng, dtype=torch.float64)
    matrix = factor @ factor.T
    plus, plain = (
        trace(matrix_operator(matrix), num_matvecs=30, method=m) for m in ("hutch++", "hutchinson")
    )
    assert plus.value == pytest.approx(float(matrix.trace()), rel=1e-10)
    assert plain.high - plain.low > 1e6 * (plus.high - plus.low)


def test_more_products_than_parameters_leave_no_error(matrix_operator, random_symmetric):
    matrix = random_symmetric(5)
    found = trace(matrix_operator(matrix), num_matvecs=30)
    assert found.value == pytest.approx(float(matrix.trace()), abs=1e-10)
    assert found.high - found.low < 1e-10


def test_settings_out_of_range_are_refused(matrix_operator):
    with pytest.raises(LandscapeError, match="at least 6 products"):
        trace(matrix_operator(torch.eye(3)), num_matvecs=5)
    with pytest.raises(LandscapeError, match="level between 0 and 1"):
        trace(matrix_operator(torch.eye(3)), level=1.0)
