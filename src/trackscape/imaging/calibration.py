"""Residual range -> water-equivalent path length (WEPL), by a curve of one detector and beam."""

import dataclasses
import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from trackscape.compiled import Floats
from trackscape.data import Tracks
from trackscape.errors import ConfigError, DataError, FormatError
from trackscape.files import replacing
from trackscape.formats.tables import Archive, open_archive
from trackscape.imaging.ranges import (
    DepositTable,
    Ranges,
    bragg_ranges,
    midpoint_ranges,
    posterior_ranges,
)
from trackscape.imaging.truth import flat
from trackscape.imaging.water import water_depths
from trackscape.simulation import Beam, Detector
from trackscape.simulation.setup.beam import parse_beam

ESTIMATORS = ("posterior", "midpoint", "bragg")
"""Estimators of the residual range."""
_SHIPPED = Path(str(resources.files("trackscape.imaging") / "calibrations"))
_FORMAT = "trackscape calibration 1"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Calibration:
    """What turns tracks of one detector and beam into WEPL. Axes: L layers, K knots, B boxes."""

    plane: Floats
    """Depth of the layers in mm of water from the front of the detector, (L,)."""
    thickness: float
    """Thickness of the sensitive layers in mm."""
    table: DepositTable
    """What protons deposit, by residual range."""
    estimator: str
    """Estimator of the range that the curve is for, of `ESTIMATORS`."""
    curve: Floats
    """Range and WEPL in mm at the knots, (2, K), by ascending range."""
    spread: Floats
    """WEPL in mm of the boxes, and standard deviation of the ranges behind them that is not of the
    estimator: straggling and the beam's own spread, (2, B)."""
    provenance: dict[str, Any]
    """Detector, beam, boxes, primaries, seed and version that it was made with."""

    def fits(self, detector: Detector) -> bool:
        """Returns whether the layers of a detector lie where those of the calibration do."""
        plane = water_depths(detector).plane
        return plane.shape == self.plane.shape and np.allclose(plane, self.plane, atol=0.1)

    def check(self, detector: Detector, beam: Beam) -> None:
        """Refuses a detector or a beam that the calibration was not made for.

        Raises:
            ConfigError: The layers lie elsewhere, or the energies differ.
        """
        made = parse_beam(self.provenance["beam"])
        if not self.fits(detector) or not np.isclose(made.energy, beam.energy, rtol=1e-3):
            raise ConfigError(
                f"Expected a calibration for {detector.name} at {beam.energy:g} MeV, got one for "
                f"{self.provenance['detector']} at {made.energy:g} MeV; make one with `trackscape "
                f"calibrate --detector NAME --beam energy={beam.energy:g} -o FILE`."
            )

    def ranges(self, tracks: Tracks) -> Ranges:
        """Returns the residual range of each track by the estimator of the calibration."""
        return estimate(self.estimator, tracks, self.plane, self.table, self.thickness)

    def wepl(self, ranges: Ranges) -> tuple[Floats, Floats]:
        """Returns WEPL and its standard deviation in mm, straggling included, (N,) each."""
        range_knots, wepl_knots = self.curve
        value = np.interp(ranges.value, range_knots, wepl_knots)
        # Beyond the knots the curve goes on straight: cuts see such tracks as what they are.
        for end, next_ in ((0, 1), (-1, -2)):
            slope = (wepl_knots[next_] - wepl_knots[end]) / (range_knots[next_] - range_knots[end])
            beyond = ranges.value - range_knots[end]
            outside = beyond < 0 if end == 0 else beyond > 0
            value = np.where(outside, wepl_knots[end] + slope * beyond, value)
        return value, np.hypot(np.interp(value, *self.spread), ranges.sd)


def estimate(
    estimator: str, tracks: Tracks, plane: Floats, table: DepositTable, thickness: float
) -> Ranges:
    """Returns the ranges of tracks by one of `ESTIMATORS`."""
    offset, layer, energy = flat(tracks)
    if estimator == "posterior":
        return posterior_ranges(offset, layer, energy, plane=plane, table=table)
    if estimator == "midpoint":
        return midpoint_ranges(offset, layer, plane=plane)
    if estimator == "bragg":
        return bragg_ranges(offset, layer, energy, plane=plane, thickness=thickness)
    raise DataError(f"Expected one of the estimators {', '.join(ESTIMATORS)}, got {estimator!r}.")


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Writes a calibration as an .npz file with its provenance inside."""
    about = {
        "format": _FORMAT,
        "estimator": calibration.estimator,
        "thickness": calibration.thickness,
        "provenance": calibration.provenance,
    }
    with replacing(Path(path)) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            about=np.array(json.dumps(about)),
            plane=calibration.plane,
            deposits=calibration.table.probability,
            curve=calibration.curve,
            spread=calibration.spread,
        )


def read_calibration(path: Path | str | None = None) -> Calibration:
    """Reads a calibration; without a path, the shipped one of `bergen-auto` and the default beam.

    Raises:
        FormatError: The file is no calibration.
    """
    path = _SHIPPED / "bergen-auto.npz" if path is None else Path(path)
    with open_archive(path) as archive:
        try:
            about = json.loads(archive.read("about").item())
            if about["format"] != _FORMAT:
                raise KeyError("format")
            return Calibration(
                plane=_numbers(archive, "plane", -1),
                thickness=float(about["thickness"]),
                table=DepositTable(_numbers(archive, "deposits", -1, -1).astype(np.float32)),
                estimator=str(about["estimator"]),
                curve=_numbers(archive, "curve", 2, -1),
                spread=_numbers(archive, "spread", 2, -1),
                provenance=dict(about["provenance"]),
            )
        except (KeyError, ValueError, TypeError) as error:
            raise FormatError(
                f"{path}: expected a calibration, but the file lacks {error}; make one with "
                "`trackscape calibrate`."
            ) from error


def _numbers(archive: Archive, name: str, *shape: int) -> Floats:
    """Reads an array of finite numbers of this shape; -1 stands for any length."""
    values = archive.read(name)
    fits = values.ndim == len(shape) and all(
        expected in (-1, length) for expected, length in zip(shape, values.shape, strict=True)
    )
    if not fits or values.dtype.kind != "f" or not np.isfinite(values).all():
        raise ValueError(f"numbers in {name!r}")
    return values
