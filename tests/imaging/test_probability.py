"""Probabilities of tracks given their WEPL: those of Bayes, on tracks whose truth is known."""

import numpy as np
import pytest

from trackscape.imaging.probability import WRONG_SPREAD, probability_given_wepl
from trackscape.imaging.quality import neighbours


def test_tracks_are_right_as_often_as_their_probability_says() -> None:
    rng = np.random.default_rng(5)
    n, spread = 200_000, 5.0
    said = rng.uniform(0.05, 1.0, n)
    right = rng.random(n) < said
    distance = rng.normal(0.0, np.where(right, spread, WRONG_SPREAD))
    found = probability_given_wepl(said, distance, np.full(n, spread))
    tenth = np.minimum((10 * found).astype(int), 9)
    count = np.bincount(tenth)
    for values in (found, distance**2 / spread**2):
        # Sums over what is right agree with sums weighted by the probability.
        true = np.bincount(tenth, right * values) / count
        expected = np.bincount(tenth, found * values) / count
        error = np.sqrt(np.bincount(tenth, values**2) / count**2)
        assert (np.abs(true - expected) < 4 * error).all()


def test_what_is_certain_stays_so_and_the_odd_one_loses() -> None:
    distance = np.array([0.0, 5.0, 15.0, 1000.0])
    spread = np.full(4, 5.0)
    assert (probability_given_wepl(np.ones(4), distance, spread) == 1.0).all()
    assert (probability_given_wepl(np.zeros(4), distance, spread) == 0.0).all()
    half = probability_given_wepl(np.full(4, 0.5), distance, spread)
    assert half[0] == pytest.approx(0.8)  # 20 mm to 5 mm
    assert (np.diff(half) < 0).all()
    assert half[3] == pytest.approx(0.0, abs=1e-12)


def test_neighbours_are_those_in_the_same_bin() -> None:
    rng = np.random.default_rng(6)
    place = rng.uniform(-60, 60, (6000, 1))
    wepl = np.where(place[:, 0] < 0, 100.0, 150.0) + rng.normal(0.0, 4.5, 6000)
    middle, spread = neighbours(place, wepl)
    assert middle == pytest.approx(np.where(place[:, 0] < 0, 100.0, 150.0), abs=2.5)
    assert spread.mean() == pytest.approx(4.5, rel=0.05)
    both = np.concatenate([place, np.zeros((6000, 1))], axis=1)
    assert neighbours(both, wepl)[0] == pytest.approx(middle)
    assert [len(part) for part in neighbours(place[:0], wepl[:0])] == [0, 0]
