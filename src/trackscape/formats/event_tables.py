"""CSV files of an event -> their columns, checked, and what is known of hits."""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from trackscape.errors import FormatError
from trackscape.formats.columns import refuse_rows
from trackscape.formats.files import NUMBER_BYTES, Budget, reading
from trackscape.formats.tables import first_line
from trackscape.text import listed, shown

_LAYER_BITS, _VOLUME_BITS = (36, 0xFFF), (56, 0xFF)  # of a geometry_id of ACTS: shift, then mask


Beside = Mapping[str, Path]
"""Files beside that of the hits of an event: cells, truth and particles, those that are there."""


@dataclasses.dataclass(frozen=True)
class HitOwners:
    """Who left each of N hits."""

    number: np.ndarray
    """Number of the particle in its event, from 0, (N,) int64; -1 where it is nobody's."""
    count: int
    """Number of particles."""
    pdg: np.ndarray | None = None
    """Particle code of each hit, (N,) int64; 0 where it is nobody's."""
    ids: tuple[np.ndarray, ...] | None = None
    """Event, track and parent of each hit, (N,) int64 each, where the file has them."""


@dataclasses.dataclass(frozen=True)
class EventHits:
    """Hits of one event."""

    position: np.ndarray
    """(N, 3) float64, in mm."""
    energy: np.ndarray | None
    """Deposits as stored, (N,) float64; None where they are not known."""
    plane: np.ndarray
    """Volume and layer as they are numbered in the file, (N, 2) int64."""
    particles: HitOwners | None = None
    """Who left them; None for measured hits."""


class EventTable:
    """Columns of a file by name: whole numbers as int64 or uint64, all others as float64."""

    def __init__(self, path: Path, columns: dict[str, np.ndarray]) -> None:
        self.path, self._columns = path, columns

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> np.ndarray:
        return self._columns[name]

    def together(self, *names: str) -> np.ndarray:
        """Returns columns side by side, (rows, names)."""
        return np.stack([self._columns[name] for name in names], axis=1)

    def check_unique(self, name: str) -> None:
        """Raises a FormatError that names the first value that is there twice."""
        values, counts = np.unique(self[name], return_counts=True)
        if (counts > 1).any():
            raise FormatError(
                f"{self.path}: expected each {name} once, but {values[counts > 1][0]} is there "
                f"{counts.max()} times; number the rows of each event anew."
            )

    def places(self, name: str, of: "EventTable", *, other: str | None = None) -> np.ndarray:
        """Returns the row of another table with the same number, for each row of this one.

        Raises:
            FormatError: There is none.
        """
        known, wanted = of[other or name], self[name]
        order = np.argsort(known, kind="stable")
        place = np.searchsorted(known, wanted, sorter=order)
        place = order[np.minimum(place, len(known) - 1)] if len(known) else np.zeros_like(place)
        absent = known[place] != wanted if len(known) else np.ones(len(wanted), dtype=bool)
        refuse_rows(
            wanted, absent, place=f"{self.path}: column {name}", expected=f"one of {of.path.name}"
        )
        return place


def read_event_table(
    path: Path,
    *,
    whole: Iterable[str] = (),
    decimal: Iterable[str] = (),
    optional: Iterable[str] = (),
    spare: Budget,
) -> EventTable:
    """Reads columns of a CSV file with one line of names.

    Arguments:
        path: The file.
        whole: Columns of whole numbers from 0 on, below 2^64.
        decimal: Columns of finite numbers.
        optional: Columns of whole numbers, below 0 as well, that may be absent.
        spare: What may be unpacked.

    Raises:
        FormatError: The file is absent, empty or damaged, lacks columns, or values are no such
            numbers.
    """
    if not os.path.isfile(path):
        raise FormatError(f"{path}: expected a file, but nothing is there; check the path.")
    if path.stat().st_size == 0:
        raise FormatError(
            f"{path}: expected columns, but the file is empty (0 bytes); write it anew."
        )
    delimiter, names = first_line(path)
    types = dict.fromkeys(whole, pa.uint64()) | dict.fromkeys(decimal, pa.float64())
    absent = [name for name in types if name not in names]
    if absent:
        raise FormatError(
            f"{path}: expected the columns {listed(types)}, but {listed(absent)} "
            f"{'is' if len(absent) == 1 else 'are'} missing among {listed(names)}; rename or add "
            "them."
        )
    types |= {name: pa.int64() for name in optional if name in names}
    spare.take(NUMBER_BYTES * path.stat().st_size, what=f"the text of {shown(path.name)}")
    with reading(path):
        table = arrow_csv.read_csv(
            path,
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=list(types), column_types=types, null_values=[]
            ),
        )
        columns = {name: table.column(name).to_numpy() for name in types}
    for name in decimal:
        place = f"{path}: column {name}"
        wrong = ~np.isfinite(columns[name])
        refuse_rows(columns[name], wrong, place=place, expected="a finite number")
    return EventTable(path, columns)


def plane_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the columns that number detector elements, of TrackML or of ACTS."""
    return ("geometry_id",) if "geometry_id" in names else ("volume_id", "layer_id")


def planes_of(table: EventTable) -> np.ndarray:
    """Returns volume and layer of each row, (rows, 2) int64."""
    if "geometry_id" not in table:
        return table.together("volume_id", "layer_id").astype(np.int64)
    code = table["geometry_id"].astype(np.uint64)
    parts = [
        (code >> np.uint64(shift)) & np.uint64(mask) for shift, mask in (_VOLUME_BITS, _LAYER_BITS)
    ]
    return np.stack(parts, axis=1).astype(np.int64)


def sum_cells(hits: EventTable, path: Path | None, key: str, spare: Budget) -> np.ndarray | None:
    """Returns the sum of the values of the cells of each hit; None where there is no such file.

    Raises:
        FormatError: A hit has no cell, or a cell no hit.
    """
    if path is None:
        return None
    cells = read_event_table(path, whole=(key,), decimal=("value",), spare=spare)
    place = cells.places(key, hits)
    counts = np.bincount(place, minlength=len(hits))
    if (counts == 0).any():
        raise FormatError(
            f"{path}: expected one cell or more for each hit, but {key} "
            f"{hits[key][counts == 0][0]} has none; add its cells, or remove the file."
        )
    return np.bincount(place, weights=cells["value"], minlength=len(hits))
