"""The rows of a file of pixels, and the key that orders them."""

from collections.abc import Container

import numpy as np
from jaxtyping import Int64, Shaped

from trackscape.simulation import PixelGrid

PLACE = ("layer", "stave", "chip", "row", "column")
"""Columns that tell where a pixel is, from the coarsest on."""
SPOT_COLUMNS = ("spotX", "spotY")
"""Columns of the beam spot in mm."""
TRUTH_COLUMNS = ("eventID", "trackID", "parentID")
"""Columns of the particle that left most of the charge; -1 for noise. A column pdg may follow."""
_MORE = [(name, "f4") for name in SPOT_COLUMNS] + [(name, "i4") for name in (*TRUTH_COLUMNS, "pdg")]
PIXEL = np.dtype([("frameID", "i8"), *((name, "i2") for name in PLACE)])
"""A pixel that fired in a readout frame."""


def more_fields(names: Container[str]) -> list[tuple[str, str]]:
    """Returns those fields of spot and truth, for the type of rows, that have one of the names."""
    return [(name, kind) for name, kind in _MORE if name in names]


def pixel_type(names: Container[str]) -> np.dtype:
    """Returns the type of rows of pixels that also have fields of these names."""
    return np.dtype([*PIXEL.descr, *more_fields(names)])


def pixel_key(
    pixels: Shaped[np.ndarray, " pixels"], grid: PixelGrid
) -> Int64[np.ndarray, " pixels"]:
    """Returns one number for each pixel of a detector, the same in all frames.

    Neighbours in a row differ by 1, those in a column by the columns of a chip and 1. As a number
    is spare at the end of every row and chip, no others differ by that.
    """
    key = np.zeros(len(pixels), dtype=np.int64)
    sizes = (1, grid.staves, grid.chips, grid.rows + 1, grid.columns + 1)
    for name, size in zip(PLACE, sizes, strict=True):
        key = key * size + pixels[name]
    return key
