"""A hit file -> its frames, their tracks, and what the tracks are worth."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from trackscape.data import Hits, Tracks
from trackscape.errors import DataError
from trackscape.evaluation import FrameCounts, Summary, count_frame, summarise
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, split_frames
from trackscape.graph_construction.labels import Ceiling, graph_ceiling
from trackscape.tracking import Tracker, accept, chosen_segments

Progress = Callable[[Sequence[Hits]], Iterable[Hits]]
"""Wraps the frames, to show how far they have been worked on."""


def read_frames(path: Path, *, per_frame: int, max_bytes: int | None = None) -> list[Hits]:
    """Returns the frames of a hit file; `max_bytes` as in `read_hits`.

    Raises:
        FormatError: If the file cannot be read.
        DataError: If it has less than `per_frame` events; names the file.
    """
    hits = read_hits(path, max_bytes=max_bytes)
    try:
        return split_frames(hits, per_frame=per_frame)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def reconstruct_frames(frames: Iterable[Hits], *, tracker: Tracker) -> Iterator[tuple[int, Tracks]]:
    """Yields number and accepted tracks of each frame."""
    for number, frame in enumerate(frames):
        yield number, accept(tracker(frame))


def evaluate_frames(
    frames: Sequence[Hits],
    *,
    tracker: Tracker,
    method: str,
    per_frame: int,
    progress: Progress = iter,
) -> Summary:
    """Reconstructs frames with known truth and measures the tracks.

    Arguments:
        frames: Hits of each frame.
        tracker: Finds the chains of a frame.
        method: Name for the summary.
        per_frame: Primaries per frame, for the summary.
        progress: Wraps the frames; shows a progress bar, for instance.

    Raises:
        DataError: If the frames hold no hit of a primary.
    """
    if not any(bool(frame.known_truth.primary.any()) for frame in frames):
        raise DataError(
            "Expected primaries (parentID 0), but no hit of any frame is of one, so purity and "
            "efficiency mean nothing. Check the column parentID."
        )
    counts: list[FrameCounts] = []
    ceiling = Ceiling(tracker_true=0, tracker_kept=0, calorimeter_true=0, calorimeter_kept=0)
    seconds = 0.0
    for frame in progress(frames):
        start = time.perf_counter()
        chains = tracker(frame)
        tracks = accept(chains)
        seconds += time.perf_counter() - start
        graph = connect_layers(frame)
        counts.append(count_frame(tracks, chosen_segments(chains, graph=graph)))
        ceiling += graph_ceiling(graph)
    return summarise(
        counts,
        method=method,
        per_frame=per_frame,
        graph_ceiling=ceiling.total,
        seconds_per_frame=seconds / len(frames),
    )
