"""Parts -> tables of their tracks: one row for each hit, and one for each track."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import torch

from trackscape.alignment import LayerAlignment, align_hits
from trackscape.data import Hits
from trackscape.errors import DataError, FormatError
from trackscape.formats import write_tracks
from trackscape.imaging import Calibration, rows_of_frames, write_track_table
from trackscape.reconstruction.parts import FilePart, Skipped
from trackscape.tracking import (
    Acceptance,
    NetworkTracker,
    Rated,
    Tracker,
    count_acceptance,
    rate_frames,
    rate_tracks,
)

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
    min_probability: float = 0.0
    """Of the tracks that are written; where it is not known they all are."""
    suffix: str = ".parquet"
    """Of the tables of tracks; .trackml of folders with all hits, and their tracks."""
    together: bool = False
    """Whether the frames of a part are tracked in one go, by what `on_device` returned."""

    def __call__(self, part: FilePart, folder: Path) -> dict[str, Any]:
        """Writes tracks/NUMBER.SUFFIX and ranges/NUMBER.parquet, and counts chains and tracks."""
        found, skipped = self._rate(part)
        tracks = [(number, rated.tracks) for number, rated in found]
        name = f"{part.number:06d}.parquet"
        write_tracks(tracks, (folder / TRACKS / name).with_suffix(self.suffix))
        if self.calibration is not None:
            rows = rows_of_frames(tracks, calibration=self.calibration)
            probability = [rated.probability for _, rated in found]
            rows["probability"] = torch.cat(probability or [torch.empty(0)])
            write_track_table([rows], folder / RANGES / name, provenance=self.provenance)
        total = sum((self._count(rated) for _, rated in found), Acceptance())
        return {"frames": len(found), "skipped": skipped, **dataclasses.asdict(total)}

    def _rate(self, part: FilePart) -> tuple[list[tuple[int, Rated]], list[Skipped]]:
        if not self.together:
            return self._each(part, self._rate_one)
        numbered, skipped = self._each(part, lambda hits: hits)
        try:
            rated = self._rate_together([hits for _, hits in numbered])
        except DataError:  # of one of them, which is told when it is alone
            return self._each(part, lambda hits: self._rate_together([hits])[0])
        return list(zip((number for number, _ in numbered), rated, strict=True)), skipped

    def _each(
        self, part: FilePart, use: Callable[[Hits], _Result]
    ) -> tuple[list[tuple[int, _Result]], list[Skipped]]:
        return each_frame(part, use, alignment=self.alignment, strict=self.strict)

    def _rate_together(self, frames: list[Hits]) -> list[Rated]:
        assert isinstance(self.tracker, NetworkTracker)
        rated = rate_frames(self.tracker, frames, min_last_deposit=self.min_last_deposit)
        return [each.at_least(self.min_probability) for each in rated]

    def _rate_one(self, hits: Hits) -> Rated:
        found = rate_tracks(self.tracker, hits, min_last_deposit=self.min_last_deposit)
        return found.at_least(self.min_probability)

    def _count(self, rated: Rated) -> Acceptance:
        counts = count_acceptance(rated.chains, min_last_deposit=self.min_last_deposit)
        unlikely = counts.accepted - len(rated.tracks)
        return dataclasses.replace(counts, accepted=len(rated.tracks), unlikely=unlikely)


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
