"""Detector -> how much protons scatter and deposit in each layer, by the layer in which they stop.

A proton that stops in layer e has, at every depth before, a known range left, and by that a known
energy. So the depth at which a track ends tells how much it scattered everywhere.
"""

import functools
from typing import NamedTuple

import numpy as np
import torch

from trackscape.simulation import Detector, Material, load_detector, shipped_materials
from trackscape.simulation.physics import (
    PROTON_MASS,
    energy_of_range,
    highland,
    mass_stopping_power,
)
from trackscape.units import MeV, cm

WATER_EQUIVALENT_AT = 100.0 * MeV
"""Where stopping powers are compared with water's; their ratios change by 2 % with energy."""
MOST_PROBABLE_SHARE = 0.83
"""Most probable deposit in a sensitive layer / mean deposit; of the Geant4 training files."""


class Passage(NamedTuple):
    """What happens to protons on their way. Axes: L layers to stop in, L layers to pass."""

    noise: np.ndarray
    """(L, L, 3) float64. What scattering between layer k and layer k - 1 adds to a track that ends
    in layer e and is followed against the beam, noise[e, k]: to the variance in mm2 of a coordinate
    in layer k - 1, to its covariance in mm with the slope there, and to the variance of the slope.
    """
    deposit: np.ndarray
    """(L, L) float64. Most probable energy deposit in MeV in layer k, deposit[e, k]."""


@functools.cache
def passage(detector: str) -> Passage:
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
    way = np.diff(depth)
    stop = depth + 0.5 * np.append(way, way[-1])
    shortest = 0.5 * way[-1]
    at_layer = np.maximum(stop[:, None] - depth, shortest)
    between = np.maximum(stop[:, None] - 0.5 * (depth[1:] + depth[:-1]), shortest)
    deposit = MOST_PROBABLE_SHARE * _mean_deposit(stack, _energy(at_layer))
    return Passage(_noise(stack, _energy(between)), deposit)


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
