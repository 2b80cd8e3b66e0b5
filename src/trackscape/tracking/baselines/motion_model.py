"""A track's state, and how it changes from one layer to the one before it: Kalman's formulas.

All searches here follow tracks against the beam, from where they end. The beginning of a track is
its deepest hit: the range that is left at every depth before, and by that the energy, is known.

A state holds x, y and the slopes dx/dz, dy/dz. Both coordinates scatter alike and are measured
alike, so one 2 x 2 covariance serves both and results do not depend on the choice of axes.

References:
    Kalman, J. Basic Eng. 82 (1960) 35; Frühwirth, Nucl. Instrum. Meth. A 262 (1987) 444.
"""

import dataclasses
import functools
import math
from typing import NamedTuple

import numpy as np
import torch

from trackscape.compiled import compiled
from trackscape.errors import DataError
from trackscape.simulation import Detector, Material, load_detector, shipped_materials
from trackscape.simulation.physics import (
    PROTON_MASS,
    energy_of_range,
    highland,
    mass_stopping_power,
)
from trackscape.tracking.baselines.layers import Layers
from trackscape.units import MeV, cm, mm, mrad, um

WATER_EQUIVALENT_AT = 100.0 * MeV
"""Where stopping powers are compared with water's; their ratios change by 2 % with energy."""
MOST_PROBABLE_SHARE = 0.83
"""Most probable deposit in a sensitive layer / mean deposit; of the Geant4 training files."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MotionModel:
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

    def frame_arrays(self, layers: Layers) -> "FrameArrays":
        """Returns what compiled searches need to know of a frame.

        Raises:
            DataError: If the hits have layers that the detector lacks.
        """
        table, n_layers = material_effects(self.detector), len(layers.depth)
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
        return FrameArrays(
            *layers,
            noise=table.noise * self.scattering**2,
            error=self.resolution**2,
            tail=self.tail,
            end=self.end_slope**2,
            source=source,
            source_spread=self.source_slope**2,
        )


class FrameArrays(NamedTuple):
    """`Layers` of a frame and a `MotionModel`, for compiled functions. Axes: H hits, L layers.

    Variances stand here instead of widths.
    """

    position: np.ndarray
    border: np.ndarray
    depth: np.ndarray
    n_trackers: int
    noise: np.ndarray
    """(L, L, 3) float64. Scattering between the layers; see `MaterialEffects`."""
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
    """Variance of x, and of y, in mm2."""
    covariance: float
    """Covariance of a coordinate and its slope, in mm."""
    slope_variance: float
    """Variance of each slope."""


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
        slope_x, slope_y = (
            (state.x - frame.source[0]) / length,
            (state.y - frame.source[1]) / length,
        )
        state = update_slope(state, slope_x, slope_y, frame.source_spread)
    step = frame.depth[layer - 1] - frame.depth[layer]
    return predict(state, step, frame.noise[end, layer])


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
    """Returns -2 ln of a Student density in the plane beside its maximum: (ν + 2) ln(1 + χ²/ν).

    For large ν, the `tail`, it is χ² itself.
    """
    return (tail + 2.0) * math.log1p(square / tail)


@compiled
def load_state(states: np.ndarray, place: int) -> State:
    """Returns one of many states (N, 7)."""
    row = states[place]
    return State(row[0], row[1], row[2], row[3], row[4], row[5], row[6])


@compiled
def store_state(states: np.ndarray, place: int, state: State) -> None:
    """Puts a state into an array of many (N, 7)."""
    for column in range(7):
        states[place, column] = state[column]


class MaterialEffects(NamedTuple):
    """What matter does to protons. Axes: L layers to stop in, L layers to pass."""

    noise: np.ndarray
    """(L, L, 3) float64. What scattering between layer k and layer k - 1 adds to a track that ends
    in layer e and is followed against the beam, noise[e, k]: to the variance in mm2 of a coordinate
    in layer k - 1, to its covariance in mm with the slope there, and to the variance of the slope.
    """
    deposit: np.ndarray
    """(L, L) float64. Most probable energy deposit in MeV in layer k, deposit[e, k]."""


@functools.cache
def material_effects(detector: str) -> MaterialEffects:
    """Returns the tables of a detector.

    Widths of the scattering angle are Highland's, for all matter between two layers at once, at the
    energy in the middle of it. A proton is taken to stop halfway to the layer behind.

    Arguments:
        detector: Name of a shipped detector, or a YAML file.

    Raises:
        ConfigError: There is no such detector.
    """
    stack = load_detector(detector)
    depth = _water_depth(stack)
    spacing = np.diff(depth)
    stop = depth + 0.5 * np.append(spacing, spacing[-1])
    shortest = 0.5 * spacing[-1]
    at_layer = np.maximum(stop[:, None] - depth, shortest)
    between = np.maximum(stop[:, None] - 0.5 * (depth[1:] + depth[:-1]), shortest)
    deposit = MOST_PROBABLE_SHARE * _mean_deposit(stack, _energy(at_layer))
    return MaterialEffects(_noise(stack, _energy(between)), deposit)


def _water_depth(stack: Detector) -> np.ndarray:
    """(L,) Water in g/cm2 that is equivalent to all matter before the middle of each layer."""
    water = mass_stopping_power(_water(), WATER_EQUIVALENT_AT)
    passed = [
        slab.thickness / cm * slab.material.density * float(power / water)
        for slab in stack.slabs
        for power in [mass_stopping_power(slab.material, WATER_EQUIVALENT_AT)]
    ]
    return np.interp(stack.layer_z, stack.edges, np.cumsum([0.0, *passed]))


def _mean_deposit(stack: Detector, energy: np.ndarray) -> np.ndarray:
    """Mean energy loss in MeV in the sensitive slabs of all layers, (L, L), at energies (L, L)."""
    sensitive = next(slab for slab in stack.slabs if slab.sensitive)
    power = mass_stopping_power(sensitive.material, torch.from_numpy(energy)).numpy()
    return power * sensitive.material.density * sensitive.thickness / cm


def _noise(stack: Detector, energy: np.ndarray) -> np.ndarray:
    """(L, L, 3) Noise, from the energies (L, L - 1) in MeV between the layers.

    A slab of thickness t, whose side towards the beam is g from the layer that a track is followed
    to, turns the slope by a variance θ² and moves the track there by θ² (t²/3 + tg + g²).
    """
    z, edges = stack.layer_z, stack.edges
    near = np.clip(edges[:-1], z[:-1, None], z[1:, None])
    thickness = np.clip(edges[1:], z[:-1, None], z[1:, None]) - near
    reach = near - z[:-1, None]
    lengths = thickness * [
        slab.material.density / cm / slab.material.radiation_length for slab in stack.slabs
    ]
    total = lengths.sum(1)
    square = (lengths * (thickness**2 / 3 + thickness * reach + reach**2)).sum(1) / total
    lever = (lengths * (thickness / 2 + reach)).sum(1) / total
    noise = np.zeros((len(z), len(z), 3))
    for end, layer in np.ndindex(energy.shape):
        angle = highland(float(energy[end, layer]), PROTON_MASS, float(total[layer]), 1.0)
        # Against the beam a slope that grows on the way has moved the track to the other side.
        noise[end, layer + 1] = angle**2 * np.array([square[layer], -lever[layer], 1.0])
    return noise


def _energy(water_left: np.ndarray) -> np.ndarray:
    return energy_of_range(_water(), torch.from_numpy(water_left)).numpy()


def _water() -> Material:
    return shipped_materials()["water"]
