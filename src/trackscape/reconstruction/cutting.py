"""Rows in the order of a file -> readout frames, chunk by chunk."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trackscape.errors import ConfigError, DataError, FormatError
from trackscape.formats.columns import FileColumns

_MOST_ROWS = 10_000_000  # of a frame; those of a readout have some 10,000
_FEWEST_ROWS = 0.7  # units for each row, from which units of several rows must have been torn apart
_SECTIONS = ("run", "tree", "spot_x", "spot_y")


class FrameRule(NamedTuple):
    """What makes a readout frame: a number of events, a window of time, or else frameID."""

    per_frame: int | None = None
    """Consecutive events with a hit, of one beam spot."""
    window: float | None = None
    """Length of a frame, in the unit of the column of times; frames begin at its multiples."""

    def units(self, columns: FileColumns, path: Path) -> np.ndarray:
        """Returns the number of what is never torn, events or frames, for each row.

        Raises:
            FormatError: The file has no such column.
            ConfigError: Events and a window are both named, or the window has no length.
        """
        if self.window is not None and (self.per_frame is not None or not 0 < self.window < np.inf):
            raise ConfigError(
                "Expected frames of a number of protons, of a window of time longer than 0, or by "
                f"number, got per_frame = {self.per_frame} and window = {self.window}; name one."
            )
        if self.per_frame is not None:
            return _column(columns, "event", path, "leave --per-frame out for frames by number")
        if self.window is not None:
            advice = "store the time of each hit, or leave --window out for frames by number"
            return np.floor(_column(columns, "time", path, advice) / self.window)
        advice = (
            "say how many simulated protons make a frame (--per-frame) or how long it lasts "
            "(--window), or store frameID"
        )
        return _column(columns, "frame", path, advice)


def _column(columns: FileColumns, meaning: str, path: Path, advice: str) -> np.ndarray:
    if meaning not in columns.values:
        raise FormatError(
            f"{path}: expected the {meaning} of each row, to make readout frames, but there is no "
            f"such column; {advice}."
        )
    return columns.values[meaning]


@dataclasses.dataclass(frozen=True, eq=False)
class Frames:
    """Rows of some whole frames, one frame after the other."""

    columns: FileColumns
    """Columns of the rows, as they are stored."""
    start: np.ndarray
    """First row of each frame, (F + 1,), with the number of rows at the end."""

    def __len__(self) -> int:
        return len(self.start) - 1

    def __getitem__(self, frames: slice) -> "Frames":
        begin, end, _ = frames.indices(len(self))
        first, last = self.start[begin], self.start[end]
        columns = take_rows(self.columns, slice(first, last))
        return Frames(columns, self.start[begin : end + 1] - first)


def join_frames(parts: Sequence[Frames]) -> Frames:
    """Returns frames one after the other."""
    rows = np.cumsum([0, *(part.start[-1] for part in parts)])
    starts = [part.start[:-1] + row for part, row in zip(parts, rows[:-1], strict=True)]
    start = np.append(np.concatenate(starts), rows[-1])
    return Frames(join_columns([part.columns for part in parts]), start)


class Cutter:
    """Cuts the rows of a file into frames, as they come.

    Units, events or frames, come one after the other, with numbers that rise; they may begin anew,
    as where files were merged, with one that is no larger than the first of those before. Events of
    one beam spot (and run) come together.
    """

    def __init__(self, rule: FrameRule, path: Path) -> None:
        self._rule, self._path = rule, path
        self._tail: FileColumns | None = None
        self._done = 0  # rows before the tail
        self._first = self._last = -np.inf  # units since they began anew
        self._sections: set[tuple[float, ...]] = set()
        self.begun_anew = False
        """Whether numbers did begin anew."""
        self.left_over = 0
        """Events that were too few for a frame, at the end of their beam spot."""

    def cut(self, columns: FileColumns, *, last: bool) -> Frames:
        """Returns the frames that are whole with some more rows; `last` are those that end a file.

        Raises:
            FormatError: Rows are out of order, or lack what makes a frame.
            DataError: A frame is too large.
        """
        n_tail = 0 if self._tail is None else len(self._tail)
        self._rule.units(columns, self._path)  # says what is missing
        if self._rule.per_frame is not None and (columns.values["event"] < 0).any():
            columns = take_rows(columns, columns.values["event"] >= 0)  # noise of no event
        if self._tail is not None:
            columns = join_columns([self._tail, columns])
        unit = self._rule.units(columns, self._path)
        sections = [columns.values[key] for key in _SECTIONS if key in columns.values]
        begins_section = _changes(sections, len(unit))
        start = np.flatnonzero(begins_section | _changes([unit], len(unit)))
        fresh = start[start >= n_tail]
        torn = len(start) > _FEWEST_ROWS * len(unit)
        self._check_order(unit[fresh], begins_section[fresh], fresh, sections, torn=torn)
        frame = self._number(begins_section[start])
        first = np.flatnonzero(np.diff(frame, prepend=-1))
        edges, n_units = np.append(start[first], len(unit)), np.bincount(frame)
        if not last and len(first):  # the last frame may go on
            self._keep(columns, edges[-2])
            edges, n_units = edges[:-1], n_units[:-1]
        return self._whole(columns, edges, n_units)

    def _number(self, begins_section: np.ndarray) -> np.ndarray:
        """Frame of each unit, from 0."""
        if self._rule.per_frame is None:
            return np.arange(len(begins_section))
        order = np.arange(len(begins_section))
        begin = np.maximum.accumulate(np.where(begins_section, order, 0))
        return np.cumsum((order - begin) % self._rule.per_frame == 0) - 1

    def _keep(self, columns: FileColumns, begin: int) -> None:
        self._tail = take_rows(columns, slice(begin, None))
        self._done += begin
        if len(self._tail) > _MOST_ROWS:
            raise DataError(
                f"{self._path}: expected frames of at most {_MOST_ROWS:,} hits, but that at row "
                f"{self._done:,} has more; make frames of fewer protons."
            )

    def _whole(self, columns: FileColumns, edges: np.ndarray, n_units: np.ndarray) -> Frames:
        rows = np.diff(edges)
        whole = np.ones(len(rows), dtype=bool)
        if self._rule.per_frame is not None:
            whole = n_units == self._rule.per_frame
            self.left_over += int(n_units[~whole].sum())
        kept = slice(0, edges[-1]) if whole.all() else np.flatnonzero(np.repeat(whole, rows))
        return Frames(take_rows(columns, kept), np.concatenate([[0], np.cumsum(rows[whole])]))

    def _check_order(
        self,
        unit: np.ndarray,
        begins_section: np.ndarray,
        start: np.ndarray,
        sections: Sequence[np.ndarray],
        *,
        torn: bool,
    ) -> None:
        if len(unit) == 0:
            return
        before = np.concatenate([[self._last], unit[:-1]])
        falls = (unit < before) & ~begins_section
        begin = np.maximum.accumulate(np.where(falls | begins_section, np.arange(len(unit)), -1))
        begin_before = np.concatenate([[-1], begin[:-1]])
        first = np.where(begin_before < 0, self._first, unit[begin_before])
        self.begun_anew |= bool(falls.any())
        wrong = falls & ((unit > first) | torn)
        if wrong.any():
            place = int(wrong.argmax())
            raise _OrderError(
                f"{self._path}: expected rows in the order of events or frames, but "
                f"{unit[place]:.0f} comes after {before[place]:.0f} at row "
                f"{self._done + start[place]:,}; sort the rows."
            )
        self._first, self._last = unit[begin[-1]] if begin[-1] >= 0 else self._first, unit[-1]
        if self._rule.per_frame is not None:
            for place in start[begins_section].tolist():
                self._check_section(tuple(float(each[place]) for each in sections), place)

    def _check_section(self, section: tuple[float, ...], place: int) -> None:
        if section in self._sections:
            raise _OrderError(
                f"{self._path}: expected the events of a run and beam spot one after the other, "
                f"but row {self._done + place:,} is of one that was there before; sort the rows."
            )
        self._sections.add(section)


class _OrderError(FormatError):
    pass


def is_in_order(columns: FileColumns, rule: FrameRule, path: Path) -> bool:
    """Returns whether the first rows of a file can be cut as they come, without a doubt."""
    cutter = Cutter(rule, path)
    try:
        cutter.cut(columns, last=True)
    except _OrderError:
        return False
    return not cutter.begun_anew


def in_order(columns: FileColumns, rule: FrameRule, path: Path) -> FileColumns:
    """Returns rows in the order of runs, beam spots, and events or frames; else as they were."""
    sections = [columns.values[key] for key in _SECTIONS if key in columns.values]
    return take_rows(columns, np.lexsort([rule.units(columns, path), *reversed(sections)]))


def _changes(columns: Sequence[np.ndarray], rows: int) -> np.ndarray:
    """Whether each row differs from that before it; the first one does."""
    new = np.zeros(rows, dtype=bool)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return new


def take_rows(columns: FileColumns, rows: slice | np.ndarray) -> FileColumns:
    """Returns some rows of all columns."""
    values = {meaning: column[rows] for meaning, column in columns.values.items()}
    return dataclasses.replace(columns, values=values)


def join_columns(parts: Sequence[FileColumns]) -> FileColumns:
    """Returns columns one below the other."""
    if len(parts) == 1:
        return parts[0]
    values = {
        meaning: np.concatenate([part.values[meaning] for part in parts])
        for meaning in parts[0].values
    }
    return dataclasses.replace(parts[0], values=values)
