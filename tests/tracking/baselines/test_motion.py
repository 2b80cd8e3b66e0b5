"""States against a filter with plain matrices, and against Geant4's protons."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.data import Hits
from trackscape.tracking.baselines.layers import (
    FrameArrays,
    State,
    begin,
    by_layer,
    chi_squared,
    load_state,
    move,
    neg_log_likelihood,
    predict,
    store_state,
    update,
    update_slope,
)
from trackscape.tracking.baselines.motion_model import MotionModel


class MatrixFilter:
    """Kalman's filter as in textbooks: a vector (x, y, dx/dz, dy/dz) and its covariance (4, 4)."""

    def __init__(self, vector: np.ndarray, covariance: np.ndarray) -> None:
        self.vector, self.covariance = vector, covariance

    def predict(self, step: float, noise: np.ndarray) -> None:
        way = np.eye(4) + step * np.eye(4, k=2)
        square = np.array([[noise[0], noise[1]], [noise[1], noise[2]]])
        self.vector = way @ self.vector
        self.covariance = way @ self.covariance @ way.T + np.kron(square, np.eye(2))

    def update(self, value: np.ndarray, error: float, *, of: slice) -> float:
        model = np.eye(4)[of]
        total = model @ self.covariance @ model.T + error * np.eye(2)
        rest = value - model @ self.vector
        gain = self.covariance @ model.T @ np.linalg.inv(total)
        self.vector = self.vector + gain @ rest
        self.covariance = (np.eye(4) - gain @ model) @ self.covariance
        return float(rest @ np.linalg.inv(total) @ rest)

    def agrees_with(self, state: State) -> bool:
        square = [[state.variance, state.covariance], [state.covariance, state.slope_variance]]
        return np.allclose(self.vector, state[:4], atol=1e-9) and np.allclose(
            self.covariance, np.kron(square, np.eye(2)), rtol=1e-9, atol=1e-12
        )


@given(seed=st.integers(0, 2**31))
@settings(max_examples=20)
def test_states_are_those_of_a_filter_with_matrices(seed: int):
    random = np.random.default_rng(seed)
    state = State(*random.normal(0, 5, 2), *random.normal(0, 0.1, 2), 0.01, 0.0003, 0.0004)
    square = [[state.variance, state.covariance], [state.covariance, state.slope_variance]]
    plain = MatrixFilter(np.array(state[:4]), np.kron(square, np.eye(2)))
    for _ in range(6):
        step, angle = random.uniform(-60, 10), random.uniform(0.001, 0.1)
        noise = angle**2 * np.array([12.0, random.uniform(-3, 3), 1.0])
        state = predict(state, step, noise)
        plain.predict(step, noise)
        assert plain.agrees_with(state)
        x, y = random.normal(0, 5, 2)
        square = chi_squared(state, x, y, 0.0001)
        state = update(state, x, y, 0.0001)
        assert plain.update(np.array([x, y]), 0.0001, of=slice(0, 2)) == pytest.approx(square)
        assert plain.agrees_with(state)
        slope = random.normal(0, 0.1, 2)
        state = update_slope(state, slope[0], slope[1], 0.001)
        plain.update(slope, 0.001, of=slice(2, 4))
        assert plain.agrees_with(state)


@given(square=st.floats(0, 1e4), tail=st.floats(1, 100))
def test_the_misfit_grows_with_chi_squared_and_less_than_it(square: float, tail: float):
    # Numbers below 1e-300 have fewer digits than others.
    assert 0 <= neg_log_likelihood(square, tail) <= square * (1 + 2 / tail) * (1 + 1e-12) + 1e-300
    assert neg_log_likelihood(square + 1.0, tail) > neg_log_likelihood(square, tail)
    assert neg_log_likelihood(square, 1e12) == pytest.approx(square, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("tail", [3.0, 20.0])
def test_the_misfit_is_that_of_a_density_in_the_plane(tail: float):
    # -2 ln f = neg_log_likelihood + 2 ln(2 pi) for unit variance: the density f integrates to 1.
    square = np.concatenate([[0.0], np.logspace(-6, 9, 200_000)])
    density = np.exp(-0.5 * np.array([neg_log_likelihood(value, tail) for value in square])) / (
        2 * math.pi
    )
    assert np.trapezoid(density, math.pi * square) == pytest.approx(1.0, rel=1e-3)


def test_tracks_point_back_to_where_the_beam_comes_from():
    layer = torch.tensor([0, 0, 2])
    position = torch.tensor([[1.0, 0, 0], [3, 4, 0], [12, 2, 100]]).double()
    hits = Hits(position=position, energy=torch.ones(3), layer=layer)
    frame = MotionModel(source_distance=100.0, source_slope=1e-6, end_slope=0.1).frame_arrays(
        by_layer(hits)
    )
    state = begin(frame, 2)
    # The middle of the first layer is (2, 2), so the source is at (2, 2, -100).
    assert (state.slope_x, state.slope_y) == pytest.approx((10 / 200, 0.0))
    turned = state._replace(slope_x=0.2, slope_y=-0.1)
    back = move(frame, turned, 2, 2)
    assert (back.slope_x, back.slope_y) == pytest.approx((0.05, 0.0), abs=1e-6)
    assert (back.x, back.y) == pytest.approx((12 - 50 * 0.05, 2.0), abs=1e-4)


def test_states_go_into_arrays_and_back():
    states = np.zeros((3, 7))
    state = State(1.0, 2.0, 0.3, 0.4, 5.0, 0.6, 0.07)
    store_state(states, 1, state)
    assert load_state(states, 1) == state
    assert not states[[0, 2]].any()


def test_protons_of_geant4_scatter_as_the_filter_thinks(real_frames: list[Hits]):
    squares = np.concatenate([follow_truth(hits) for hits in real_frames])
    assert len(squares) > 1000
    # Of 2 degrees of freedom: a median of 2 ln 2. Geant4 scatters protons of over 95 MeV up to 20 %
    # more than Highland says, slower ones a little less; and there are tails beyond the last 1 %.
    assert np.median(squares) == pytest.approx(2 * math.log(2), rel=0.25)
    assert 0.01 < np.mean(squares > 9.21) < 0.08


def follow_truth(hits: Hits) -> np.ndarray:
    """χ² of the hits of each stopped primary in the calorimeter beside what the others predict."""
    frame, truth = MotionModel(end_slope=0.1).frame_arrays(by_layer(hits)), hits.known_truth
    squares: list[float] = []
    for event in truth.event.unique():
        mine = ((truth.event == event) & truth.primary).nonzero()[:, 0]
        if len(mine) >= 5 and float(hits.energy[mine[-1]]) > 0.0625:
            squares += follow_track(frame, mine.flip(0).tolist(), hits.layer.tolist())
    return np.array(squares)


def follow_track(frame: FrameArrays, path: list[int], layer: list[int]) -> list[float]:
    squares: list[float] = []
    state, end = begin(frame, path[0]), layer[path[0]]
    for last, hit in pairwise(path):
        if layer[hit] < 2:
            break
        state = move(frame, state, layer[last], end)
        x, y, _ = frame.position[hit]
        if last != path[0]:
            squares.append(chi_squared(state, x, y, frame.error))
        state = update(state, x, y, frame.error)
    return squares
