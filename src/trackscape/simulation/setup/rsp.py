"""Phantom -> relative stopping power (RSP): what an image of it should show.

RSP = S(material) / S(water) at one energy, stopping powers per length, with the mean excitation
energy of water 78 eV. It drifts with the energy: that of epoxy is 1.1404 at 230 MeV, 1.1436 at 50.
"""

import numpy as np
import numpy.typing as npt

from trackscape.simulation.setup.materials import Material, shipped_materials
from trackscape.simulation.setup.phantom import Phantom
from trackscape.units import MeV

REFERENCE_ENERGY = 190.0 * MeV
"""Mean energy of protons of 230 MeV inside of a phantom of 150 mm of plastic in MeV."""
_Edges = npt.NDArray[np.float64]


def relative_stopping_power(material: Material, energy: float = REFERENCE_ENERGY) -> float:
    """Returns the stopping power of a material, relative to that of water.

    Arguments:
        material: Any material.
        energy: Kinetic energy of the protons in MeV.

    Raises:
        ConfigError: The energy is outside of the tables.

    Example:
        >>> round(relative_stopping_power(shipped_materials()["epoxy"]), 4)
        1.1408
    """
    from trackscape.simulation.physics.stopping import mass_stopping_power

    water = shipped_materials()["water"]
    power, of_water = (mass_stopping_power(m, energy) * m.density for m in (material, water))
    return float(power / of_water)


def rsp_image(
    phantom: Phantom, edges: tuple[_Edges, _Edges, _Edges], *, energy: float = REFERENCE_ENERGY
) -> npt.NDArray[np.float64]:
    """Returns the true image of a phantom: the mean RSP of each voxel, exactly.

    Arguments:
        phantom: What is imaged; its angle does not matter.
        edges: Borders of the voxels in x, y and z in the frame of the phantom in mm, ascending;
            for a slice two in y.
        energy: Kinetic energy of the protons in MeV.

    Returns:
        Array (X, Y, Z); around the phantom is air.
    """
    air = relative_stopping_power(shipped_materials()["air"], energy)
    excess = np.array([relative_stopping_power(m, energy) for m in phantom.materials]) - air
    x, y, z = (_shares(new, old) for new, old in zip(edges, phantom.edges, strict=True))
    touched = [np.flatnonzero(shares.any(0)) for shares in (x, y)]
    image = np.zeros((len(x), len(y), len(z)))
    for i in touched[0]:  # one plane at a time, to save memory
        plane = y[:, touched[1]] @ excess[phantom.labels[i, touched[1]]] @ z.T
        reached = np.flatnonzero(x[:, i])
        image[reached] += x[reached, i, None, None] * plane
    return image + air


def _shares(new: _Edges, old: _Edges) -> npt.NDArray[np.float64]:
    """Returns the share of each new interval that lies in each old one, (new, old)."""
    begin = np.maximum(new[:-1, None], old[None, :-1])
    end = np.minimum(new[1:, None], old[None, 1:])
    return np.maximum(end - begin, 0.0) / np.diff(new)[:, None]
