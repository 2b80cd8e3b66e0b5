"""A track's state, and how it changes from one layer to the one before it: Kalman's formulas.

All searches here follow tracks against the beam, from where they end. The beginning of a track is
its deepest hit; then the energy is known everywhere (`trackscape.tracking.baselines.material`).

A state holds x, y and the slopes dx/dz, dy/dz. Both coordinates scatter alike and are measured
alike, so one 2 x 2 covariance serves both and results do not depend on the choice of axes.

References:
    Kalman, J. Basic Eng. 82 (1960) 35; Frühwirth, Nucl. Instrum. Meth. A 262 (1987) 444.
"""

import dataclasses
import math
from typing import NamedTuple

import numpy as np

from trackscape.compiled import compiled
from trackscape.errors import DataError
from trackscape.tracking.baselines.layers import Layers
from trackscape.tracking.baselines.material import passage
from trackscape.units import mm, mrad, um

FIRST_CALORIMETER_LAYER = 2
"""From here on, against the beam, long gaps follow, before which tracks are made to point back to
the beam."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Motion:
    """How protons are thought to move and to be measured."""

    detector: str = "bergen-auto"
    """Shipped detector, or YAML file, whose matter scatters."""
    resolution: float = 8.1 * um
    """Error of a measured coordinate in mm: ALPIDE's pixel pitch, 28 um, / √12."""
    scattering: float = 1.0
    """Factor on Highland's widths of the scattering angle."""
    # These are for `KalmanFilter`, found by studies.tune_baselines.
    tail: float = 7.71
    """Degrees of freedom of the Student distribution that stands for a Gaussian one. Single
    scattering by a nucleus falls as that with 2."""
    end_slope: float = 11.3 * mrad
    """Spread of the slopes where tracks end."""
    source_distance: float = 417.0 * mm
    """The phantom sends protons as if from a point at this distance before the first layer, behind
    which their slopes spread by `source_slope`. The point lies on the middle of the beam, which is
    the mean of the hits in the first layer."""
    source_slope: float = 6.52 * mrad
    """Spread of slopes about the direction from that point. For a frame with many beam
    spots, make it so large, such as 1 rad, that it does not matter."""

    def view(self, layers: Layers) -> "View":
        """Returns what compiled searches need to know of a frame.

        Raises:
            DataError: If the hits have layers that the detector lacks.
        """
        table, n_layers = passage(self.detector), len(layers.depth)
        if n_layers > len(table.noise):
            raise DataError(
                f"Expected hits in the {len(table.noise)} layers of the detector {self.detector}, "
                f"but one is in layer {n_layers - 1}. Choose the detector that the hits are from."
            )
        source = np.zeros(3)
        if n_layers:
            filled = np.flatnonzero(np.diff(layers.border))[0]
            first = layers.position[layers.border[filled] : layers.border[filled + 1]]
            source = np.append(first[:, :2].mean(0), layers.depth[0])
            source[2] -= self.source_distance
        return View(
            *layers,
            noise=table.noise * self.scattering**2,
            error=self.resolution**2,
            tail=self.tail,
            end=self.end_slope**2,
            source=source,
            source_spread=self.source_slope**2,
        )


class View(NamedTuple):
    """`Layers` of a frame and a `Motion`, as compiled functions want them. Axes: H hits, L layers.

    Variances stand here instead of widths.
    """

    position: np.ndarray
    border: np.ndarray
    depth: np.ndarray
    noise: np.ndarray
    """See `trackscape.tracking.baselines.material.Passage`."""
    error: float
    """Variance of a measured coordinate in mm2."""
    tail: float
    end: float
    """Variance of a slope where a track ends."""
    source: np.ndarray
    """(3,) The point in mm that the beam seems to come from."""
    source_spread: float


class State(NamedTuple):
    """Where a track is and where it goes, at the z of a layer."""

    x: float
    y: float
    slope_x: float
    slope_y: float
    variance: float
    """Of x, and of y, in mm2."""
    covariance: float
    """Of a coordinate and its slope, in mm."""
    slope_variance: float


@compiled
def begin(view: View, hit: int) -> State:
    """Returns the state of a track that ends with a hit: it points back to the source."""
    x, y, z = view.position[hit]
    way = z - view.source[2]
    slope_x, slope_y = (x - view.source[0]) / way, (y - view.source[1]) / way
    return State(x, y, slope_x, slope_y, view.error, 0.0, view.end)


@compiled
def move(view: View, state: State, layer: int, end: int) -> State:
    """Returns the state in the layer before `layer`, of a track that ends in layer `end`."""
    if layer == FIRST_CALORIMETER_LAYER:
        way = view.depth[layer] - view.source[2]
        slope_x, slope_y = (state.x - view.source[0]) / way, (state.y - view.source[1]) / way
        state = measure_slope(state, slope_x, slope_y, view.source_spread)
    step = view.depth[layer - 1] - view.depth[layer]
    return predict(state, step, view.noise[end, layer])


@compiled
def predict(state: State, step: float, noise: np.ndarray) -> State:
    """Returns the state `step` mm further along z, where scattering adds `noise` (3,)."""
    x, y = state.x + step * state.slope_x, state.y + step * state.slope_y
    covariance = state.covariance + step * state.slope_variance
    variance = state.variance + step * (state.covariance + covariance) + noise[0]
    slope_variance = state.slope_variance + noise[2]
    return State(
        x, y, state.slope_x, state.slope_y, variance, covariance + noise[1], slope_variance
    )


@compiled
def measure(state: State, x: float, y: float, error: float) -> State:
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
def measure_slope(state: State, slope_x: float, slope_y: float, error: float) -> State:
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
def misfit(square: float, tail: float) -> float:
    """Returns -2 ln of a Student density in the plane beside its maximum: (ν + 2) ln(1 + χ²/ν).

    For large ν, the `tail`, it is χ² itself.
    """
    return (tail + 2.0) * math.log1p(square / tail)


@compiled
def load(states: np.ndarray, place: int) -> State:
    """Returns one of many states (N, 7)."""
    row = states[place]
    return State(row[0], row[1], row[2], row[3], row[4], row[5], row[6])


@compiled
def store(states: np.ndarray, place: int, state: State) -> None:
    """Puts a state into an array of many (N, 7)."""
    for column in range(7):
        states[place, column] = state[column]
