"""`Hits`, `Tracks` -> .npz, .parquet or .csv."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from trackscape.errors import DataError
from trackscape.files import replacing
from trackscape.formats.files import kind_to_write
from trackscape.formats.layers import N_TRACKERS

if TYPE_CHECKING:
    from torch import Tensor

    from trackscape.data import Hits, Tracks


def write_hits(hits: "Hits", path: Path | str) -> None:
    """Writes hits with the published column names, in the format that the suffix names.

    The columns: posX posY posZ (mm), edep (MeV), eventID trackID parentID, level1ID level2ID,
    then pdg, spotX spotY (mm) where they are known. An .npz file holds one structured array
    under `arr_0`. The trackers 0 and 1 have level1ID = layer, level2ID = -1; deeper layers
    have level1ID = 0, level2ID = layer - 2.

    Arguments:
        hits: "Hits" to write; `read_hits` gives them back equal if layers are planes in z.
        path: New file ending in .npz, .parquet or .csv; an old one is replaced.

    Raises:
        FormatError: The suffix is unknown, or the file cannot be written there.
    """
    tracker = hits.layer < N_TRACKERS
    columns = _measured(hits) | _truth(hits)
    columns["level1ID"] = hits.layer.where(tracker, 0)
    columns["level2ID"] = (hits.layer - N_TRACKERS).where(~tracker, -1)
    if hits.truth is not None and hits.truth.pdg is not None:
        columns["pdg"] = hits.truth.pdg
    if hits.spot is not None:
        columns["spotX"], columns["spotY"] = hits.spot.unbind(1)
    _write_parts([columns], Path(path))


def write_tracks(frames: "Iterable[tuple[int, Tracks]]", path: Path | str) -> None:
    """Writes reconstructed tracks, one row for each hit on a track.

    The columns: frame, track (counted in its frame from 0), step (0 is the first layer of the
    track), layer, posX posY posZ (mm), edep (MeV), and eventID trackID parentID where the truth
    is known. Hits without a track are left out. Parquet and CSV are written frame by frame; the
    file appears when the last frame is done, and not at all if one fails.

    Arguments:
        frames: (number of the frame, its tracks), one after the other.
        path: New file ending in .parquet, .csv or .npz; an old one is replaced.

    Raises:
        FormatError: The suffix is unknown, or the folder is absent or full.
        DataError: The truth is known in some of the frames only.
    """
    _write_parts(_parts(frames), Path(path))


def _parts(frames: "Iterable[tuple[int, Tracks]]") -> "Iterator[dict[str, Tensor]]":
    none = True
    for number, tracks in frames:
        none = False
        yield _part(number, tracks)
    if none:
        yield _part(0, _no_tracks())  # the columns alone


def _part(frame: int, tracks: "Tracks") -> "dict[str, Tensor]":
    import torch

    hits, number = tracks.hits.select(tracks.index), tracks.number
    columns = {
        "frame": torch.full_like(number, frame),
        "track": number,
        "step": torch.arange(len(number), device=number.device) - tracks.offset[number],
        "layer": hits.layer,
    }
    return columns | _measured(hits) | _truth(hits)


def _no_tracks() -> "Tracks":
    import torch

    from trackscape.data import Hits, Tracks

    none = torch.empty(0, dtype=torch.int64)
    hits = Hits(position=torch.empty(0, 3), energy=torch.empty(0), layer=none)
    return Tracks(hits=hits, index=none, offset=torch.zeros(1, dtype=torch.int64))


def _measured(hits: "Hits") -> "dict[str, Tensor]":
    """Returns posX, posY, posZ in mm and edep in MeV."""
    x, y, z = hits.position.unbind(1)
    return {"posX": x, "posY": y, "posZ": z, "edep": hits.energy}


def _truth(hits: "Hits") -> "dict[str, Tensor]":
    """Returns eventID, trackID and parentID, or nothing where the truth is not known."""
    truth = hits.truth
    if truth is None:
        return {}
    return {"eventID": truth.event, "trackID": truth.track, "parentID": truth.parent}


def _write_parts(parts: "Iterable[dict[str, Tensor]]", path: Path) -> None:
    """Writes tables below one another into one file.

    Parquet and CSV are written part by part, .npz when all parts are there.

    Arguments:
        parts: One table or more, each column name -> values (rows,).
        path: New file ending in .npz, .parquet or .csv; an old one is replaced.

    Raises:
        FormatError: The suffix is unknown, or the file cannot be written there.
        DataError: The parts have different columns.
    """
    kind = kind_to_write(path)
    with replacing(path) as temporary, temporary.open("wb") as file:
        arrays = _alike(parts)
        if kind == ".npz":
            np.savez_compressed(file, arr_0=np.concatenate(list(arrays)))
            return
        open_writer = arrow_parquet.ParquetWriter if kind == ".parquet" else arrow_csv.CSVWriter
        first = _arrow(next(arrays))
        with open_writer(file, first.schema) as writer:
            writer.write_table(first)
            for array in arrays:
                writer.write_table(_arrow(array))


def _alike(parts: "Iterable[dict[str, Tensor]]") -> Iterator[np.ndarray]:
    """Gives each part as a structured array, all of one type."""
    expected: np.dtype | None = None
    for number, part in enumerate(parts):
        array = _structured(part)
        expected = expected or array.dtype
        if array.dtype != expected:
            raise DataError(
                f"Expected the columns {expected} in every part of the file, but part {number} "
                f"has {array.dtype}; give all parts the same types, and the truth to all or none."
            )
        yield array


def _structured(part: "dict[str, Tensor]") -> np.ndarray:
    columns = {name: column.detach().cpu().numpy() for name, column in part.items()}
    rows = len(next(iter(columns.values())))
    array = np.empty(rows, dtype=[(name, column.dtype) for name, column in columns.items()])
    for name, column in columns.items():
        array[name] = column
    return array


def _arrow(array: np.ndarray) -> Any:  # pyarrow's tables have no type
    names = array.dtype.names or ()
    return pa.table({name: np.ascontiguousarray(array[name]) for name in names})
