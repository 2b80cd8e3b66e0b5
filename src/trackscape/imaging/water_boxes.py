"""Simulated boxes of water -> calibration: what ranges behind a known water-equivalent path are."""

import dataclasses
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

import trackscape
from trackscape.compiled import Floats
from trackscape.data import Tracks
from trackscape.formats import read_hits
from trackscape.formats.primaries import read_primaries
from trackscape.imaging.calibration import Calibration, estimate
from trackscape.imaging.ranges import DepositTable, Ranges
from trackscape.imaging.truth import flat, true_tracks
from trackscape.imaging.water import WaterDepths, water_depths
from trackscape.simulation import STOPPED, load_detector, make_setup, simulate
from trackscape.tracking.acceptance import least_last_deposit

BOXES = (0, 25, 50, 75, 100, 125, 150, 175, 200, 225, 250, 275)
"""Thicknesses in mm of the boxes of water of a calibration; 0 is none."""
_KNOTS = 60

_Progress = Callable[[Sequence[int]], Iterable[int]]


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
