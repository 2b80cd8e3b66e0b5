"""What all baselines share: hits by layer, links between hits, and the state of a track.

Tracks are followed against the beam, from their deepest hit: so the range that is left at every
depth before, and by that the energy, is known. A state holds x, y and the slopes dx/dz, dy/dz. Both
coordinates scatter alike and are measured alike, so one 2 x 2 covariance serves both.

References:
    Kalman, J. Basic Eng. 82 (1960) 35; Frühwirth, Nucl. Instrum. Meth. A 262 (1987) 444.
"""

import abc
import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int64
from numpy.typing import NDArray

from trackscape.compiled import Floats, Integers, compiled, inlined
from trackscape.data import Assignment, HitGraph, Hits, Tracks
from trackscape.tracking.follow import follow, in_canonical_order

Flags = NDArray[np.bool_]


class Layers(NamedTuple):
    """Hits by layer, as compiled functions want them; some of the L layers may be empty."""

    position: Floats
    """Positions (H, 3) in mm, ordered by layer."""
    border: Integers
    """Numbers (L + 1,) of the first hit of each layer."""
    depth: Floats
    """Mean z (L,) in mm of the hits of each layer, interpolated where there is none."""
    n_trackers: int
    """Number of tracker layers, the first ones."""


class Baseline(abc.ABC):
    """Finds tracks, whatever the order of the hits in a file."""

    def __call__(self, hits: Hits) -> Tracks:
        """Returns the tracks of one frame; every hit is on exactly one."""
        return in_canonical_order(self._find, hits)

    @abc.abstractmethod
    def _find(self, hits: Hits) -> Tracks:
        """Returns the tracks of hits in canonical order."""


def by_layer(hits: Hits) -> Layers:
    """Returns the layers of hits that are in the order of layers."""
    position = hits.position.detach().cpu().double().contiguous().numpy()
    layer = hits.layer.cpu().numpy()
    n_layers = int(layer.max(initial=-1)) + 1
    n_hits = np.bincount(layer, minlength=n_layers)
    filled = np.flatnonzero(n_hits)
    z = np.bincount(layer, weights=position[:, 2], minlength=n_layers).astype(np.float64)
    depth = np.interp(np.arange(n_layers), filled, z[filled] / n_hits[filled]) if n_layers else z
    border = np.concatenate([[0], np.cumsum(n_hits)])
    return Layers(position, border, depth, hits.n_trackers)


def follow_links(hits: Hits, upstream: Int64[np.ndarray, " hits"]) -> Tracks:
    """Follows links between hits in the order of layers: the hit before each hit, or -1.

    Raises:
        DataError: If two hits have the same one before them.

    Example:
        >>> hits = Hits(position=torch.zeros(4, 3), energy=torch.ones(4), layer=torch.arange(4))
        >>> [track.tolist() for track in follow_links(hits, np.array([-1, 0, -1, 1]))]
        [[0, 1, 3], [2]]
    """
    downstream = np.flatnonzero(upstream >= 0)
    segments = torch.from_numpy(np.stack([downstream, upstream[downstream]])).to(hits.layer.device)
    graph = HitGraph(hits=hits, edge_index=segments)
    everything = torch.ones(graph.n_edges, dtype=torch.bool, device=hits.layer.device)
    return follow(Assignment(graph=graph, selected=everything))


@inlined
def displacement(layers: Layers, start: int, stop: int) -> tuple[float, float, float]:
    """Returns the vector in mm from one hit to another."""
    a, b = layers.position[start], layers.position[stop]
    return b[0] - a[0], b[1] - a[1], b[2] - a[2]


@inlined
def opening_angle(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    """Returns the angle between two directions in rad."""
    x, y, z = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
    return math.atan2(math.sqrt(x * x + y * y + z * z), a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


class FrameArrays(NamedTuple):
    """`Layers` of a frame and a `MotionModel`, with variances instead of widths."""

    position: Floats
    border: Integers
    depth: Floats
    n_trackers: int
    noise: Floats
    """Scattering between the layers (L, L, 3); see `motion_model.MaterialEffects`."""
    error: float
    tail: float
    end: float
    source: Floats
    """Point (3,) in mm that the beam seems to come from."""
    source_spread: float


class State(NamedTuple):
    """Where a track is and where it goes, at the z of a layer."""

    x: float
    y: float
    slope_x: float
    slope_y: float
    variance: float
    """Variance of x, and of y, in mm2."""
    covariance: float
    """Covariance of a coordinate and its slope, in mm."""
    slope_variance: float


@compiled
def begin(frame: FrameArrays, hit: int) -> State:
    """Returns the state of a track that ends with a hit: it points back to the source."""
    x, y, z = frame.position[hit]
    length = z - frame.source[2]
    slope_x, slope_y = (x - frame.source[0]) / length, (y - frame.source[1]) / length
    return State(x, y, slope_x, slope_y, frame.error, 0.0, frame.end)


@compiled
def move(frame: FrameArrays, state: State, layer: int, end: int) -> State:
    """Returns the state in the layer before `layer`, of a track that ends in layer `end`."""
    if layer == frame.n_trackers:  # long gaps follow, before which a track points to the beam
        length = frame.depth[layer] - frame.source[2]
        slope_x = (state.x - frame.source[0]) / length
        slope_y = (state.y - frame.source[1]) / length
        state = update_slope(state, slope_x, slope_y, frame.source_spread)
    step = frame.depth[layer - 1] - frame.depth[layer]
    return predict(state, step, frame.noise[end, layer])


@compiled
def predict(state: State, step: float, noise: Floats) -> State:
    """Returns the state `step` mm further along z, where scattering adds `noise` (3,)."""
    x, y = state.x + step * state.slope_x, state.y + step * state.slope_y
    covariance = state.covariance + step * state.slope_variance
    variance = state.variance + step * (state.covariance + covariance) + noise[0]
    covariance, slope_variance = covariance + noise[1], state.slope_variance + noise[2]
    return State(x, y, state.slope_x, state.slope_y, variance, covariance, slope_variance)


@compiled
def update(state: State, x: float, y: float, error: float) -> State:
    """Returns the state after a measurement of x and y in mm with a variance of `error`."""
    share = 1.0 / (state.variance + error)
    gain, slope_gain = state.variance * share, state.covariance * share
    dx, dy = x - state.x, y - state.y
    return State(
        state.x + gain * dx,
        state.y + gain * dy,
        state.slope_x + slope_gain * dx,
        state.slope_y + slope_gain * dy,
        gain * error,
        slope_gain * error,
        state.slope_variance - slope_gain * state.covariance,
    )


@compiled
def update_slope(state: State, slope_x: float, slope_y: float, error: float) -> State:
    """Returns the state after a measurement of both slopes with a variance of `error`."""
    share = 1.0 / (state.slope_variance + error)
    gain, slope_gain = state.covariance * share, state.slope_variance * share
    dx, dy = slope_x - state.slope_x, slope_y - state.slope_y
    return State(
        state.x + gain * dx,
        state.y + gain * dy,
        state.slope_x + slope_gain * dx,
        state.slope_y + slope_gain * dy,
        state.variance - gain * state.covariance,
        gain * error,
        slope_gain * error,
    )


@compiled
def chi_squared(state: State, x: float, y: float, error: float) -> float:
    """Returns χ², of 2 degrees of freedom, of a measurement beside a predicted state."""
    dx, dy = x - state.x, y - state.y
    return (dx * dx + dy * dy) / (state.variance + error)


@compiled
def neg_log_likelihood(square: float, tail: float) -> float:
    """Returns -2 ln of a Student density in the plane beside its maximum: (ν + 2) ln(1 + χ²/ν)."""
    return (tail + 2.0) * math.log1p(square / tail)


@compiled
def load_state(states: Floats, place: int) -> State:
    """Returns one of many states (N, 7)."""
    row = states[place]
    return State(row[0], row[1], row[2], row[3], row[4], row[5], row[6])


@compiled
def store_state(states: Floats, place: int, state: State) -> None:
    """Puts a state into an array of many (N, 7)."""
    for column in range(7):
        states[place, column] = state[column]
