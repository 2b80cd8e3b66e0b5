"""One row for each track: where it went in, how far it came, and what that says of the object."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trackscape.data import Tracks
from trackscape.errors import FormatError
from trackscape.formats.rows import read_table, write_table
from trackscape.imaging.calibration import Calibration

N_DEPOSITS = 3
"""Number of deposits of a track that the table holds, from the last one upstream."""
TRACK = np.dtype(
    [(name, "i4") for name in ("frame", "track", "hits", "event")]
    + [(name, "f4") for name in ("angle", "spotX", "spotY", "posX", "posY", "posZ")]
    + [(name, "f4") for name in ("slopeX", "slopeY", "range", "range_sd", "log_likelihood")]
    + [(name, "f4") for name in ("wepl", "wepl_sd")]
    + [(f"deposit{step}", "f4") for step in range(N_DEPOSITS)]
    + [("probability", "f4"), ("right", "i1")]
)
"""Columns of a track.

frame, track     numbers as in the table of hits on tracks
hits             number of hits
event            primary that owns its first hit; -1 without truth
angle            rotation of the object in degrees; NaN if it is not of a scan
spotX, spotY     where the axis of its beam spot crosses the isocentre plane in mm; 0 without spots
posX, posY, posZ first hit in mm
slopeX, slopeY   dx/dz and dy/dz from the first to the second tracker; NaN if it lacks one of them
range, range_sd  residual range in mm of water, and its standard deviation
log_likelihood   of the deposits, for each of them
wepl, wepl_sd    water-equivalent path length in the object in mm, and its standard deviation
deposit0, ...    last deposits in MeV, the deepest first; NaN where there is none
probability      that it is right (`trackscape.tracking.rate_tracks`), in scans that of its least
                 certain segment; NaN if the method does not say
right            1 if all of its hits are of one primary, 0 if not, -1 without truth
"""


def track_rows(
    tracks: Tracks, *, calibration: Calibration, frame: int = 0, angle: float = float("nan")
) -> np.ndarray:
    """Returns the rows of the tracks of one frame, (N,) of type `TRACK`.

    Arguments:
        tracks: Accepted tracks.
        calibration: That of the detector and the beam.
        frame: Number of the frame.
        angle: Rotation of the object in degrees.
    """
    rows = np.zeros(len(tracks), dtype=TRACK)
    if len(tracks) == 0:
        return rows
    ranges = calibration.ranges(tracks)
    rows["frame"], rows["track"], rows["angle"] = frame, np.arange(len(tracks)), angle
    rows["hits"] = tracks.length.numpy()
    rows["range"], rows["range_sd"], rows["log_likelihood"] = ranges
    rows["wepl"], rows["wepl_sd"] = calibration.wepl(ranges)
    rows["probability"] = np.nan
    _add_line(rows, tracks)
    _add_deposits(rows, tracks)
    _add_truth(rows, tracks)
    return rows


def rows_of_frames(frames: Sequence[tuple[int, Tracks]], *, calibration: Calibration) -> np.ndarray:
    """Returns the rows of the tracks of some numbered frames together; see `track_rows`."""
    filled = [(number, tracks) for number, tracks in frames if len(tracks)]
    if not filled:
        return np.zeros(0, dtype=TRACK)
    rows = track_rows(Tracks.join([tracks for _, tracks in filled]), calibration=calibration)
    rows["frame"] = np.repeat([n for n, _ in filled], [len(tracks) for _, tracks in filled])
    rows["track"] = np.concatenate([np.arange(len(tracks)) for _, tracks in filled])
    return rows


def _add_line(rows: np.ndarray, tracks: Tracks) -> None:
    hits, first = tracks.hits, tracks.first
    second = tracks.index[tracks.offset[:-1] + 1]  # accepted tracks have five hits and more
    start, end = hits.position[first].double(), hits.position[second].double()
    slope = (end - start)[:, :2] / (end - start)[:, 2:]
    lined = (hits.layer[first] == 0) & (hits.layer[second] == 1)
    slope = slope.where(lined[:, None], torch.nan)
    for axis, name in enumerate("XYZ"):
        rows[f"pos{name}"] = start[:, axis].numpy()
    rows["slopeX"], rows["slopeY"] = slope.T.numpy()
    if hits.spot is not None:
        rows["spotX"], rows["spotY"] = hits.spot[first].T.numpy()


def _add_deposits(rows: np.ndarray, tracks: Tracks) -> None:
    for step in range(N_DEPOSITS):
        place = tracks.offset[1:] - 1 - step
        known = place >= tracks.offset[:-1]
        deposit = tracks.hits.energy[tracks.index[place.clamp(min=0)]]
        rows[f"deposit{step}"] = deposit.where(known, torch.nan).numpy()


def _add_truth(rows: np.ndarray, tracks: Tracks) -> None:
    truth = tracks.hits.truth
    if truth is None:
        rows["event"] = rows["right"] = -1
        return
    event, track, primary = truth.event[tracks.index], truth.track[tracks.index], truth.primary
    number = tracks.number
    own = event == truth.event[tracks.first][number]
    own &= (track == truth.track[tracks.first][number]) & primary[tracks.index]
    right = torch.ones(len(tracks), dtype=torch.int64)
    right.scatter_reduce_(0, number, own.long(), reduce="amin")
    rows["event"], rows["right"] = truth.event[tracks.first].numpy(), right.numpy()


def write_track_table(
    chunks: Iterable[np.ndarray], path: Path | str, *, provenance: Mapping[str, Any]
) -> int:
    """Writes rows of tracks as parquet, csv, root or npz, with the provenance, and counts them.

    CSV and ROOT hold no provenance; a ROOT file has the TTree `Ranges`. The file appears when
    all is written.

    Arguments:
        chunks: Arrays of type `TRACK`.
        path: New file; an old one is replaced.
        provenance: What JSON can hold.
    """
    return write_table(chunks, Path(path), dtype=TRACK, provenance=provenance, tree="Ranges")


def read_track_table(path: Path | str) -> tuple[np.ndarray, dict[str, Any]]:
    """Reads rows of tracks, (N,) of type `TRACK`, and their provenance.

    Raises:
        FormatError: The file is absent, damaged or another table.
    """
    rows, provenance = read_table(Path(path), dtype=TRACK)
    wrong = ~np.isfinite(rows["wepl"])
    if wrong.any():
        raise FormatError(
            f"{path}: expected a finite WEPL for each track, got {rows['wepl'][wrong][0]} in row "
            f"{int(wrong.argmax())}; write the table again."
        )
    return rows, provenance


def join_track_tables(tables: Sequence[Path], path: Path, *, provenance: Mapping[str, Any]) -> int:
    """Writes tables of tracks one below the other; see `write_track_table`."""
    chunks = (read_track_table(table)[0] for table in tables)
    return write_track_table(chunks, path, provenance=provenance)
