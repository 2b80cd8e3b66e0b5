"""How protons move through the matter of a detector, and with what errors they are measured."""

import dataclasses
import functools
from typing import NamedTuple

import numpy as np
import torch

from trackscape.compiled import Floats
from trackscape.errors import DataError
from trackscape.simulation import Detector, load_detector, shipped_materials
from trackscape.simulation.physics import (
    PROTON_MASS,
    energy_of_range,
    highland,
    mass_stopping_power,
)
from trackscape.tracking.baselines.layers import FrameArrays, Layers
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
    """Degrees of freedom of the Student distribution of where hits are."""
    end_slope: float = 11.3 * mrad
    """Spread of the slopes where tracks end."""
    source_distance: float = 417.0 * mm
    """Distance before the first layer of the point, in the mean x and y of the hits there, that
    protons seem to come from behind the phantom."""
    source_slope: float = 6.52 * mrad
    """Spread of slopes about the direction from that point. For a frame with many beam
    spots, make it so large, such as 1 rad, that it does not matter."""

    def frame_arrays(self, layers: Layers) -> FrameArrays:
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


class MaterialEffects(NamedTuple):
    """What matter does to protons that stop in layer e and are followed against the beam."""

    noise: Floats
    """Scattering (L, L, 3) between layers k and k - 1, at [e, k]: what it adds to the variance in
    mm2 of a coordinate in layer k - 1, its covariance in mm with the slope, and that of it."""
    deposit: Floats
    """Most probable energy deposit (L, L) in MeV in layer k, at [e, k]."""


@functools.cache
def material_effects(detector: str) -> MaterialEffects:
    """Returns the tables of a shipped detector, or of one in a YAML file.

    Widths of the scattering angle are Highland's, for all matter between two layers at once, at the
    energy in the middle of it. A proton is taken to stop halfway to the layer behind.

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


def _water_depth(stack: Detector) -> Floats:
    """(L,) Water in g/cm2 that is equivalent to all matter before the middle of each layer."""
    water = mass_stopping_power(shipped_materials()["water"], WATER_EQUIVALENT_AT)
    passed = [
        slab.thickness / cm * slab.material.density * float(power / water)
        for slab in stack.slabs
        for power in [mass_stopping_power(slab.material, WATER_EQUIVALENT_AT)]
    ]
    return np.interp(stack.layer_z, stack.edges, np.cumsum([0.0, *passed]))


def _mean_deposit(stack: Detector, energy: Floats) -> Floats:
    """Mean energy loss in MeV in the sensitive slabs of all layers, at energies (L, L)."""
    sensitive = next(slab for slab in stack.slabs if slab.sensitive)
    power = mass_stopping_power(sensitive.material, torch.from_numpy(energy)).numpy()
    return power * sensitive.material.density * sensitive.thickness / cm


def _noise(stack: Detector, energy: Floats) -> Floats:
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


def _energy(water_left: Floats) -> Floats:
    return energy_of_range(shipped_materials()["water"], torch.from_numpy(water_left)).numpy()
