"""Residual range -> water-equivalent path length (WEPL), calibrated on simulated boxes of water."""

import dataclasses
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import trackscape
from trackscape.compiled import Floats
from trackscape.data import Tracks
from trackscape.errors import ConfigError, DataError, FormatError
from trackscape.files import replacing
from trackscape.formats import read_hits
from trackscape.formats.primaries import read_primaries
from trackscape.formats.tables import open_archive
from trackscape.imaging.ranges import (
    DepositTable,
    Ranges,
    bragg_ranges,
    midpoint_ranges,
    posterior_ranges,
)
from trackscape.imaging.truth import flat, true_tracks
from trackscape.imaging.water import WaterDepths, water_depths
from trackscape.simulation import STOPPED, Beam, Detector, load_detector, make_setup, simulate
from trackscape.simulation.setup.beam import parse_beam
from trackscape.tracking.acceptance import least_last_deposit

ESTIMATORS = ("posterior", "midpoint", "bragg")
"""Estimators of the residual range."""
BOXES = (0, 25, 50, 75, 100, 125, 150, 175, 200, 225, 250, 275)
"""Thicknesses in mm of the boxes of water of a calibration; 0 is none."""
_SHIPPED = Path(str(resources.files("trackscape.imaging") / "calibrations"))
_KNOTS = 60
_FORMAT = "trackscape calibration 1"

_Progress = Callable[[Sequence[int]], Iterable[int]]


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
        low, high = (np.polyfit(range_knots[part], wepl_knots[part], 1) for part in (_FIRST, _LAST))
        value = np.where(ranges.value < range_knots[0], np.polyval(low, ranges.value), value)
        value = np.where(ranges.value > range_knots[-1], np.polyval(high, ranges.value), value)
        return value, np.hypot(np.interp(value, *self.spread), ranges.sd)


_FIRST, _LAST = slice(0, 2), slice(-2, None)


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


def calibrate(
    *,
    detector: str = "bergen-auto",
    beam: str = "",
    estimator: str = "posterior",
    primaries: int = 20_000,
    seed: int = 0,
    engine: str = "fast",
    progress: _Progress = iter,
) -> Calibration:
    """Simulates boxes of water and fits WEPL = a0 + a1 R + a2 R² to the mean ranges behind them.

    The empty beam lies off that curve, as protons then run into the end of the stack: from the
    thinnest box on the curve goes straight to its point.

    Arguments:
        detector: Shipped variant or YAML file.
        beam: Parameters of the beam, see `trackscape.simulation.setup.beam.parse_beam`.
        estimator: One of `ESTIMATORS`.
        primaries: Number of protons for each box.
        seed: Seed of the simulation.
        engine: "fast" or "geant4".
        progress: Wraps the boxes, to show how far it has come.
    """
    stack = load_detector(detector)
    depths, thickness = water_depths(stack), stack.sensitive_thickness
    samples: list[_Box] = []
    with tempfile.TemporaryDirectory() as folder:
        for box in progress(BOXES):
            setup = make_setup(
                detector=detector, beam=beam, phantom=f"water:{box}" if box else "none"
            )
            hits, truth = Path(folder) / "hits.npz", Path(folder) / "truth.npz"
            simulate(setup, hits, primaries=primaries, seed=seed + box, engine=engine, truth=truth)
            samples.append(_read_box(hits, truth, depths, least_last_deposit(thickness)))
    table = _deposits(samples, depths)
    found = [estimate(estimator, box.tracks, depths.plane, table, thickness) for box in samples]
    return Calibration(
        plane=depths.plane,
        thickness=thickness,
        table=table,
        estimator=estimator,
        **_curve(found),
        provenance={
            "trackscape": trackscape.__version__,
            "detector": stack.name,
            "beam": beam,
            "estimator": estimator,
            "boxes": list(BOXES),
            "primaries": primaries,
            "seed": seed,
            "engine": engine,
        },
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Box:
    tracks: Tracks
    stop: Floats
    """Where the proton of each track stopped in mm of water; NaN if it did not."""


def _read_box(hits: Path, truth: Path, depths: WaterDepths, min_last_deposit: float) -> _Box:
    tracks = true_tracks(read_hits(hits), min_last_deposit=min_last_deposit)
    primaries = read_primaries(truth, ("eventID", "end_z", "fate"))
    row = np.searchsorted(primaries["eventID"], tracks.hits.known_truth.event[tracks.first].numpy())
    stop = np.where(primaries["fate"][row] == STOPPED, depths.of_z(primaries["end_z"][row]), np.nan)
    return _Box(tracks, stop)


def _deposits(boxes: list[_Box], depths: WaterDepths) -> DepositTable:
    residual, deposit = [], []
    for box in boxes:
        offset, layer, energy = flat(box.tracks)
        left = np.repeat(box.stop, np.diff(offset)) - depths.plane[layer]
        known = np.isfinite(left) & (left > 0)
        residual.append(left[known])
        deposit.append(energy[known])
    return DepositTable.count(np.concatenate(residual), np.concatenate(deposit))


def _curve(found: list[Ranges]) -> dict[str, Floats]:
    kept = [trimmed(ranges.value) for ranges in found]
    mean = np.array([ranges.value[part].mean() for ranges, part in zip(found, kept, strict=True)])
    wepl = np.array(BOXES, dtype=np.float64)
    fit = np.polyfit(mean[1:], wepl[1:], 2)
    knots = np.linspace(mean[-1], mean[1], _KNOTS)
    curve = np.array([[*knots, mean[0]], [*np.polyval(fit, knots), 0.0]])
    total = np.array([ranges.value[part].std() for ranges, part in zip(found, kept, strict=True)])
    own = [np.mean(ranges.sd[part] ** 2) for ranges, part in zip(found, kept, strict=True)]
    return {"curve": curve, "spread": np.array([wepl, np.sqrt(np.maximum(total**2 - own, 0.0))])}


def trimmed(value: Floats, *, n_sigma: float = 3.0, rounds: int = 20) -> npt.NDArray[np.bool_]:
    """Returns which values lie within some standard deviations of the mean of those that do."""
    kept = np.isfinite(value)
    for _ in range(rounds):
        mean, sd = value[kept].mean(), value[kept].std()
        kept = np.abs(value - mean) <= n_sigma * sd
    return kept


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
                plane=archive.read("plane"),
                thickness=float(about["thickness"]),
                table=DepositTable(archive.read("deposits")),
                estimator=str(about["estimator"]),
                curve=archive.read("curve"),
                spread=archive.read("spread"),
                provenance=dict(about["provenance"]),
            )
        except (KeyError, ValueError, TypeError) as error:
            raise FormatError(
                f"{path}: expected a calibration, but the file lacks {error}; make one with "
                "`trackscape calibrate`."
            ) from error
