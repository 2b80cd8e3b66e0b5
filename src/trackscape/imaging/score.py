"""An image beside the phantom that it shows: errors of the inserts, noise, contrast, resolution."""

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.optimize
import scipy.special

from trackscape.compiled import Floats
from trackscape.errors import DataError
from trackscape.files import as_plain
from trackscape.imaging.image import Image
from trackscape.simulation import Insert, Phantom, relative_stopping_power

INSERT_MARGIN = 2.1
"""Voxels of an insert closer than this to its border, in mm, do not count: they are blurred."""
_SMALLEST = 3.0  # mm; inserts whose inner part is smaller than this have no plateau
_DENSE = 0.1  # of stopping power; errors of what is lighter are given relative to 0.5
_AIR_SCALE = 0.5
_MTF10 = math.sqrt(2 * math.log(10)) / (2 * math.pi)  # cycles per mm, times sigma


@dataclasses.dataclass(frozen=True)
class InsertScore:
    """One insert of the phantom."""

    name: str
    """Name of the insert."""
    true: float
    """Its relative stopping power (RSP)."""
    mean: float
    """Mean of the image inside."""
    standard_error: float
    """Standard error of that mean; NaN if the image has no replicates."""
    error: float
    """Relative error (mean - true) / true; of air relative to 0.5."""
    contrast_to_noise: float
    """Difference to the surroundings over the standard deviation of a voxel there."""


@dataclasses.dataclass(frozen=True)
class ImageScore:
    """What an image of a phantom is worth."""

    inserts: tuple[InsertScore, ...]
    """Inserts that are large enough for a plateau."""
    mean_absolute_error: float
    """Mean of the absolute relative errors of all inserts but air."""
    background: float
    """Mean of the image around the inserts."""
    background_error: float
    """Relative error of that mean."""
    noise: float
    """Standard deviation of the voxels around the inserts."""
    mtf10: float
    """Spatial frequency in line pairs per mm where the edge of the phantom keeps 10 % contrast."""

    def as_dict(self) -> dict[str, Any]:
        """Returns everything as what JSON can hold; NaN as None."""
        return as_plain(dataclasses.asdict(self))


def score_image(image: Image, phantom: Phantom, *, margin: float = INSERT_MARGIN) -> ImageScore:
    """Returns how well an image shows a phantom with inserts.

    Arguments:
        image: In the frame of the phantom.
        phantom: One that knows its inserts.
        margin: See `INSERT_MARGIN`.

    Raises:
        DataError: No insert of the phantom is in the image.
    """
    inserts = [each for each in phantom.inserts if each.radius - margin >= _SMALLEST]
    masks = [_disc(image, each, each.radius - margin) for each in inserts]
    if not inserts or not all(mask.any() for mask in masks):
        raise DataError(
            f"Expected an image with the inserts of {phantom.name}, but it has none of "
            f"{[each.name for each in inserts]}; name the phantom that was scanned."
        )
    radius = outer_radius(phantom)
    around = _background(image, phantom, radius)
    section = image.value.mean(axis=1)
    noise, background = float(section[around].std()), float(section[around].mean())
    scores = [
        _score(image, each, mask, background, noise)
        for each, mask in zip(inserts, masks, strict=True)
    ]
    true = _background_truth(phantom)
    return ImageScore(
        inserts=tuple(scores),
        mean_absolute_error=float(np.mean([abs(s.error) for s in scores if s.true > _DENSE])),
        background=background,
        background_error=background / true - 1,
        noise=noise,
        mtf10=_MTF10 / edge_width(image, radius),
    )


def _score(
    image: Image, insert: Insert, mask: npt.NDArray[np.bool_], background: float, noise: float
) -> InsertScore:
    def mean(of: Image) -> float:
        return float(of.value.mean(axis=1)[mask].mean())

    true = relative_stopping_power(insert.material)
    value = mean(image)
    return InsertScore(
        name=insert.name,
        true=true,
        mean=value,
        standard_error=image.standard_error(mean),
        error=(value - true) / (true if true > _DENSE else _AIR_SCALE),
        contrast_to_noise=abs(value - background) / noise if noise else math.inf,
    )


def _disc(image: Image, insert: Insert, radius: float) -> npt.NDArray[np.bool_]:
    x, z = image.axis(0)[:, None], image.axis(2)[None, :]
    return (x - insert.x) ** 2 + (z - insert.z) ** 2 <= radius**2


def outer_radius(phantom: Phantom) -> float:
    """Returns the radius of a round phantom in mm."""
    x, _, z = phantom.edges
    return 0.25 * float(x[-1] - x[0] + z[-1] - z[0])


def _background(image: Image, phantom: Phantom, radius: float) -> npt.NDArray[np.bool_]:
    """Returns the voxels of the body of the phantom, far from its edge and all inserts."""
    x, z = image.axis(0)[:, None], image.axis(2)[None, :]
    inside = x**2 + z**2 < (0.9 * radius) ** 2
    inside &= x**2 + z**2 > (0.3 * radius) ** 2  # spheres of CTP404 are near the axis
    for insert in phantom.inserts:
        inside &= ~_disc(image, insert, insert.radius + INSERT_MARGIN)
    return inside


def _background_truth(phantom: Phantom) -> float:
    """Returns the RSP of the material that most of the phantom is made of, air apart."""
    counts = np.bincount(phantom.labels.ravel(), minlength=len(phantom.materials)).astype(float)
    powers = [relative_stopping_power(material) for material in phantom.materials]
    counts[np.array(powers) < _DENSE] = 0
    return powers[int(counts.argmax())]


def edge_width(image: Image, radius: float) -> float:
    """Returns the standard deviation in mm of the blur of the edge of a round object.

    Voxels from 12 mm inside of the edge to 12 mm outside are fitted by an error function of their
    distance from the axis.
    """
    x, z = image.axis(0)[:, None], image.axis(2)[None, :]
    distance = np.sqrt(x**2 + z**2)
    near = np.abs(distance - radius) < 12.0
    values = image.value.mean(axis=1)[near].astype(np.float64)

    def edge(r: Floats, height: float, at: float, sigma: float) -> Floats:
        return 0.5 * height * scipy.special.erfc((r - at) / (math.sqrt(2) * abs(sigma)))

    found = scipy.optimize.curve_fit(edge, distance[near], values, p0=(1.0, radius, 1.0))[0]
    return max(abs(float(found[2])), 1e-3)
