"""Files of hits -> parts of some frames each, in memory that does not grow with the files."""

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from trackscape.data import Hits
from trackscape.errors import DataError, FormatError
from trackscape.formats.columns import MEASURED, FileColumns, checked
from trackscape.formats.layers import is_row_by_row, number_layers
from trackscape.formats.read import interpret, recognise, to_hits
from trackscape.formats.stream import stream_columns
from trackscape.graph_construction import make_frame
from trackscape.reconstruction.cutting import (
    Cutter,
    FrameRule,
    Frames,
    in_order,
    is_in_order,
    join_frames,
    take_rows,
)

_MOST_FRAMES, _MOST_ROWS = 32, 2**18  # a part ends with the frame that reaches either
_Chunks = Iterator[tuple[FileColumns, bool]]


class FilePart(NamedTuple):
    """Some frames of a file, as they are stored."""

    number: int
    """Number of the part, over all files."""
    path: Path
    """File that it is from."""
    first_frame: int
    """Number of its first frame, over all files."""
    frames: Frames
    """Rows of the frames."""
    layer_rule: str
    """How the layers of the file are numbered."""

    def hits(self, make: Callable[[Hits], Hits] = make_frame) -> list[Hits]:
        """Returns the hits of each frame, by default cleaned ones.

        Raises:
            FormatError: Values are impossible, or layers are numbered in another way.
        """
        found = interpret(self.frames.columns, path=self.path)
        if found.numbering.rule != self.layer_rule:
            raise FormatError(
                f"{self.path}: expected layers by the rule {self.layer_rule}, as in the rows "
                f"before, but those from frame {self.first_frame:,} on disagree with posZ; correct "
                "them."
            )
        hits, start = to_hits(found), self.frames.start.tolist()
        self._refuse_twice(hits)
        return [make(hits.select(torch.arange(*edges))) for edges in itertools.pairwise(start)]

    def _refuse_twice(self, hits: Hits) -> None:
        """Refuses rows that are there twice, as where a file was merged with itself."""
        measured = torch.cat([hits.position, hits.energy[:, None]], dim=1).float().numpy()
        place = np.ascontiguousarray(measured[:, :2]).view(np.int64)[:, 0]  # x and y, bit by bit
        order = np.argsort(place)
        same = (place[order[1:]] == place[order[:-1]]).nonzero()[0]
        one, other = order[same], order[same + 1]
        twice = (measured[one] == measured[other]).all(axis=1)
        frame = np.repeat(np.arange(len(self.frames)), np.diff(self.frames.start))
        twice &= frame[one] == frame[other]
        if hits.truth is not None:
            twice &= (hits.truth.event[one] == hits.truth.event[other]).numpy()
        if twice.any():
            row = int(other[twice].min())
            raise DataError(
                f"{self.path}: expected each hit once, but in frame "
                f"{self.first_frame + frame[row]:,} {int(twice.sum()):,} are there again, of the "
                "same position and energy; remove rows that were written twice."
            )

    def one(self, frame: int) -> "FilePart":
        """Returns the part with one of its frames only."""
        return self._replace(
            first_frame=self.first_frame + frame, frames=self.frames[frame : frame + 1]
        )


class Skipped(NamedTuple):
    """What could not be used."""

    path: str
    """File that it is of."""
    frame: int | None
    """Number of the frame that is left out; None for all that is left of the file."""
    reason: str
    """What is wrong with it."""

    def __str__(self) -> str:
        what = f"the rest of {self.path}" if self.frame is None else f"frame {self.frame:,}"
        return f"Skipped {what}: {self.reason}"


class Parts:
    """Reads files, one after the other, and cuts them into parts.

    Arguments:
        paths: Files of hits.
        rule: What makes a frame.
        strict: Whether damage is an error; else the rest of a damaged file is left out.
        max_bytes: What a file may unpack to that has to be read whole, as its rows are not in
            order, or its layers not numbered row by row.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        rule: FrameRule,
        *,
        strict: bool = False,
        max_bytes: int | None = None,
    ) -> None:
        self._paths, self._rule, self._strict, self._max_bytes = paths, rule, strict, max_bytes
        self.parts = self.frames = self.left_over = 0
        """What was read so far; `left_over` are events that were too few for a frame."""
        self.skipped: list[Skipped] = []
        """Files that could not be read to their end."""

    def __iter__(self) -> Generator[FilePart]:
        for path in self._paths:
            try:
                yield from self._read(path)
            except (FormatError, DataError) as error:
                if self._strict or (len(self._paths) == 1 and self.parts == 0):
                    raise
                self.skipped.append(Skipped(str(path), None, str(error)))
        if self.parts == 0:
            if self.skipped:
                raise DataError(self.skipped[0].reason)
            files = f"{self._paths[0]}" + (" and others" if len(self._paths) > 1 else "")
            raise DataError(
                f"{files}: expected at least {self._rule.per_frame} protons with a hit, of one "
                f"beam spot, for one frame, but there are {self.left_over:,} in all; take fewer "
                "protons per frame."
            )

    def _read(self, path: Path) -> Iterator[FilePart]:
        cutter, waiting = Cutter(self._rule, path), list[Frames]()
        with _open(path, self._rule, self._max_bytes) as (layer_rule, chunks):
            try:
                for columns, last in chunks:
                    waiting = [join_frames([*waiting, cutter.cut(columns, last=last)])]
                    while n_frames := _full(waiting[0]):
                        yield self._part(path, waiting[0][:n_frames], layer_rule)
                        waiting = [waiting[0][n_frames:]]
            except (FormatError, DataError):
                if not self._strict:
                    yield from (self._part(path, each, layer_rule) for each in waiting if len(each))
                raise
            yield from (self._part(path, each, layer_rule) for each in waiting if len(each))
        self.left_over += cutter.left_over

    def _part(self, path: Path, frames: Frames, layer_rule: str) -> FilePart:
        part = FilePart(self.parts, path, self.frames, frames, layer_rule)
        self.parts, self.frames = self.parts + 1, self.frames + len(frames)
        return part


def _full(frames: Frames) -> int:
    """Number of frames for the next part; 0 if more of them have to be read."""
    n_frames = 1 + int(np.searchsorted(frames.start[1:], _MOST_ROWS))
    n_frames = min(n_frames, _MOST_FRAMES)
    return n_frames if n_frames <= len(frames) else 0


@contextlib.contextmanager
def _open(
    path: Path, rule: FrameRule, max_bytes: int | None
) -> Generator[tuple[str, _Chunks], None, None]:
    """Opens a file, and says how its layers are numbered."""
    with stream_columns(path) as stream:
        chunks = with_last(stream.chunks)
        columns, last = next(chunks, (None, True))
        if columns is None:
            raise FormatError(
                f"{path}: expected hits, but its columns have no rows; aim the beam at the "
                "detector."
            )
        rule.units(columns, path)
        first = checked(_plausible(columns), path=path)
        numbering = number_layers(first, first.values["z"], path=path)
        if is_row_by_row(numbering.rule) and is_in_order(columns, rule, path):
            yield numbering.rule, itertools.chain([(columns, last)], chunks)
            return
    whole, layer_rule = _read_whole(path, max_bytes)
    yield layer_rule, iter([(in_order(whole, rule, path), True)])


def _plausible(columns: FileColumns) -> FileColumns:
    """Returns the rows whose measured values are possible; the others are told in their frame."""
    kept = np.ones(len(columns), dtype=bool)
    for meaning in MEASURED:
        column = columns.values[meaning]
        if column.dtype.kind == "f":
            kept &= np.isfinite(column)
    return columns if kept.all() else take_rows(columns, kept)


def with_last(chunks: Iterator[FileColumns]) -> _Chunks:
    """Says of each chunk whether it is the last one."""
    before = next(chunks, None)
    while before is not None:
        try:
            after = next(chunks, None)
        except FormatError:  # what was read before is whole
            yield before, False
            raise
        yield before, after is None
        before = after


def _read_whole(path: Path, max_bytes: int | None) -> tuple[FileColumns, str]:
    """Returns all columns, with layers and unique events, and the rule of its layers."""
    found = recognise(path, max_bytes=max_bytes)
    values = {**found.columns.values, "layer": found.numbering.layer, **(found.truth or {})}
    names = {**found.columns.names, "layer": "layer"}
    return FileColumns(values, names, found.columns.ignored), "layer"
