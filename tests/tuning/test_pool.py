"""What is kept of candidates is what a direct computation gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.tuning.kernel import Kernel
from trackscape.tuning.pool import CandidatePool
from trackscape.tuning.refits import Refits
from trackscape.tuning.surrogate import GaussianProcess

KERNEL = Kernel(np.array([0.3, 0.8]), 1.3, 1e-5, np.array([0, 1, 1]))
OPERATIONS = ("tell", "tell", "tell", "suppose", "forget", "remove", "fit", "values", "look")


def assert_posterior(pool: CandidatePool) -> None:
    mean, variance = pool.posterior()
    expected = pool.process.mean_and_variance(pool.process.kernel.scaled(pool.points))
    np.testing.assert_allclose(mean, expected[0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(variance, expected[1], rtol=0, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(OPERATIONS), max_size=40), st.integers(0, 2**31))
def test_whatever_happens_to_the_process(operations, seed):
    random = np.random.default_rng(seed)
    process = GaussianProcess(KERNEL.columns, refits=Refits.named("never"), first=10**6)
    process.kernel = KERNEL
    process.extend(random.random((5, 3)), random.standard_normal(5))
    pool = CandidatePool(process, random.random((20, 3)))
    for what in operations:
        if what == "tell":
            process.truncate(len(process.values))
            process.tell(random.random(3), random.standard_normal())
        elif what == "suppose":
            process.suppose(random.random(3))
        elif what == "forget":
            process.truncate(len(process.values))
        elif what == "remove" and process.n > 2:
            process.remove(int(random.integers(process.n)))
        elif what == "fit":
            process.use(Kernel(KERNEL.lengths * random.uniform(0.5, 2), 1.1, 1e-5, KERNEL.columns))
        elif what == "values":
            process.set_values(random.standard_normal(len(process.values)))
        elif what == "look":
            assert_posterior(pool)
    assert_posterior(pool)


def test_a_thousand_rows(process):
    made = process(900)
    pool = CandidatePool(made, np.random.default_rng(1).random((50, 4)))
    for point in np.random.default_rng(2).random((100, 4)):
        made.tell(point, 0.5)
    assert_posterior(pool)
    assert made.n == 1000


def test_a_supposed_row_leaves_no_trace(process):
    made = process(30)
    pool = CandidatePool(made, np.random.default_rng(1).random((50, 4)))
    _, before = pool.posterior()
    made.suppose(pool.points[7])
    assert pool.posterior()[1][7] == pytest.approx(made.kernel.noise, rel=0.1)
    made.truncate(30)
    np.testing.assert_array_equal(pool.posterior()[1], before)
