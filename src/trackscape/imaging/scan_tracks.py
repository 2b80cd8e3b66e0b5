"""A scan -> tables of its tracks, one for each angle, each written once."""

import contextlib
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trackscape.data import Hits
from trackscape.errors import DataError, TrackscapeError
from trackscape.execution import Workers, run_jobs
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.graph_construction.frames import spot_number
from trackscape.imaging.calibration import Calibration
from trackscape.imaging.paths import Optics, optics_of
from trackscape.imaging.probability import tracks_with_probability
from trackscape.imaging.soft import check_beliefs, soft_rows
from trackscape.imaging.track_table import TRACK, read_track_table, track_rows, write_track_table
from trackscape.imaging.truth import true_tracks
from trackscape.simulation import Scan
from trackscape.tracking import MINIMUM_LAST_ENERGY, Tracker

_LOG = logging.getLogger(__name__)

_Progress = Callable[[Sequence[int]], Iterable[int]]
TRUE_TRACKS = "truth"
"""Name of the method that takes the tracks from the simulation."""


class Recipe(NamedTuple):
    """How the tracks of a scan are found."""

    method: str
    """Name of the tracker, or "truth"."""
    tracker: Tracker | None
    """Finds the chains of a frame; None for the truth."""
    per_frame: int
    """Protons in a readout frame."""
    calibration: Calibration
    """Turns tracks into WEPL."""
    min_last_deposit: float = MINIMUM_LAST_ENERGY
    """In MeV; see `trackscape.tracking.accept`."""
    weights: str = ""
    """Digest of the weights of an own network."""
    soft: bool = False
    """Whether rows are what the tracker expects of each proton, see `soft_rows`, in place of the
    tracks that it decides for."""

    def rows(self, hits: Hits, *, angle: float) -> np.ndarray:
        """Returns the rows of all accepted tracks in the hits of one angle, in degrees."""
        if self.tracker is None:
            tracks = true_tracks(hits, min_last_deposit=self.min_last_deposit)
            rows = track_rows(tracks, calibration=self.calibration, angle=angle)
            rows["frame"] = rows["event"] // self.per_frame
            return rows
        parts = [np.empty(0, dtype=TRACK)]
        frames = split_frames(hits, per_frame=self.per_frame)
        _check_spots(hits, frames, self.per_frame)
        for number, frame in enumerate(frames):
            parts.append(self._frame_rows(self.tracker, frame, number, angle))
        return np.concatenate(parts)

    def _frame_rows(self, tracker: Tracker, hits: Hits, frame: int, angle: float) -> np.ndarray:
        calibration, cut = self.calibration, self.min_last_deposit
        if self.soft:
            return soft_rows(
                tracker,
                hits,
                calibration=calibration,
                frame=frame,
                angle=angle,
                min_last_deposit=cut,
            )
        tracks, probability = tracks_with_probability(tracker, hits, min_last_deposit=cut)
        rows = track_rows(tracks, calibration=calibration, frame=frame, angle=angle)
        rows["probability"] = probability.numpy()
        return rows


def _check_spots(hits: Hits, frames: Sequence[Hits], per_frame: int) -> None:
    """Refuses spots with fewer protons than a frame has: the image would have holes."""
    spots = int(spot_number(hits).max()) + 1
    left = {tuple(frame.spot[0].tolist()) for frame in frames if frame.spot is not None}
    if hits.spot is not None and len(left) < spots:
        raise DataError(
            f"Expected {per_frame} protons with a hit or more in each spot, but "
            f"{spots - len(left)} of {spots} spots have fewer; take fewer protons per frame "
            "(--per-frame)."
        )


def _check_per_frame(scan: Scan, per_frame: int) -> None:
    """Refuses, before work, frames of more protons than the beam sent through a spot."""
    fewest = int(np.bincount(scan.spot_of_event, minlength=len(scan.spots)).min())
    if per_frame > fewest:
        raise DataError(
            f"Expected at most {fewest} protons in a frame (--per-frame), since there are "
            f"{fewest} at a spot of this scan, got {per_frame}."
        )


class ScanTracks(NamedTuple):
    """Tables of the tracks of a scan, and what an image of them needs."""

    paths: list[Path]
    """One table for each angle."""
    angles: list[float]
    """Rotation of the object in degrees."""
    optics: Optics
    """Beam and trackers."""

    def rows(self, number: int) -> np.ndarray:
        """Reads the tracks of an angle, of type `TRACK`."""
        return read_track_table(self.paths[number])[0]


def track_scan(
    scan: Scan,
    recipe: Recipe,
    folder: Path | str,
    *,
    executor: Workers | None = None,
    progress: _Progress = iter,
) -> ScanTracks:
    """Finds the tracks of each angle of a scan.

    Tables that are there, of the same hits and the same recipe, are not made again, so that an
    interrupted run goes on with the next angle.

    Arguments:
        scan: Scan with a file of hits for each angle.
        recipe: How tracks are found.
        folder: Where the tables go; it is made if it is not there.
        executor: Who shares the angles, such as `Processes`; the tables do not depend on it. Other
            machines need a folder and a scan that they see, too. This process alone if None.
        progress: Wraps the numbers of the angles that are not there yet.

    Raises:
        DataError: Soft tracks of a tracker that has no beliefs, or hits that make no tracks.
    """
    if recipe.soft:
        check_beliefs(recipe.tracker, recipe.calibration, name=recipe.method)
    if recipe.tracker is not None:
        _check_per_frame(scan, recipe.per_frame)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    job = _AngleJob(scan, recipe, folder)
    numbers = range(len(scan.files))
    left = [number for number in numbers if not job.is_done(number)]
    crew = executor if len(left) > 1 else None
    with contextlib.closing(run_jobs(job, left, crew)) as finished:
        for _, (number, _) in zip(progress(left), finished, strict=True):
            _LOG.info("Found the tracks of angle %d.", number)
    return ScanTracks(
        [job.path(number) for number in numbers], scan.angles.tolist(), optics_of(scan)
    )


class _AngleJob(NamedTuple):
    """Writes the table of the angle of a number."""

    scan: Scan
    recipe: Recipe
    folder: Path

    def __call__(self, number: int) -> None:
        rows = _rows_of(self.scan, self.recipe, number)
        about = _provenance(self.scan, self.recipe, number)
        write_track_table([rows], self.path(number), provenance=about)

    def path(self, number: int) -> Path:
        return self.folder / f"tracks_{number:03d}.parquet"

    def is_done(self, number: int) -> bool:
        return _is_of(self.path(number), _provenance(self.scan, self.recipe, number))


def _rows_of(scan: Scan, recipe: Recipe, number: int) -> np.ndarray:
    hits = read_hits(scan.files[number])
    try:
        return recipe.rows(hits, angle=float(scan.angles[number]))
    except DataError as error:
        raise DataError(f"{scan.files[number]}: {error}") from error


def _provenance(scan: Scan, recipe: Recipe, number: int) -> dict[str, Any]:
    # Tables of decided tracks are those that were made before there were others.
    return ({"soft": True} if recipe.soft else {}) | {
        "hits": scan.digests[number],
        "angle": float(scan.angles[number]),
        "method": recipe.method,
        "weights": recipe.weights,
        "per_frame": recipe.per_frame,
        "min_last_deposit": recipe.min_last_deposit,
        "calibration": recipe.calibration.provenance,
    }


def _is_of(path: Path, about: dict[str, Any]) -> bool:
    if not path.is_file():
        return False
    try:
        return read_track_table(path)[1] == json.loads(json.dumps(about))
    except TrackscapeError:
        return False  # damaged: it is written again
