"""Parts -> tables of their tracks: one row for each hit, and one for each track."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from trackscape.alignment import LayerAlignment, align_hits
from trackscape.data import Hits, Tracks
from trackscape.errors import DataError, FormatError
from trackscape.formats import write_tracks
from trackscape.imaging import Calibration, rows_of_frames, write_track_table
from trackscape.reconstruction.parts import FilePart, Skipped
from trackscape.tracking import Acceptance, Tracker, count_acceptance, rate_tracks

_Result = TypeVar("_Result")
TRACKS, RANGES = "tracks", "ranges"
"""Folders of the tables of hits on tracks, and of those of tracks."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FindTracks:
    """Finds the tracks of a part, and writes them."""

    tracker: Tracker
    min_last_deposit: float
    """In MeV; see `trackscape.tracking.accept`."""
    calibration: Calibration | None = None
    """Turns tracks into ranges, which are left out without it."""
    provenance: dict[str, Any] = dataclasses.field(default_factory=dict)
    strict: bool = False
    """Whether a frame that cannot be used is an error."""
    alignment: LayerAlignment | None = None
    """Where the layers are; None where the file says."""

    def __call__(self, part: FilePart, folder: Path) -> dict[str, Any]:
        """Writes tracks/NUMBER.parquet and ranges/NUMBER.parquet, and counts chains and tracks."""
        found, skipped = each_frame(part, self._find, alignment=self.alignment, strict=self.strict)
        tracks = [(number, accepted) for number, (_, accepted, _) in found]
        name = f"{part.number:06d}.parquet"
        write_tracks(tracks, folder / TRACKS / name)
        if self.calibration is not None:
            rows = rows_of_frames(tracks, calibration=self.calibration)
            rows["probability"] = torch.cat([p for _, (_, _, p) in found] or [torch.empty(0)])
            write_track_table([rows], folder / RANGES / name, provenance=self.provenance)
        total = sum((counts for _, (counts, _, _) in found), Acceptance())
        return {"frames": len(found), "skipped": skipped, **dataclasses.asdict(total)}

    def _find(self, hits: Hits) -> tuple[Acceptance, Tracks, Tensor]:
        cut = self.min_last_deposit
        found = rate_tracks(self.tracker, hits, min_last_deposit=cut)
        counts = count_acceptance(found.chains, min_last_deposit=cut)
        return counts, found.tracks, found.probability


def each_frame(
    part: FilePart,
    use: Callable[[Hits], _Result],
    *,
    alignment: LayerAlignment | None = None,
    strict: bool = False,
) -> tuple[list[tuple[int, _Result]], list[Skipped]]:
    """Calls a function with the hits of each frame of a part, where an alignment says they are.

    Returns:
        Number and result of each frame, and what was left out as it is damaged or too large.

    Raises:
        FormatError: If `strict`, a frame is damaged; likewise DataError.
    """
    found, skipped = list[tuple[int, _Result]](), list[Skipped]()
    for number, make in _makers(part, strict=strict):
        try:
            hits = make() if alignment is None else align_hits(make(), alignment)
            found.append((number, use(hits)))
        except (DataError, FormatError) as error:
            if strict:
                raise
            skipped.append(Skipped(str(part.path), number, str(error)))
    return found, skipped


def _makers(part: FilePart, *, strict: bool) -> Iterator[tuple[int, Callable[[], Hits]]]:
    """What makes the hits of each frame; all at once, or one by one if some are damaged."""
    numbers = range(part.first_frame, part.first_frame + len(part.frames))
    try:
        for number, hits in zip(numbers, part.hits(), strict=True):
            yield number, lambda hits=hits: hits
    except (DataError, FormatError):
        if strict:
            raise
        for place, number in enumerate(numbers):
            yield number, lambda place=place: part.one(place).hits()[0]
