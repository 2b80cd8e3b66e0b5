"""Tables of tracks, one for each angle -> an image."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from trackscape.compiled import Floats
from trackscape.errors import DataError
from trackscape.imaging.fbp import BackProjection
from trackscape.imaging.hull import Cylinder, Hull, Outline
from trackscape.imaging.image import Grid, Image
from trackscape.imaging.iterative import cgls, drop, tv_strength, watched_fista_tv
from trackscape.imaging.listmode import PathIntegrals
from trackscape.imaging.paths import Optics, with_stopping
from trackscape.imaging.protons import PathModel, Protons, select_protons

_Method = Literal["fbp", "cgls", "drop", "tv"]
GROUPS = 10
"""Number of groups of frames that are left out in turn to estimate errors."""
_HELD_OUT = 10  # one proton in so many is held out, to see when an iteration should stop
_CGLS_ITERATIONS, _DROP_EPOCHS = 6, 3

_Rows = Callable[[int], np.ndarray]
"""Number of an angle -> its tracks, of type `trackscape.imaging.track_table.TRACK`."""
_Progress = Callable[[Sequence[int]], Iterable[int]]


def make_image(
    rows: _Rows,
    angles: Sequence[float],
    *,
    optics: Optics,
    grid: Grid | None = None,
    hull: Hull | None = None,
    method: _Method = "fbp",
    groups: int = GROUPS,
    cut: bool = True,
    only_right: bool = False,
    progress: _Progress = iter,
) -> Image:
    """Returns the image of the tracks of a scan.

    Tables are read angle by angle, twice if there is no hull; see `find_geometry`.

    Arguments:
        rows: Returns the tracks of an angle.
        angles: Rotation of the object in degrees, over a full turn at equal steps.
        optics: Beam and trackers.
        grid: Voxels; a slice of 180 mm with voxels of 1 mm by default.
        hull: Outline of the object.
        method: "fbp" for filtered back-projection; "cgls", "drop" and "tv" go on from there and
            explain the WEPL of every proton along its own path.
        groups: Number of groups of frames for the errors; 1 for none.
        cut: Leave out tracks that disagree with their neighbours.
        only_right: Of those, take the right ones only, which the truth knows.
        progress: Wraps the numbers of the angles, to show how far it has come.

    Raises:
        DataError: There are no angles, or one has no tracks, or the angles are no full turn.
    """
    grid = grid or Grid()
    choice = Choice(by_height=grid.slices > 1, cut=cut, only_right=only_right)
    geometry = find_geometry(
        rows, angles, optics=optics, grid=grid, hull=hull, choice=choice, progress=progress
    )
    protons = scan_protons(rows, angles, geometry, choice=choice, progress=progress)
    if method == "fbp":
        return _back_projected(protons, geometry, grid, groups=groups)
    every = list(protons)
    image = _back_projected(every, geometry, grid, groups=groups)
    value = _iterated(every, geometry, grid, image.value.astype(np.float64), method)
    # Means over many voxels are as uncertain as without regularisation; single voxels are less.
    return image.like(value, None, image.replicates)


class Choice(NamedTuple):
    """Which tracks of a scan speak of the object; see `select_protons`."""

    by_height: bool = False
    """Whether tracks are compared within bins of y, too."""
    cut: bool = True
    """Whether tracks that disagree with their neighbours are left out."""
    only_right: bool = False
    """Whether wrong tracks are left out in the end, which the truth knows."""


def scan_protons(
    rows: _Rows,
    angles: Sequence[float],
    geometry: PathModel,
    *,
    choice: Choice = Choice(),  # noqa: B008
    progress: _Progress = iter,
) -> Iterator[Protons]:
    """Yields the protons of each angle of a scan; arguments as in `make_image`.

    Raises:
        DataError: An angle has no tracks.
    """
    for number in progress(range(len(angles))):
        found = rows(number)
        if len(found) == 0:
            raise DataError(
                f"Expected tracks at each angle, but at {angles[number]:g} degrees there are none; "
                "reconstruct that file again, or leave the scan out."
            )
        angle = math.radians(angles[number])
        yield select_protons(found, geometry, angle=angle, **choice._asdict())


def find_geometry(
    rows: _Rows,
    angles: Sequence[float],
    *,
    optics: Optics,
    grid: Grid | None = None,
    hull: Hull | None = None,
    choice: Choice = Choice(),  # noqa: B008
    progress: _Progress = iter,
) -> PathModel:
    """Returns what the paths of a scan depend on; arguments as in `make_image`.

    Without a hull, a first image within a cylinder that fills the grid shows the outline of the
    object and its mean stopping power.

    Raises:
        DataError: The angles are no full turn, or one has no tracks.
    """
    check_angles(angles)
    if hull is not None:
        return PathModel.of(optics, hull)
    grid = grid or Grid()
    free = PathModel.of(optics, Cylinder(0.5 * grid.size))
    protons = scan_protons(rows, angles, free, choice=choice, progress=progress)
    outline = Outline(_back_projected(protons, free, grid, groups=1))
    return PathModel.of(with_stopping(optics, outline.mean_stopping), outline)


def _iterated(
    every: list[Protons], geometry: PathModel, grid: Grid, start: Floats, method: _Method
) -> Floats:
    if method == "tv":
        held, fit = split_protons(every, one_in=_HELD_OUT)
        paths = PathIntegrals(fit, geometry, grid)
        witness = PathIntegrals(held, geometry, grid)
        return watched_fista_tv(paths, witness, start=start, strength=tv_strength(len(paths)))
    paths = PathIntegrals(every, geometry, grid)
    if method == "cgls":
        return cgls(paths, start=start, iterations=_CGLS_ITERATIONS)
    return drop(paths, start=start, epochs=_DROP_EPOCHS)


def check_angles(angles: Sequence[float]) -> None:
    """Refuses angles that are not spread evenly over a full turn.

    Raises:
        DataError: As said.
    """
    if len(angles) < 3:
        raise DataError(f"Expected a scan of three angles or more, got {len(angles)}.")
    turn = np.sort(np.mod(angles, 360.0))
    gaps = np.diff(np.append(turn, turn[0] + 360.0))
    if not np.allclose(gaps, 360.0 / len(angles), atol=0.05 * 360.0 / len(angles)):
        raise DataError(
            "Expected angles at equal steps over a full turn, but neighbours are "
            f"{gaps.min():.4g} to {gaps.max():.4g} degrees apart; simulate or name them all."
        )


def split_protons(angles: Sequence[Protons], *, one_in: int) -> tuple[list[Protons], list[Protons]]:
    """Returns one proton in so many of each angle, and the others."""
    picked = [np.arange(len(protons)) % one_in == 0 for protons in angles]
    held = [protons.select(part) for protons, part in zip(angles, picked, strict=True)]
    return held, [protons.select(~part) for protons, part in zip(angles, picked, strict=True)]


def _back_projected(
    angles: Iterable[Protons], geometry: PathModel, grid: Grid, *, groups: int
) -> Image:
    image = BackProjection(grid, geometry, groups=groups)
    for protons in angles:
        image.add(protons)
    return image.image()
