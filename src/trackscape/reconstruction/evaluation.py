"""Parts with truth -> what their tracks are worth, frame by frame."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trackscape.alignment import LayerAlignment
from trackscape.data import Hits
from trackscape.evaluation import FrameCounts
from trackscape.evaluation.evaluate import Measured, measure_frame
from trackscape.graph_construction.labels import Ceiling
from trackscape.reconstruction.parts import FilePart
from trackscape.reconstruction.tracks import each_frame
from trackscape.tracking import Acceptance, Tracker


class MeasureTracks(NamedTuple):
    """Reconstructs the frames of a part, and counts what is right; see `evaluate_frames`."""

    tracker: Tracker
    min_last_deposit: float
    """In MeV; see `trackscape.tracking.accept`."""
    strict: bool = False
    """Whether a frame that cannot be used is an error."""
    alignment: LayerAlignment | None = None
    """Where the layers are; None where the file says."""

    def __call__(self, part: FilePart, folder: Path) -> dict[str, Any]:
        """Returns the counts of each frame; writes nothing."""
        found, skipped = each_frame(
            part, self._measure, alignment=self.alignment, strict=self.strict
        )
        return {"measured": [_as_dict(each) for _, each in found], "skipped": skipped}

    def _measure(self, hits: Hits) -> Measured:
        return measure_frame(hits, tracker=self.tracker, min_last_deposit=self.min_last_deposit)


def _as_dict(measured: Measured) -> dict[str, Any]:
    return {
        "counts": dataclasses.asdict(measured.counts),
        "ceiling": dataclasses.asdict(measured.ceiling),
        "acceptance": dataclasses.asdict(measured.acceptance),
        "seconds": measured.seconds,
    }


def read_measured(results: Sequence[dict[str, Any]]) -> list[Measured]:
    """Returns what `MeasureTracks` found in all parts, frame by frame."""
    return [_from_dict(each) for result in results for each in result["measured"]]


def _from_dict(found: dict[str, Any]) -> Measured:
    counts: dict[str, Any] = {
        name: tuple(count) if isinstance(count, list) else count
        for name, count in found["counts"].items()
    }
    return Measured(
        counts=FrameCounts(**counts),
        ceiling=Ceiling(**found["ceiling"]),
        acceptance=Acceptance(**found["acceptance"]),
        seconds=found["seconds"],
    )
