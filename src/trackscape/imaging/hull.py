"""Where the object begins and ends along the beam: a cylinder, or what a first image shows."""

import dataclasses
import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from trackscape.compiled import Floats, compiled
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
        reach = [np.abs(self.image.axis(axis)).max() for axis in (0, 2)]
        step = 0.5 * min(self.image.spacing[0], self.image.spacing[2])
        z = np.arange(-math.hypot(*reach), math.hypot(*reach) + step, step)
        turn = math.cos(angle), math.sin(angle)
        origin = self.image.origin[0], self.image.origin[2]
        side = self.image.spacing[0], self.image.spacing[2]
        first, last = _first_and_last(inside, x, z, turn, origin, side)
        return first - self.margin, last + self.margin


@compiled
def _first_and_last(
    inside: npt.NDArray[np.bool_],
    x: Floats,
    z: Floats,
    turn: tuple[float, float],
    origin: tuple[float, float],
    side: tuple[float, float],
) -> tuple[Floats, Floats]:
    """Returns the first and the last z at which each line along the beam is inside, or NaN."""
    cos, sin = turn
    first, last = np.full(len(x), np.nan), np.full(len(x), np.nan)
    for line in range(len(x)):
        for end, found in ((0, first), (1, last)):
            for step in range(len(z)):
                at = z[len(z) - 1 - step] if end else z[step]
                i = round((cos * x[line] - sin * at - origin[0]) / side[0])
                k = round((sin * x[line] + cos * at - origin[1]) / side[1])
                known = 0 <= i < inside.shape[0] and 0 <= k < inside.shape[1]
                if known and inside[i, k]:
                    found[line] = at
                    break
    return first, last


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
