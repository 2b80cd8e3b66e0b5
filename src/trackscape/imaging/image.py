"""`Image`: a map of relative stopping power on a grid in the frame of the object."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from trackscape.compiled import Floats
from trackscape.errors import DataError

_MOST_VOXELS = 20_000_000
"""With sums in double precision and ten groups, an image takes some 150 bytes a voxel."""
Voxels = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Image:
    """Values at the centres of voxels. Axes: x, y, z of the object; y is the axis of rotation."""

    value: Voxels
    """Relative stopping power, (nx, ny, nz)."""
    spacing: tuple[float, float, float]
    """Sides of a voxel in mm."""
    origin: tuple[float, float, float]
    """Centre of the voxel (0, 0, 0) in mm."""
    error: Voxels | None = None
    """Standard deviation of each value, of the same shape; None if the method has none."""
    replicates: Voxels | None = None
    """The image without one group of tracks after the other, (groups, nx, ny, nz), from which the
    error of a mean over voxels follows (delete-a-group jackknife); None if there are none."""

    def __post_init__(self) -> None:
        if self.value.ndim != 3 or 0 in self.value.shape:
            raise DataError(f"Expected an image (nx, ny, nz), got the shape {self.value.shape}.")
        if self.error is not None and self.error.shape != self.value.shape:
            raise DataError(
                f"Expected an error for each of {self.value.shape} voxels, got {self.error.shape}."
            )
        if not all(side > 0 for side in self.spacing):
            raise DataError(f"Expected sides of a voxel of more than 0 mm, got {self.spacing}.")

    def __repr__(self) -> str:
        sides = " x ".join(f"{side:g}" for side in self.spacing)
        return f"Image({' x '.join(map(str, self.value.shape))} voxels of {sides} mm)"

    def axis(self, axis: int) -> Floats:
        """Returns the centres of the voxels along an axis in mm."""
        return self.origin[axis] + self.spacing[axis] * np.arange(self.value.shape[axis])

    def like(
        self,
        value: npt.NDArray[np.floating],
        error: npt.NDArray[np.floating] | None = None,
        replicates: npt.NDArray[np.floating] | None = None,
    ) -> "Image":
        """Returns an image of other values on the same grid."""
        return Image(
            value=np.ascontiguousarray(value, dtype=np.float32),
            spacing=self.spacing,
            origin=self.origin,
            error=None if error is None else error.astype(np.float32),
            replicates=None if replicates is None else replicates.astype(np.float32),
        )

    def standard_error(self, of: Callable[["Image"], float]) -> float:
        """Returns the standard error of a number that follows from the image; NaN if unknown.

        √((G - 1)/G Σ (of(image without group g) - mean)²) over the G groups of tracks.
        """
        if self.replicates is None:
            return float("nan")
        found = np.array([of(self.like(values)) for values in self.replicates])
        return float(np.sqrt((len(found) - 1) * found.var()))


@dataclasses.dataclass(frozen=True)
class Grid:
    """The voxels of an image that is to be made, centred on the axis of rotation."""

    size: float = 180.0
    """Extent in x and z in mm."""
    voxel: float = 1.0
    """Side of a voxel in x and z in mm."""
    slices: int = 1
    """Number of voxels in y."""
    thickness: float = 20.0
    """Extent of a voxel in y in mm."""

    def __post_init__(self) -> None:
        finite = math.isfinite(self.size) and math.isfinite(self.thickness)
        if not (finite and 0 < self.voxel <= self.size and self.slices >= 1 and self.thickness > 0):
            raise DataError(
                "Expected a finite size of the image, voxels no larger than that, and at least one "
                f"slice, got a size of {self.size:g} mm, {self.slices} slices of "
                f"{self.thickness:g} mm, and voxels of {self.voxel:g} mm."
            )
        if self.across**2 * self.slices > _MOST_VOXELS:
            raise DataError(
                f"Expected an image of at most {_MOST_VOXELS:,} voxels, got {self.across} x "
                f"{self.slices} x {self.across}; take larger voxels, a smaller size or fewer "
                "slices."
            )

    @property
    def across(self) -> int:
        """Number of voxels in x and in z."""
        return round(self.size / self.voxel)

    def empty(self) -> Image:
        """Returns an image of zeros."""
        n, m = self.across, self.slices
        side, up = -(n - 1) / 2 * self.voxel, -(m - 1) / 2 * self.thickness
        return Image(
            value=np.zeros((n, m, n), dtype=np.float32),
            spacing=(self.voxel, self.thickness, self.voxel),
            origin=(side, up, side),
        )
