"""A hit file -> its frames, their tracks, and what the tracks are worth."""

import dataclasses
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from trackscape import tracking
from trackscape.data import Hits, Tracks
from trackscape.errors import DataError
from trackscape.evaluation.counts import FrameCounts, count_frame
from trackscape.evaluation.summary import Summary, summarise
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, split_frames
from trackscape.graph_construction.frames import spot_number
from trackscape.graph_construction.labels import Ceiling, graph_ceiling
from trackscape.simulation import layer_depths


@dataclasses.dataclass
class Tally:
    """Adds up why chains are rejected while frames are reconstructed."""

    total: tracking.Acceptance = dataclasses.field(default_factory=tracking.Acceptance)

    def add(self, chains: Tracks, *, min_last_deposit: float) -> None:
        """Counts the chains of one more frame."""
        self.total += tracking.count_acceptance(chains, min_last_deposit=min_last_deposit)


class FrameSet(NamedTuple):
    """The frames of a hit file."""

    frames: list[Hits]
    left_over: int
    """Events with a hit that are in no frame: the last of each spot, too few for one."""
    depths: dict[int, float]
    """Mean z in mm of the hits in each layer of the file."""


def split_file(
    path: Path | str, *, per_frame: int | None = None, max_bytes: int | None = None
) -> FrameSet:
    """Reads a hit file and splits it into frames; raises as `read_hits` and `split_hits` do."""
    hits = read_hits(path, max_bytes=max_bytes)
    frames = split_hits(hits, per_frame=per_frame, path=path)
    depths = layer_depths(hits.layer.numpy(), hits.position[:, 2].double().numpy())
    left_over = 0
    if per_frame is not None:
        spot_and_event = torch.stack([spot_number(hits), hits.known_truth.event])
        left_over = spot_and_event.unique(dim=1).shape[1] - per_frame * len(frames)
    return FrameSet(frames, left_over, depths)


def read_frames(path: Path | str, *, per_frame: int | None = None) -> list[Hits]:
    """Returns the frames of a hit file; raises as `read_hits` and `split_hits` do."""
    return split_hits(read_hits(path), per_frame=per_frame, path=path)


def split_hits(hits: Hits, *, per_frame: int | None, path: Path | str) -> list[Hits]:
    """Splits the hits of a file into frames.

    Raises:
        DataError: If there are less than `per_frame` events, or no numbers of frames; names the
            file.
    """
    try:
        return split_frames(hits, per_frame=per_frame)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def reconstruct_frames(
    frames: Iterable[Hits],
    *,
    tracker: tracking.Tracker,
    min_last_deposit: float = tracking.MINIMUM_LAST_ENERGY,
    tally: Tally | None = None,
) -> Iterator[tuple[int, Tracks]]:
    """Yields number and accepted tracks of each frame; see `evaluate_frames`."""
    for number, frame in enumerate(frames):
        chains = tracker(frame)
        if tally is not None:
            tally.add(chains, min_last_deposit=min_last_deposit)
        yield number, tracking.accept(chains, min_last_deposit=min_last_deposit)


def evaluate_frames(
    frames: Sequence[Hits],
    *,
    tracker: tracking.Tracker,
    method: str,
    per_frame: int,
    progress: Callable[[Sequence[Hits]], Iterable[Hits]] = iter,
    min_last_deposit: float = tracking.MINIMUM_LAST_ENERGY,
    tally: Tally | None = None,
) -> Summary:
    """Reconstructs frames with known truth and measures the tracks.

    Decisions on segments are counted on the published graph, for all methods; the ceiling is that
    of the graph that the method chooses from, and of the published one where it has none. Progress
    wraps the frames, to show a bar, for instance. The cut in MeV is on the tracks, and on what
    counts as reconstructable. Method and primaries per frame go into the summary as they are.

    Raises:
        DataError: If the frames hold no hit of a primary.
    """
    check_primaries(frames)
    tracker(frames[0])  # what is loaded or compiled at first use is no part of the time
    measured = [
        measure_frame(frame, tracker=tracker, min_last_deposit=min_last_deposit)
        for frame in progress(frames)
    ]
    if tally is not None:
        tally.total = sum((each.acceptance for each in measured), tally.total)
    return summarise_frames(measured, method=method, per_frame=per_frame)


class Measured(NamedTuple):
    """What was measured on a frame."""

    counts: FrameCounts
    ceiling: Ceiling
    """Of the graph that the method chooses from, or of the published one where it has none."""
    acceptance: tracking.Acceptance
    seconds: float
    """Wall time of the reconstruction."""


def measure_frame(hits: Hits, *, tracker: tracking.Tracker, min_last_deposit: float) -> Measured:
    """Reconstructs a frame with known truth and counts its tracks; see `evaluate_frames`."""
    start = time.perf_counter()
    chains = tracker(hits)
    tracks = tracking.accept(chains, min_last_deposit=min_last_deposit)
    seconds = time.perf_counter() - start
    graph = connect_layers(hits)
    chosen = tracking.chosen_segments(chains, graph=graph)
    own = tracker.scorer if isinstance(tracker, tracking.NetworkTracker) else None
    return Measured(
        counts=count_frame(tracks, chosen, min_last_deposit=min_last_deposit),
        ceiling=graph_ceiling(graph if own is None else own.connect(hits)),
        acceptance=tracking.count_acceptance(chains, min_last_deposit=min_last_deposit),
        seconds=seconds,
    )


def check_primaries(frames: Iterable[Hits]) -> None:
    """Raises a DataError if no hit of the frames is of a primary."""
    if not any(bool(frame.known_truth.primary.any()) for frame in frames):
        raise DataError(
            "Expected primaries (parentID 0), but no hit of any frame is of one, so purity and "
            "efficiency mean nothing. Check the column parentID."
        )


def summarise_frames(measured: Sequence[Measured], *, method: str, per_frame: int) -> Summary:
    """Returns what was measured on frames in one summary."""
    none = Ceiling(tracker_true=0, tracker_kept=0, calorimeter_true=0, calorimeter_kept=0)
    return summarise(
        [each.counts for each in measured],
        method=method,
        per_frame=per_frame,
        graph_ceiling=sum((each.ceiling for each in measured), none).total,
        seconds_per_frame=statistics.median(each.seconds for each in measured),
    )
