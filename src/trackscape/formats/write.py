"""`Hits`, `Tracks` -> .npz, .parquet, .csv, .root or .trackml."""

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from trackscape.errors import DataError
from trackscape.files import replacing
from trackscape.formats.event_names import TRACKML
from trackscape.formats.files import kind_to_write
from trackscape.formats.layers import N_TRACKERS
from trackscape.formats.write_root import root_writer
from trackscape.formats.write_trackml import write_hit_events, write_track_events

if TYPE_CHECKING:
    from torch import Tensor

    from trackscape.data import Hits, Tracks

_BATCH = 64  # frames whose tracks are put together
_TRACKS = "Tracks"  # tree of tracks in ROOT files
_GROUP = 2**18  # rows of parquet that are written at a time


def write_hits(hits: "Hits", path: Path | str) -> None:
    """Writes hits to an .npz, .parquet, .csv or .root file, or in place of an old one.

    The columns: posX posY posZ (mm), edep (MeV), eventID trackID parentID, level1ID level2ID,
    then pdg, spotX spotY (mm), frameID where they are known. An .npz file holds one structured
    array under `arr_0`, a .root file a TTree `Hits`. The trackers 0 and 1 have level1ID = layer,
    level2ID = -1; deeper layers have level1ID = 0, level2ID = layer - 2. `read_hits` returns the
    same if layers are planes in z.

    A name that ends with .trackml is that of a folder with the files of TrackML (docs/formats.md),
    an event for each frame; beam spots are left out there.

    Raises:
        FormatError: The suffix is unknown, or the file cannot be written there.
    """
    from trackscape.data.tables import hit_columns, optional_columns

    if kind_to_write(Path(path), events=True) == TRACKML:
        write_hit_events(hits, Path(path))
        return
    tracker = hits.layer < N_TRACKERS
    columns = hit_columns(hits)
    columns["level1ID"] = hits.layer.where(tracker, 0)
    columns["level2ID"] = (hits.layer - N_TRACKERS).where(~tracker, -1)
    _write_parts([columns | optional_columns(hits)], Path(path), tree="Hits")


def write_tracks(frames: "Iterable[tuple[int, Tracks]]", path: Path | str) -> None:
    """Writes the tracks of numbered frames, a row for each hit, as .parquet, .csv, .root or .npz.

    The columns: frame, track (counted in its frame from 0), step (0 is the first layer of the
    track), layer, posX posY posZ (mm), edep (MeV), and eventID trackID parentID where the truth
    is known. Hits without a track are left out. A .root file holds a TTree `Tracks`. All but .npz
    are written frame by frame; the file appears when the last frame is done, and not at all if one
    fails.

    A name that ends with .trackml is that of a folder with the files of TrackML: all hits of each
    frame, and submission.csv, their tracks.

    Raises:
        FormatError: The suffix is unknown, or the folder is absent or full.
        DataError: The truth is known in some of the frames only.
    """
    if kind_to_write(Path(path), events=True) == TRACKML:
        write_track_events(frames, Path(path))
    else:
        _write_parts(_parts(frames), Path(path), tree=_TRACKS)


def join_tables(tables: Sequence[Path], path: Path) -> None:
    """Writes tables of .parquet files, one below the other, as one file of any suffix.

    Raises:
        FormatError: The file cannot be written there.
        DataError: Some tables have other columns.
    """
    arrays = (_from_arrow(arrow_parquet.read_table(each, use_threads=False)) for each in tables)
    filled = (array for array in arrays if len(array))
    first = next(filled, None)
    if first is None:
        _write_parts([_part(_no_tracks(), [0], [0])], path, tree=_TRACKS)
    else:
        _write_arrays(itertools.chain([first], filled), path, tree=_TRACKS)


def _parts(frames: "Iterable[tuple[int, Tracks]]") -> "Iterator[dict[str, Tensor]]":
    from trackscape.data import Tracks

    n_frames = 0
    for _, some in itertools.groupby(frames, key=lambda frame: frame[1].hits.truth is None):
        while batch := list(itertools.islice(some, _BATCH)):
            n_frames += len(batch)
            numbers, tracks = zip(*batch, strict=True)
            yield _part(Tracks.join(tracks), numbers, [len(each) for each in tracks])
    if n_frames == 0:
        yield _part(_no_tracks(), [0], [0])  # the columns alone


def _part(
    tracks: "Tracks", frames: "Sequence[int]", n_tracks: Sequence[int]
) -> "dict[str, Tensor]":
    import torch

    from trackscape.data.tables import hit_columns

    hits, number, counts = tracks.hits.select(tracks.index), tracks.number, torch.tensor(n_tracks)
    first = torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    columns = {
        "frame": torch.repeat_interleave(torch.tensor(frames), counts)[number],
        "track": number - first[number],
        "step": torch.arange(len(number)) - tracks.offset[number],
        "layer": hits.layer,
    }
    return columns | hit_columns(hits)


def _no_tracks() -> "Tracks":
    import torch

    from trackscape.data import Hits, Tracks

    none = torch.empty(0, dtype=torch.int64)
    hits = Hits(position=torch.empty(0, 3), energy=torch.empty(0), layer=none)
    return Tracks(hits=hits, index=none, offset=torch.zeros(1, dtype=torch.int64))


def _write_parts(parts: "Iterable[dict[str, Tensor]]", path: Path, *, tree: str) -> None:
    _write_arrays(map(_structured, parts), path, tree=tree)


def _write_arrays(arrays: Iterable[np.ndarray], path: Path, *, tree: str) -> None:
    """Writes tables below one another; .npz when all are there."""
    kind = kind_to_write(path)
    with replacing(path) as temporary, temporary.open("w+b") as file:
        arrays = gathered(_alike(arrays))
        if kind == ".npz":
            np.savez_compressed(file, arr_0=np.concatenate(list(arrays)))
            return
        first = next(arrays)
        with table_writer(file, first.dtype, tree=tree, path=path) as add:
            for array in itertools.chain([first], arrays):
                add(array)


@contextlib.contextmanager
def table_writer(
    file: BinaryIO,
    dtype: np.dtype[Any],
    *,
    tree: str,
    path: Path,
    metadata: Mapping[bytes, str] | None = None,
) -> Generator[Callable[[np.ndarray], None], None, None]:
    """Gives a function that adds rows to a new file, .parquet, .csv or .root as `path` is named."""
    kind = kind_to_write(path)
    if kind == ".root":
        with root_writer(file, dtype, tree=tree, path=path) as add:
            yield add
        return
    names = dtype.names or ()
    fields = [(name, pa.from_numpy_dtype(dtype[name])) for name in names]
    schema = pa.schema(fields, metadata=metadata)
    open_writer = arrow_parquet.ParquetWriter if kind == ".parquet" else arrow_csv.CSVWriter
    with open_writer(file, schema) as writer:

        def add_table(rows: np.ndarray) -> None:
            columns = [np.ascontiguousarray(rows[name]) for name in names]
            writer.write_table(pa.table(columns, schema=schema))

        yield add_table


def _alike(arrays: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Gives structured arrays, all of one type."""
    expected: np.dtype | None = None
    for number, array in enumerate(arrays):
        expected = expected or array.dtype
        if array.dtype != expected:
            raise DataError(
                f"Expected the columns {expected} in every part of the file, but part {number} "
                f"has {array.dtype}; give all parts the same types, and the truth to all or none."
            )
        yield array


def gathered(arrays: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Puts small arrays together: a frame of its own makes a poor group of rows."""
    waiting, rows = list[np.ndarray](), 0
    for array in arrays:
        waiting.append(array)
        rows += len(array)
        if rows >= _GROUP:
            yield np.concatenate(waiting)
            waiting, rows = [], 0
    if waiting:
        yield np.concatenate(waiting)


def _structured(part: "dict[str, Tensor]") -> np.ndarray:
    columns = {name: column.detach().cpu().numpy() for name, column in part.items()}
    rows = len(next(iter(columns.values())))
    array = np.empty(rows, dtype=[(name, column.dtype) for name, column in columns.items()])
    for name, column in columns.items():
        array[name] = column
    return array


def _from_arrow(table: Any) -> np.ndarray:
    columns = {name: table.column(name).to_numpy() for name in table.column_names}
    array = np.empty(table.num_rows, dtype=[(name, c.dtype) for name, c in columns.items()])
    for name, column in columns.items():
        array[name] = column
    return array
