"""Noise: its moments, and that it depends on what it says and on nothing else."""

import pytest
import torch

from trackscape.assignment import Noise
from trackscape.errors import AssignmentError

COSTS = torch.zeros(20_000, dtype=torch.float64)
LAWS = pytest.mark.parametrize("law", ["normal", "sum_of_gamma"])


@LAWS
def test_sigma_is_the_standard_deviation(law):
    draw = Noise(sigma=0.3, seed=1, law=law).draw(3, like=COSTS)
    assert draw.shape == (3, len(COSTS))
    assert draw.mean().item() == pytest.approx(0, abs=6 * 0.3 / draw.numel() ** 0.5)
    assert draw.std().item() == pytest.approx(0.3, rel=0.03)


@pytest.mark.parametrize(("law", "skewness"), [("normal", 0.0), ("sum_of_gamma", 1.2414)])
def test_ten_gamma_sums_are_nearly_a_gumbel_variable(law, skewness):
    # Cumulants of the sum of k: 2 S3 / S2^1.5 with S_n the sum of i^-n up to 10; Gumbel has 1.14.
    draw = Noise(sigma=1.0, seed=2, law=law).draw(10, like=COSTS).sum(dim=0)
    found = ((draw - draw.mean()) / draw.std()).pow(3).mean()
    assert found.item() == pytest.approx(skewness, abs=0.12)


@LAWS
def test_a_sample_depends_on_seed_frame_and_its_number_only(law):
    noise = Noise(sigma=1.0, seed=1, frame=7, law=law)
    five = noise.draw(5, like=COSTS)
    assert torch.equal(five[:2], Noise(sigma=1.0, seed=1, frame=7, law=law).draw(2, like=COSTS))
    for other in (
        Noise(sigma=1.0, seed=2, frame=7, law=law),
        Noise(sigma=1.0, seed=1, frame=8, law=law),
        Noise(sigma=1.0, seed=7, frame=1, law=law),
    ):
        assert not bool((other.draw(5, like=COSTS) == five).any())
    assert not bool((five[0] == five[1]).any())


def test_noise_has_the_type_of_the_costs():
    assert Noise(sigma=0.1, seed=0).draw(1, like=COSTS.float()).dtype == torch.float32
    assert Noise(sigma=0.1, seed=0).draw(2, like=COSTS[:0]).shape == (2, 0)


def test_impossible_noise_is_refused():
    with pytest.raises(AssignmentError, match=r"positive sigma, got 0\.0"):
        Noise(sigma=0.0, seed=0)
    with pytest.raises(AssignmentError, match="normal or sum_of_gamma, got 'gumbel'"):
        Noise(sigma=0.1, seed=0, law="gumbel")
    with pytest.raises(AssignmentError, match="at least 1 samples, got 0"):
        Noise(sigma=0.1, seed=0).draw(0, like=COSTS)
