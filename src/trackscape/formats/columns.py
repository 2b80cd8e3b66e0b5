"""Column names of a file -> what they mean; values as stored -> possible ones.

Names are compared without regard to capitals and underscores, so that `eventID` (GATE 8 and 9) and
`EventID` (GATE 10) are one alias; of `posX` and `PosX` in one file the exact name is taken.
"""

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trackscape.errors import FormatError
from trackscape.text import listed, shown


@dataclasses.dataclass(frozen=True)
class Meaning:
    """What a column can mean, in words with a unit, and the names under which it is known."""

    text: str
    aliases: tuple[str, ...]
    """Column names, the published one first; of several in one file the earliest is taken."""


_TRUTH_MEANINGS = {
    "event": Meaning("number of the primary (truth)", ("eventID",)),
    "track": Meaning("track in the event (truth)", ("trackID",)),
    "parent": Meaning("parent track, 0 for primaries (truth)", ("parentID",)),
    "run": Meaning("number of the run (truth)", ("runID",)),
    "tree": Meaning("number of the tree: GATE writes one for each run (truth)", ()),
    "pdg": Meaning("particle code (truth)", ("pdg", "PDGEncoding", "PDGCode")),
}
_FRAME_MEANINGS = {
    "spot_x": Meaning("x of the beam spot in mm", ("spotX",)),
    "spot_y": Meaning("y of the beam spot in mm", ("spotY",)),
    "frame": Meaning("number of the readout frame", ("frameID",)),
    "time": Meaning("time of the hit, in any unit", ("time", "timestamp", "GlobalTime")),
}
_LAYER = Meaning("layer", ("layer",))
MEANINGS: dict[str, Meaning] = {
    # A GATE 10 hit is a step. Its end comes first, as it is what GATE 8 and 9 stored as posX.
    "x": Meaning("x in mm", ("posX", "PostPosition_X", "Position_X", "PrePosition_X", "x")),
    "y": Meaning("y in mm", ("posY", "PostPosition_Y", "Position_Y", "PrePosition_Y", "y")),
    "z": Meaning("z in mm", ("posZ", "PostPosition_Z", "Position_Z", "PrePosition_Z", "z")),
    "energy": Meaning("deposited energy in MeV", ("edep", "TotalEnergyDeposit", "energy")),
    **_TRUTH_MEANINGS,
    **_FRAME_MEANINGS,
    "layer": _LAYER,
    "level1": Meaning("volume number, level 1", ("level1ID",)),
    "level2": Meaning("volume number, level 2", ("level2ID",)),
    "volume2": Meaning("volume number, depth 2", ("volumeID[2]",)),
    "volume3": Meaning("volume number, depth 3", ("volumeID[3]",)),
    "base": Meaning("number of the base volume", ("baseID",)),
    # At a border the volume after a step is the next one: it comes last.
    "copy_before": Meaning("copy number before the step", ("PreStepVolumeCopyNo",)),
    "copy": Meaning("copy number of the volume", ("TrackVolumeCopyNo",)),
    "copy_after": Meaning("copy number after the step", ("PostStepVolumeCopyNo",)),
}
MEASURED = ("x", "y", "z", "energy")
TRUTH = ("event", "track", "parent")
SPOT = ("spot_x", "spot_y")
DECIMAL = (*MEASURED, *SPOT, "time")
"""Meanings of columns whose numbers are not whole."""
_LARGEST = float(np.finfo(np.float32).max)  # what overflows the type that networks compute in


class TableKind(NamedTuple):
    """A kind of table: what its columns can mean."""

    what: str
    """What its rows are."""
    meanings: Mapping[str, Meaning]
    needed: tuple[str, ...]
    """Meanings without which it is another table."""


HITS = TableKind("hits", MEANINGS, MEASURED)
PIXELS = TableKind(
    "pixels",
    {
        "layer": _LAYER,
        "stave": Meaning("stave of the layer, from below", ("stave", "staveID")),
        "chip": Meaning("chip of the stave, along x", ("chip", "chipID")),
        "column": Meaning("column of the pixel in its chip, along x", ("column", "col")),
        "row": Meaning("row of the pixel in its chip, along y", ("row",)),
        **_TRUTH_MEANINGS,
        **_FRAME_MEANINGS,
    },
    ("layer", "stave", "chip", "column", "row"),
)


@dataclasses.dataclass(frozen=True)
class FileColumns:
    """The columns of a file that have a meaning: their values, (rows,), and names by meaning."""

    values: Mapping[str, np.ndarray]
    names: Mapping[str, str]
    ignored: tuple[str, ...]
    """Names of the columns that were not read."""
    notes: tuple[str, ...] = ()
    """Remarks on what else was not read, or read in a way that has to be told."""
    kind: TableKind = HITS
    """What the rows are."""

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))

    def has(self, meanings: Iterable[str]) -> bool:
        """Returns whether the file has a column for each of the meanings."""
        return all(meaning in self.values for meaning in meanings)


def is_complete(names: Iterable[str], kind: TableKind = HITS) -> bool:
    """Returns whether columns of these names can be a table of a kind."""
    return not _missing(_candidates(names, kind), kind)


def _candidates(names: Iterable[str], kind: TableKind) -> dict[str, list[str]]:
    """Returns meaning -> the columns of its earliest alias; only the exact one if it is there."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(_fold(name), []).append(name)
    found: dict[str, list[str]] = {}
    for key, meaning in kind.meanings.items():
        for alias in meaning.aliases:
            if near := alike.get(_fold(alias)):
                found[key] = [name for name in near if name == alias] or near
                break
    return found


def _missing(found: Iterable[str], kind: TableKind) -> list[str]:
    # The truth may be absent as a whole (measured data), but not in parts.
    needed = kind.needed + (TRUTH if set(TRUTH) & set(found) else ())
    return [meaning for meaning in needed if meaning not in found]


def select(names: Iterable[str], *, path: Path, kind: TableKind = HITS) -> dict[str, str]:
    """Returns meaning -> column name, for the columns that have a meaning.

    Raises:
        FormatError: Columns are missing, or two of them could be meant.

    Example:
        >>> select(["PosX", "posY", "posZ", "edep", "mass"], path=Path("hits.csv"))
        {'x': 'PosX', 'y': 'posY', 'z': 'posZ', 'energy': 'edep'}
    """
    names = list(names)
    found = _candidates(names, kind)
    for candidates in found.values():
        if len(candidates) > 1:
            raise FormatError(
                f"{path}: expected one column for each quantity, but {listed(candidates)} are "
                "there, of one name but for capitals and underscores; rename or remove some."
            )
    if absent := _missing(found, kind):
        wanted = [kind.meanings[meaning].aliases[0] for meaning in absent]
        raise FormatError(
            f"{path}: expected columns for {kind.what}, but {listed(wanted)} "
            f"{'is' if len(wanted) == 1 else 'are'} missing among the columns "
            f"{listed(names) or '(none)'}; {_advice(wanted, names)}."
        )
    return {meaning: candidates[0] for meaning, candidates in found.items()}


def read_columns(
    names: Iterable[str], read: Callable[[str], np.ndarray], *, path: Path, kind: TableKind = HITS
) -> FileColumns:
    """Reads those of the named columns that have a meaning, see `select`."""
    names = list(names)
    found = select(names, path=path, kind=kind)
    ignored = tuple(name for name in names if name not in found.values())
    values = {meaning: read(name) for meaning, name in found.items()}
    return FileColumns(values, found, ignored, kind=kind)


def _advice(wanted: list[str], names: list[str]) -> str:
    folded = {_fold(name): name for name in names}
    close = {
        name: folded[near[0]]
        for name in wanted
        if (near := difflib.get_close_matches(_fold(name), folded, n=1, cutoff=0.7))
    }
    if close:
        return "rename " + ", ".join(f"{shown(old)!r} to {new!r}" for new, old in close.items())
    return "let the simulation store every one of them, or name another file"


def _fold(name: str) -> str:
    return name.lower().replace("_", "")


def checked(columns: FileColumns, *, path: Path) -> FileColumns:
    """Returns the same columns, DECIMAL ones as float64 and all others as int64.

    Raises:
        FormatError: There are no rows, or a value is not a number, not finite or impossible.
    """
    _check_lengths(columns, path=path)
    values: dict[str, np.ndarray] = {}
    for meaning, column in columns.values.items():
        place = f"{path}: column {shown(columns.names[meaning])}"
        if column.dtype.kind not in "iuf" or column.dtype.itemsize > 8:
            raise FormatError(
                f"{place}: expected numbers ({columns.kind.meanings[meaning].text}), but it holds "
                f"{shown(column.dtype)} values; write plain numbers, with a decimal point."
            )
        if meaning in DECIMAL:
            number = values[meaning] = column.astype(np.float64)
            wrong = ~(np.abs(number) <= _LARGEST)
            refuse_rows(number, wrong, place=place, expected="a finite number")
        else:
            values[meaning] = _whole(column, place=place)
    if "energy" in values:
        place, energy = f"{path}: column {shown(columns.names['energy'])}", values["energy"]
        refuse_rows(energy, energy < 0, place=place, expected="an energy of 0 MeV or more")
    return dataclasses.replace(columns, values=values)


def _check_lengths(columns: FileColumns, *, path: Path) -> None:
    shapes = {columns.names[meaning]: np.shape(v) for meaning, v in columns.values.items()}
    rows = shapes[columns.names[columns.kind.needed[0]]]
    for name, shape in shapes.items():
        if len(shape) != 1 or shape != rows:
            raise FormatError(
                f"{path}: column {shown(name)}: expected one value for each row, shape "
                f"{rows if len(rows) == 1 else '(rows,)'}, but its shape is {shape}; store "
                "columns of one length."
            )
    if rows == (0,):
        raise FormatError(
            f"{path}: expected {columns.kind.what}, but its columns have no rows; aim the beam at "
            "the detector."
        )


def _whole(column: np.ndarray, *, place: str) -> np.ndarray:
    if column.dtype.kind == "i":
        return column.astype(np.int64)
    if column.dtype.kind == "u":
        refuse_rows(column, column >= 2**63, place=place, expected="a whole number below 2^63")
        return column.astype(np.int64)
    values = column.astype(np.float64)
    # Both bounds are powers of two and exact in floats; NaN fails the comparison.
    whole = (values >= -(2.0**63)) & (values < 2.0**63) & (values == np.floor(values))
    refuse_rows(column, ~whole, place=place, expected="a whole number")
    exact = 2.0 ** (np.finfo(column.dtype).nmant + 1)
    rounded = f"since {column.dtype.name} rounds larger ones, so that several fall together"
    expected = f"a number below {exact:.0f}, {rounded} (store integers)"
    refuse_rows(column, np.abs(values) >= exact, place=place, expected=expected)
    return values.astype(np.int64)


def refuse_rows(values: np.ndarray, wrong: np.ndarray, *, place: str, expected: str) -> None:
    """Raises a FormatError that names the first of the rows that are wrong."""
    if wrong.any():
        row = int(wrong.argmax())
        raise FormatError(
            f"{place}, row {row} (counted from 0): expected {expected}, but got {values[row]}; "
            f"correct or remove such rows ({int(wrong.sum())} in all)."
        )
