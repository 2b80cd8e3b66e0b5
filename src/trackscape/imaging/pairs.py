"""Proton pairs of RTK and PCT: what other programs read and write.

A file of pairs is a MetaImage of N rows of five vectors (u, v, w), float32: places before and
behind the object in mm, unit directions there, and (0, WEPL in mm, number of the track); or, in
place of the last one, energies before and behind it in MeV. u is our x, v is y, and w is z. All
places before the object share one w, and so do those behind it. A sixth vector is left as it is.
"""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import torch

from trackscape.compiled import Floats
from trackscape.errors import DataError, FormatError
from trackscape.formats.meta_image import read_meta_image, write_meta_images
from trackscape.imaging.paths import path_weights
from trackscape.imaging.protons import PathModel, Protons
from trackscape.imaging.rtk_geometry import CircularGeometry, write_geometry
from trackscape.imaging.water import water_range

PLANES = (-110.0, 110.0)
"""Planes before and behind the object in which places are written, z in mm."""
GEOMETRY = "geometry.xml"
"""Name of the geometry in a folder of pairs."""
_VECTORS = (5, 6)
_UNIT = 1e-3  # of the length of a direction
_SAME_PLANE = 1e-3  # mm
_MOST = 2**24  # whole numbers of float32

_Rows = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False)
class Pairs:
    """Protons of one angle as straight lines before and behind the object. N protons."""

    rows: _Rows
    """Vectors as they are in a file, (N, 5, 3) or (N, 6, 3)."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def planes(self) -> tuple[float, float]:
        """The planes of the places before and behind the object, z in mm."""
        before, behind = self.rows[0, :2, 2]
        return float(before), float(behind)

    @property
    def front(self) -> Floats:
        """The lines before the object, (N, 2, 2): at z = 0 in mm and slope, in x and in y."""
        return self._lines(0)

    @property
    def rear(self) -> Floats:
        """The lines behind the object, as `front` has them."""
        return self._lines(1)

    @property
    def wepl(self) -> Floats:
        """Water-equivalent path lengths in mm, (N,); from the ranges, where a row has energies."""
        first, second = self.rows[:, 4, :2].T.astype(np.float64)
        if not first.any():
            return second
        energy = np.linspace(0.5, 1.01 * max(first.max(), second.max()), 500)
        reach = np.array([water_range(float(each)) for each in energy])
        lost = np.interp(first, energy, reach) - np.interp(second, energy, reach)
        return np.where(first == 0, second, lost)

    @property
    def track(self) -> npt.NDArray[np.int64]:
        """The number of each track, (N,)."""
        return self.rows[:, 4, 2].astype(np.int64)

    def _lines(self, side: int) -> Floats:
        place, direction = self.rows[:, [side, 2 + side]].astype(np.float64).transpose(1, 0, 2)
        slope = direction[:, :2] / direction[:, 2:]
        return np.stack([place[:, :2] - slope * place[:, 2:], slope], axis=2)


def make_pairs(
    protons: Protons, geometry: PathModel, *, planes: tuple[float, float] = PLANES
) -> Pairs:
    """Returns the lines of protons: that of the most likely path before, the measured one behind.

    Arguments:
        protons: Protons of one angle.
        geometry: Beam, trackers and outline of the object.
        planes: Planes before and behind the object, z in mm.

    Raises:
        DataError: The object reaches beyond a plane, or there are no protons or too many.
    """
    low, high = protons.entrance.min(initial=0.0), protons.exit.max(initial=0.0)
    if not planes[0] < low <= high < planes[1]:
        raise DataError(
            f"Expected planes before and behind the object, which reaches from z = {low:.1f} to "
            f"{high:.1f} mm, got {planes[0]:g} and {planes[1]:g}; choose others."
        )
    if not len(protons) > 0 or protons.row.max() > _MOST:
        raise DataError(
            f"Expected 1 to {_MOST:,} protons, as pairs number them by float32, got "
            f"{len(protons):,}; divide the scan."
        )
    start, end = (torch.from_numpy(z) for z in (protons.entrance, protons.exit))
    paths = path_weights(
        torch.tensor(planes[0], dtype=torch.float64),
        start,
        end,
        optics=geometry.optics,
        moments=geometry.moments,
    )
    front, lean = ((w.numpy()[:, None] * protons.known).sum(axis=2) for w in paths[:2])
    slope = protons.known[:, :, 2]
    rear = protons.known[:, :, 1] + slope * (planes[1] - geometry.optics.rear)
    rows = np.zeros((len(protons), 5, 3), dtype=np.float32)
    for side, (place, tilt) in enumerate(((front, lean), (rear, slope))):
        rows[:, side, :2], rows[:, side, 2] = place, planes[side]
        length = np.sqrt(1 + (tilt**2).sum(axis=1))
        rows[:, 2 + side, :2], rows[:, 2 + side, 2] = tilt / length[:, None], 1 / length
    rows[:, 4, 1], rows[:, 4, 2] = protons.wepl, protons.row
    return Pairs(rows)


def write_pairs(pairs: Pairs, path: Path | str) -> list[Path]:
    """Writes the pairs of one angle as .mhd with .raw; an old file is replaced.

    Returns:
        The files that were written.

    Raises:
        FormatError: The name does not end with .mhd, or nothing can be written there.
    """
    path = Path(path)
    if path.suffix != ".mhd":
        raise FormatError(
            f"{path}: expected a file of pairs that ends with .mhd, but got "
            f"{path.suffix or 'no suffix'!r}; choose that."
        )
    values = pairs.rows.transpose(1, 0, 2)
    return write_meta_images({path: values}, spacing=(1, 1), offset=(0, 0))


def read_pairs(path: Path | str) -> Pairs:
    """Reads the pairs of one angle.

    Raises:
        FormatError: The file is absent, damaged, or holds something else.
    """
    path = Path(path)
    image = read_meta_image(path, types=("MET_FLOAT",), axes=2, channels=3)
    rows = np.ascontiguousarray(image.values.transpose(1, 0, 2))
    if rows.shape[1] not in _VECTORS:
        _refuse(path, f"5 or 6 vectors for each proton, got {rows.shape[1]}")
    known = rows[:, :5]
    if not np.isfinite(known).all():
        row = int((~np.isfinite(known)).any(axis=(1, 2)).argmax())
        _refuse(path, f"finite numbers, got {known[row].tolist()} in row {row}")
    before, behind = known[0, :2, 2]
    off = (np.abs(known[:, :2, 2] - known[0, :2, 2]) > _SAME_PLANE).any(axis=1)
    if off.any() or not before < behind:
        row = int(off.argmax())
        _refuse(
            path,
            f"places in one plane before and one behind the object, got w = {before:g} and "
            f"{behind:g} mm in row 0, {known[row, 0, 2]:g} and {known[row, 1, 2]:g} in row {row}",
        )
    direction = known[:, 2:4].astype(np.float64)
    wrong = (np.abs((direction**2).sum(axis=2) - 1) > _UNIT) | (direction[:, :, 2] <= 0)
    if wrong.any():
        row = int(wrong.any(axis=1).argmax())
        got = direction[row].tolist()
        _refuse(path, f"directions of length 1 along the beam, got {got} in row {row}")
    if (known[:, 4, 0] < 0).any():
        _refuse(path, f"energies of 0 MeV or more, got {known[:, 4, 0].min():g}")
    return Pairs(rows)


def _refuse(path: Path, expected: str) -> NoReturn:
    raise FormatError(f"{path}: expected {expected}; write the pairs again.")


def write_scan_pairs(
    scan: Iterable[Protons],
    geometry: PathModel,
    folder: Path | str,
    *,
    planes: tuple[float, float] = PLANES,
) -> list[Path]:
    """Writes pairs0000.mhd and so on, one for each angle, and the geometry of the scan.

    The detector of the geometry is the plane behind the object, where PCT puts its pixels.

    Returns:
        The files that were written.

    Raises:
        DataError: There are no angles, or a plane does not fit the object.
        FormatError: Nothing can be written there.
    """
    folder, angles, written = Path(folder), [], []
    for number, protons in enumerate(scan):
        pairs = make_pairs(protons, geometry, planes=planes)
        written += write_pairs(pairs, folder / f"pairs{number:04d}.mhd")
        angles.append(protons.angle)
    if not angles:
        raise DataError("Expected protons of at least one angle, got none.")
    source = geometry.optics.beam.magnet
    circle = CircularGeometry(np.array(angles), source, source + planes[1])
    write_geometry(circle, folder / GEOMETRY)
    return [*written, folder / GEOMETRY]
