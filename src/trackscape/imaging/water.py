"""Depths in the detector and the object as lengths of water."""

import dataclasses

import numpy as np
import numpy.typing as npt
import torch

from trackscape.compiled import Floats
from trackscape.simulation import Detector, relative_stopping_power, shipped_materials
from trackscape.simulation.physics.kinematics import PROTON_MASS
from trackscape.simulation.physics.stopping import csda_range, energy_behind
from trackscape.simulation.setup.materials import Material
from trackscape.units import cm

_ENERGY = 229.0
"""Energy in MeV of a proton at the front of the detector that has crossed nothing but air."""
_SLOWEST = 30.0
"""Below this energy in MeV a slab counts with its stopping power here: a range of 9 mm of water,
where the ratio of stopping powers begins to depend on the energy."""


@dataclasses.dataclass(frozen=True, eq=False)
class WaterDepths:
    """Depths of a detector in mm of water from its front. Axes: B borders of slabs, L layers."""

    border_z: Floats
    """Borders of the slabs, (B,) z in mm."""
    border: Floats
    """The same borders in mm of water, (B,)."""
    plane: Floats
    """Middles of the sensitive layers in mm of water, (L,)."""

    def of_z(self, z: npt.ArrayLike) -> Floats:
        """Returns depths in mm of water of places z in mm, of any shape; 0 before the front."""
        return np.interp(np.asarray(z, dtype=np.float64), self.border_z, self.border)


def water_depths(detector: Detector, *, energy: float = _ENERGY) -> WaterDepths:
    """Follows a proton slab by slab: a slab is worth the range in water that it costs.

    Arguments:
        detector: Stack of slabs.
        energy: Kinetic energy at the front in MeV.

    Example:
        >>> from trackscape.simulation import load_detector
        >>> water_depths(load_detector("bergen-auto")).plane[:4].round(2).tolist()
        [0.45, 1.94, 10.58, 18.78]
    """
    water = shipped_materials()["water"]
    depth = [0.0]
    for slab in detector.slabs:
        thickness = slab.material.density * slab.thickness / cm
        if energy > _SLOWEST:
            behind = float(energy_behind(slab.material, energy, thickness))
        else:
            behind = 0.0
        if behind > _SLOWEST:
            cost = _range(water, energy) - _range(water, behind)
            energy = behind
        else:
            ratio = relative_stopping_power(slab.material, max(energy, _SLOWEST))
            cost = slab.thickness * ratio
            energy = behind
        depth.append(depth[-1] + cost)
    edges, border = detector.edges, np.array(depth)
    return WaterDepths(edges, border, np.interp(detector.layer_z, edges, border))


def _range(water: Material, energy: float) -> float:
    return float(csda_range(water, energy)) / water.density * cm


def momentum_velocity_in_water(energy: float, depth: npt.ArrayLike) -> Floats:
    """Returns pv in MeV of protons behind depths in mm of water.

    Arguments:
        energy: Kinetic energy before the water in MeV.
        depth: Any shape; protons that would stop keep 1 MeV.
    """
    water = shipped_materials()["water"]
    thickness = np.asarray(depth, dtype=np.float64) / cm * water.density
    left = np.maximum(energy_behind(water, energy, torch.from_numpy(thickness)).numpy(), 1.0)
    return left * (left + 2 * PROTON_MASS) / (left + PROTON_MASS)


def water_range(energy: float) -> float:
    """Returns the CSDA range in mm of water."""
    return _range(shipped_materials()["water"], energy)
