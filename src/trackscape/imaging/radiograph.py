"""Tracks of one angle -> a radiograph: the mean WEPL along the beam."""

import numpy as np

from trackscape.imaging.binning import Bins, bin_protons
from trackscape.imaging.image import Image
from trackscape.imaging.path_table import PathTable
from trackscape.imaging.protons import PathModel, Protons


def make_radiograph(
    protons: Protons,
    geometry: PathModel,
    *,
    size: tuple[float, float] = (180.0, 20.0),
    pixel: tuple[float, float] = (1.0, 20.0),
    depth: float = 0.0,
) -> Image:
    """Returns the mean WEPL in mm of the protons that cross each pixel, as an image of one layer.

    Arguments:
        protons: Those of one angle.
        geometry: Beam, trackers and outline.
        size: Extent in x and y in mm.
        pixel: Sides of a pixel in x and y in mm.
        depth: z in mm of the plane where their most likely paths are counted.

    Returns:
        WEPL and its standard error, (nx, ny, 1); NaN where no proton came.
    """
    n_u, n_v = (round(extent / side) for extent, side in zip(size, pixel, strict=True))
    bins = Bins(n_v=n_v, n_u=n_u, n_z=1, side_v=pixel[1], side_u=pixel[0], at=depth)
    table = PathTable(geometry, bins.z, from_magnet=False)
    found = bin_protons(protons, table, bins)
    total, weight = found.total[0, :, :, 0].T, found.weight[0, :, :, 0].T
    known = np.where(weight > 0, weight, np.nan)
    spread = np.sqrt(np.average(protons.sd**2, weights=protons.weight) / known)
    return Image(
        value=(total / known)[:, :, None].astype(np.float32),
        error=spread[:, :, None].astype(np.float32),
        spacing=(pixel[0], pixel[1], 1.0),
        origin=(-(n_u - 1) / 2 * pixel[0], -(n_v - 1) / 2 * pixel[1], depth),
    )
