"""The process is that of scikit-learn, its slopes are right, and it forgets what is taken away."""

import dataclasses

import numpy as np
import pytest

from trackscape.errors import ConfigError, DataError
from trackscape.tuning.acquisition import best_expected
from trackscape.tuning.fitting import fit_kernel, log_posterior, prior_kernel
from trackscape.tuning.kernel import Kernel, log_likelihood
from trackscape.tuning.refits import Refits
from trackscape.tuning.surrogate import GaussianProcess


def finite_differences(function, at: np.ndarray, step: float = 1e-6) -> np.ndarray:
    moves = step * np.eye(len(at))
    return np.array([(function(at + m) - function(at - m)) / (2 * step) for m in moves])


@pytest.mark.parametrize("density", [log_likelihood, log_posterior])
def test_gradient_of_the_likelihood(kernel, bowl, density):
    points = np.random.default_rng(1).random((60, 4))
    values = bowl(points) - bowl(points).mean()

    def of(theta):
        return density(Kernel.from_logarithms(theta, kernel.columns), points, values)

    _, gradient = of(kernel.logarithms)
    expected = finite_differences(lambda theta: of(theta)[0], kernel.logarithms)
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-5)


def test_the_process_is_that_of_scikit_learn(kernel, bowl):
    gaussian_process = pytest.importorskip("sklearn.gaussian_process")
    kernels = gaussian_process.kernels
    random = np.random.default_rng(2)
    points, asked = random.random((80, 4)), random.random((30, 4))
    values = bowl(points)
    theirs = gaussian_process.GaussianProcessRegressor(
        kernels.ConstantKernel(kernel.amplitude)
        * kernels.Matern(kernel.lengths[kernel.columns], nu=2.5),
        alpha=kernel.noise,
        optimizer=None,
    ).fit(points, values)
    mean, deviation = theirs.predict(asked, return_std=True)
    ours = GaussianProcess(kernel.columns, refits=Refits.named("never"), first=10**6)
    ours.kernel = kernel
    for point, value in zip(points, values, strict=True):
        ours.tell(point, value)
    found = ours.predict(asked)
    np.testing.assert_allclose(found[0], mean, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found[1], deviation**2, rtol=0, atol=1e-8)
    likelihood, _ = log_likelihood(kernel, points, values)
    assert likelihood == pytest.approx(theirs.log_marginal_likelihood_value_, abs=1e-8)


def test_slopes_of_mean_and_variance(process):
    made = process(90)
    at = made.kernel.scaled(np.random.default_rng(3).random((5, 4)))
    found = made.posterior(at)
    for row in range(5):
        for number, slope in ((0, found.mean_slope), (1, found.variance_slope)):
            expected = finite_differences(
                lambda x, number=number: made.mean_and_variance(x[None])[number][0], at[row]
            )
            np.testing.assert_allclose(slope[row], expected, rtol=1e-5, atol=1e-7)


def test_a_fit_finds_the_lengths_that_made_the_values():
    truth = Kernel(np.array([0.3, 3.0]), 1.0, 1e-4, np.arange(2))
    random = np.random.default_rng(0)
    points = random.random((150, 2))
    k = truth.between(truth.scaled(points), truth.scaled(points))
    values = np.linalg.cholesky(k + 1e-4 * np.eye(150)) @ random.standard_normal(150)
    found = fit_kernel(prior_kernel(np.arange(2)), points, values)
    assert found.lengths[0] == pytest.approx(0.3, rel=0.3)
    assert found.lengths[1] > 1.0
    assert log_posterior(found, points, values)[0] >= log_posterior(truth, points, values)[0]


def test_one_by_one_and_as_a_block_are_one_process(process):
    block = process(100)
    single = GaussianProcess(block.kernel.columns, refits=Refits.named("never"), first=10**6)
    single.kernel = block.kernel
    for point, value in zip(block.points, block.values, strict=True):
        single.tell(point, value)
    np.testing.assert_allclose(single.forward, block.forward, rtol=0, atol=1e-9)
    assert single.drift() < 1e-13


def test_a_row_without_a_value_is_believed_to_be_what_is_expected(process):
    made = process(40)
    asked = np.random.default_rng(5).random((8, 4))
    before, variance = made.predict(asked)
    for point in asked[:3]:
        made.suppose(point)
    after, less = made.predict(asked)
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-12)
    assert (less[:3] < 2 * made.kernel.noise).all()
    assert (less <= variance + 1e-12).all()
    with pytest.raises(DataError, match="3 rows without one"):
        made.tell(asked[0], 1.0)
    made.truncate(40)
    np.testing.assert_array_equal(made.predict(asked)[1], variance)


def test_what_is_hoped_for_under_way_is_the_best_to_improve_on(process):
    """Else the next point of a batch would be beside the last one."""
    made = process(40)
    asked = np.random.default_rng(6).random((4000, 4))
    means = made.mean_and_variance(made.kernel.scaled(asked))[0]
    known = best_expected(made)
    assert known == made.known_means().min()
    made.suppose(asked[means.argmax()])
    assert best_expected(made) == known
    made.suppose(asked[means.argmin()])
    assert means.min() < known
    assert best_expected(made) == pytest.approx(means.min(), abs=1e-12)
    others = made.known_means() > known
    assert best_expected(made, others) == pytest.approx(means.min(), abs=1e-12)


@pytest.mark.parametrize("row", [0, 17, 69])
def test_a_removed_value_is_forgotten(process, row):
    made, kept = process(70), np.delete(np.arange(70), row)
    other = GaussianProcess(made.kernel.columns, refits=Refits.named("never"), first=10**6)
    other.kernel = made.kernel
    other.extend(made.points[kept].copy(), made.values[kept])
    made.remove(row)
    np.testing.assert_allclose(made.forward, other.forward, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(made.points, other.points)


def test_the_mean_at_known_points(process):
    made = process(50)
    mean, _ = made.mean_and_variance(made.scaled)
    np.testing.assert_allclose(made.known_means(), mean, rtol=0, atol=1e-9)


def test_drift_is_seen(process):
    made = process(80)
    made.kernel = dataclasses.replace(made.kernel, amplitude=made.kernel.amplitude * (1 + 1e-6))
    assert made.drift() == pytest.approx(1e-6, rel=0.01)


def test_rounding_that_spoils_the_matrix_is_answered_with_noise():
    made = GaussianProcess(np.array([0]), refits=Refits.named("never"), first=10**6)
    for point in np.linspace(0, 1, 60)[:, None]:
        made.tell(point, 0.0)
    made.use(Kernel(np.array([1e3]), 1.0, 1e-18, np.array([0])))
    assert made.kernel.noise > 1e-18
    assert made.drift() < 1e-10


FITS = {
    "every": list(range(10, 31)),
    "never": [10],
    "lag:7": [10, 17, 24],
    "geometric:1.5": [10, 15, 23],
}


@pytest.mark.parametrize("name", FITS)
def test_schedules(name):
    made = GaussianProcess(np.array([0]), refits=Refits.named(name), first=10)
    fits: list[int] = []
    for n, x in enumerate(np.random.default_rng(0).random(30), 1):
        made.tell(np.array([x]), np.sin(6 * x))
        if made.fitted == n:
            fits.append(n)
    assert fits == FITS[name]


def test_a_surprise_is_a_reason_to_fit():
    made = GaussianProcess(np.array([0]), refits=Refits.named("surprise:9"), first=10)
    for x in np.linspace(0, 1, 20):
        made.tell(np.array([x]), np.sin(6 * x))
    assert made.fitted == 10
    made.tell(np.array([0.512]), 30.0)
    assert made.fitted == 21


@pytest.mark.parametrize(
    "name", ["", "often", "lag", "lag:0", "lag:2.5", "geometric:1", "geometric:nan", "every:2"]
)
def test_a_schedule_that_does_not_exist(name):
    with pytest.raises(ConfigError, match="Expected a schedule of refits"):
        Refits.named(name)


def test_a_restored_process_is_the_same_to_the_last_bit(bowl):
    random = np.random.default_rng(4)
    points = random.random((45, 4))
    made = GaussianProcess(np.arange(4), refits=Refits.named("geometric:1.3"), first=10)
    for point, value in zip(points, bowl(points), strict=True):
        made.tell(point, value)
    again = GaussianProcess(np.arange(4), refits=Refits.named("geometric:1.3"), first=10)
    again.restore(points, bowl(points), made.last_fit)
    np.testing.assert_array_equal(again.factor.dense(), made.factor.dense())
    np.testing.assert_array_equal(again.forward, made.forward)
