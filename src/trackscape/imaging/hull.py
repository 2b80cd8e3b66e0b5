"""Where the object begins and ends along the beam: a cylinder, or what a first image shows."""

import dataclasses
import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from trackscape.compiled import Floats
from trackscape.imaging.image import Image

_STEP = 0.25  # mm between the places across the beam at which a hull is looked up
_ROUNDS = 3  # the lookup is repeated along a line that is nearly parallel to the beam


class Hull(Protocol):
    """The outline of the object in planes across its axis y."""

    def profile(self, angle: float, x: Floats) -> tuple[Floats, Floats]:
        """Returns the first and the last z of the object in mm at places x across the beam.

        Arguments:
            angle: Rotation of the object in rad.
            x: Places in the room in mm, (n,).

        Returns:
            NaN where the object is not.
        """
        ...


@dataclasses.dataclass(frozen=True)
class Cylinder:
    """A cylinder about the axis of rotation."""

    radius: float
    """Radius in mm."""

    def profile(self, angle: float, x: Floats) -> tuple[Floats, Floats]:
        """Returns where lines along the beam enter and leave it; see `Hull`."""
        square = self.radius**2 - x**2
        half = np.sqrt(np.where(square >= 0, square, np.nan))
        return -half, half


@dataclasses.dataclass(frozen=True, eq=False)
class Outline:
    """The places where an image, averaged over its slices, exceeds a threshold."""

    image: Image
    """Image of the object, such as one that was made with a cylinder around it."""
    threshold: float = 0.4
    """Stopping power above which there is an object."""
    margin: float = 1.0
    """Distance in mm by which the outline is wider along the beam. In one that is too narrow the
    whole of the WEPL would have to fit; what is too wide comes out as air."""

    @property
    def mean_stopping(self) -> float:
        """Mean relative stopping power inside; 1 if there is nothing."""
        section = self.image.value.mean(axis=1)
        inside = section > self.threshold
        return float(section[inside].mean()) if inside.any() else 1.0

    def profile(self, angle: float, x: Floats) -> tuple[Floats, Floats]:
        """Returns where lines along the beam enter and leave it; see `Hull`."""
        inside = self.image.value.mean(axis=1) > self.threshold
        grid_x, grid_z = (self.image.axis(axis) for axis in (0, 2))
        step = 0.5 * min(self.image.spacing[0], self.image.spacing[2])
        reach = math.hypot(abs(grid_x).max(), abs(grid_z).max())
        z = np.arange(-reach, reach + step, step)
        c, s = math.cos(angle), math.sin(angle)
        column = np.rint((c * x[:, None] - s * z - grid_x[0]) / self.image.spacing[0]).astype(int)
        row = np.rint((s * x[:, None] + c * z - grid_z[0]) / self.image.spacing[2]).astype(int)
        known = (column >= 0) & (column < len(grid_x)) & (row >= 0) & (row < len(grid_z))
        hit = known & inside[np.where(known, column, 0), np.where(known, row, 0)]
        first = z[hit.argmax(axis=1)] - self.margin
        last = z[len(z) - 1 - hit[:, ::-1].argmax(axis=1)] + self.margin
        some = hit.any(axis=1)
        return np.where(some, first, np.nan), np.where(some, last, np.nan)


class Crossing:
    """Entrances and exits of lines at one angle."""

    def __init__(self, hull: Hull, angle: float, *, reach: float) -> None:
        self._x = np.arange(-reach, reach + _STEP, _STEP)
        self._first, self._last = hull.profile(angle, self._x)

    def entrance(self, place: Floats, slope: Floats) -> Floats:
        """Returns z in mm where the lines place + slope z enter; NaN where they miss."""
        return self._meet(self._first, place, slope)

    def exit(self, place: Floats, slope: Floats) -> Floats:
        """Returns z in mm where the lines place + slope z leave; NaN where they miss."""
        return self._meet(self._last, place, slope)

    def _meet(self, border: Floats, place: Floats, slope: Floats) -> Floats:
        z: npt.NDArray[np.float64] = np.zeros_like(place)
        for _ in range(_ROUNDS):
            z = np.interp(place + slope * z, self._x, border, left=np.nan, right=np.nan)
        return z
