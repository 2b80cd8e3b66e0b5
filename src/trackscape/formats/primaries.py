"""Tables with one row for each primary, as written beside the hits -> a report."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trackscape.errors import FormatError
from trackscape.formats.columns import refuse_rows
from trackscape.formats.files import budget, kind_to_read
from trackscape.formats.tables import PUBLISHED_KEY, open_archive
from trackscape.text import listed, shown

_MARKS = ("eventID", "in_ekin", "out_ekin", "fate")  # columns by which such a table is known
_DIRECTIONS = ("out_dx", "out_dy", "out_dz")  # may be NaN where `out_ekin` is -1
_FATES = {1: "inelastic reaction", 2: "stopped", 3: "left the world", 9: "other"}


@dataclasses.dataclass(frozen=True)
class PrimaryReport:
    """What a table of primaries says about the beam."""

    path: Path
    columns: tuple[str, ...]
    primaries: int
    """Number of rows, one for each primary."""
    behind_phantom: int
    """Number of primaries that reached the exit face of the phantom."""
    energy: tuple[float, float]
    """Median kinetic energies in MeV: of all before the phantom, of those that left it behind."""
    fates: dict[str, int]
    """Number of primaries by the way in which they ended."""

    def render(self) -> str:
        """Returns the report as plain text, one fact a line."""
        before, behind = self.energy
        fates = ", ".join(f"{fate} {n:,}" for fate, n in self.fates.items())
        return (
            f"{shown(self.path)}\n\n"
            "  one row for each primary, no hits: reconstruct the file of hits beside it\n\n"
            f"  columns         {listed(self.columns)}\n"
            f"  primaries       {self.primaries:,}\n"
            f"  behind phantom  {self.behind_phantom:,}\n"
            f"  median energy   {before:.1f} MeV before the phantom, {behind:.1f} MeV behind\n"
            f"  ends            {fates}"
        )


def inspect_primaries(path: Path, *, max_bytes: int | None = None) -> PrimaryReport | None:
    """Returns the report on a table of primaries, or None if the file is something else.

    Raises:
        FormatError: The file is absent or damaged, or a column holds no numbers.
    """
    if kind_to_read(path) != ".npz":
        return None
    with open_archive(path, budget(path, max_bytes)) as archive:
        names = archive.dtype(PUBLISHED_KEY).names if PUBLISHED_KEY in archive else ()
    if not set(_MARKS) <= set(names or ()):
        return None
    table = read_primaries(path, _MARKS, max_bytes=max_bytes)
    if len(table) == 0:
        return None
    before, behind = table["in_ekin"], table["out_ekin"][table["out_ekin"] > 0]
    fates, counts = (found.tolist() for found in np.unique(table["fate"], return_counts=True))
    return PrimaryReport(
        path=path,
        columns=table.dtype.names or (),
        primaries=len(table),
        behind_phantom=len(behind),
        energy=(float(np.median(before)), float(np.median(behind)) if len(behind) else 0.0),
        fates={_FATES.get(fate, str(fate)): n for fate, n in zip(fates, counts, strict=True)},
    )


def read_primaries(
    path: Path, needed: Sequence[str], *, optional: Sequence[str] = (), max_bytes: int | None = None
) -> np.ndarray:
    """Reads a table with one row for each primary, a structured array (primaries,).

    Arguments:
        path: An .npz file that holds a structured array under `arr_0`.
        needed: Columns that must be there, with one finite number in each row; but out_dx,
            out_dy and out_dz may be NaN where out_ekin is negative, and need that column, too.
        optional: Columns that may be absent, but are such numbers if they are there.
        max_bytes: Bytes that the file may unpack to; by default as in `read_hits`.

    Raises:
        FormatError: The file is absent, damaged or something else.
    """
    if kind_to_read(path) != ".npz":
        raise FormatError(f"{path}: expected a table of primaries as .npz, got {path.suffix!r}.")
    with open_archive(path, budget(path, max_bytes)) as archive:
        table: Any = archive.read(PUBLISHED_KEY) if PUBLISHED_KEY in archive else np.empty(0)
    absent = [name for name in needed if name not in (table.dtype.names or ())]
    if absent or table.ndim != 1:
        raise FormatError(
            f"{path}: expected one row for each primary, but "
            f"{'column ' + ', '.join(absent) if absent else 'a list of rows'} is missing; name "
            "the table that was written with the hits."
        )
    for name in (*needed, *set(optional).intersection(table.dtype.names or ())):
        _check_type(table[name], name=name, path=path)
        never = table["out_ekin"] < 0 if name in _DIRECTIONS else False
        values = np.where(never, 0, table[name])
        place = f"{path}: column {name}"
        refuse_rows(values, ~np.isfinite(values), place=place, expected="a finite number")
    return table


def _check_type(column: np.ndarray, *, name: str, path: Path) -> None:
    # Floats of 16 bytes are left out, as some functions of numpy do not know them.
    if column.dtype.kind not in "iuf" or column.dtype.itemsize > 8 or column.ndim != 1:
        raise FormatError(
            f"{path}: column {name}: expected a number for each primary, but it holds "
            f"{shown(column.dtype)} of the shape {column.shape}; store plain numbers."
        )
