"""Tracks and assignment of one frame -> `FrameCounts`, the whole numbers behind every metric."""

import dataclasses
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor

from trackscape.data import Assignment, Tracks
from trackscape.errors import DataError
from trackscape.evaluation.matching import Match, Particles, find_particles, match_tracks
from trackscape.tracking.acceptance import MINIMUM_LAST_ENERGY

HIT_BINS = (5, 10, 15, 20, 25, 30, 35, 40)
"""Lower edges of the bins in the number of hits of a primary; the last bin has no upper edge."""
SCORED_HITS = 4
"""Particles with at least so many hits count for the TrackML score."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrameCounts:
    """Counts of one frame, or, added, of many.

    A track is *pure* if all its hits are of one particle. A reconstructable primary is one that a
    perfect reconstruction finds (`trackscape.evaluation.matching.Particles`); each is counted once,
    however many tracks it has. An edge is true if its hits have the same event.
    """

    tracks: int
    """Accepted tracks."""
    primary_tracks: int
    """Accepted tracks all of whose hits are of primaries."""
    correct_tracks: int
    """Primary tracks all of whose hits have one event."""
    fake_tracks: int
    """Accepted tracks of which no particle owns more than half of the hits."""
    primary_events: int
    """Events all of whose hits in the frame are of primaries."""
    reconstructable: int
    found: int
    """Reconstructable primaries with at least one pure track."""
    found_complete: int
    """Reconstructable primaries with a pure track that holds all their hits."""
    found_by_majority: int
    """Reconstructable primaries with a track that holds more than half of their hits, and more than
    half of whose hits are theirs."""
    reconstructable_by_hits: tuple[int, ...]
    """Reconstructable primaries, by number of hits in the bins `HIT_BINS`."""
    found_by_hits: tuple[int, ...]
    """Found primaries, by number of hits in the same bins."""
    scored_hits: int
    """Hits of the particles, secondaries too, with at least `SCORED_HITS` hits."""
    matched_hits: int
    """Scored hits on a track that holds more than half of the particle's hits, and more than half
    of whose hits are the particle's."""
    true_edges: int
    selected_true_edges: int
    false_edges: int
    selected_false_edges: int

    def __add__(self, other: "FrameCounts") -> "FrameCounts":
        mine, theirs = dataclasses.asdict(self), dataclasses.asdict(other)
        return FrameCounts(**{name: _sum(mine[name], theirs[name]) for name in mine})


def count_frame(
    tracks: Tracks, assignment: Assignment, *, min_last_deposit: float = MINIMUM_LAST_ENERGY
) -> FrameCounts:
    """Counts the accepted tracks and the chosen edges of one frame.

    Primaries below the cut in MeV that the tracks were accepted with are not reconstructable.

    Raises:
        DataError: If the hits have no truth, or tracks and assignment are of different hits.
    """
    if len(tracks.hits) != len(assignment.graph.hits):
        raise DataError(
            f"The tracks are of a frame with {len(tracks.hits)} hits, the assignment of one with "
            f"{len(assignment.graph.hits)}. Pass the tracks and the assignment of the same graph."
        )
    truth = tracks.hits.known_truth
    particles = find_particles(tracks.hits, min_last_deposit=min_last_deposit)
    match = match_tracks(tracks, particles=particles)
    return FrameCounts(
        tracks=len(tracks),
        **_whole_tracks(tracks),
        primary_events=len(truth.event.unique()) - len(truth.event[~truth.primary].unique()),
        **_primaries(particles, match, length=tracks.length),
        **_majorities(particles, match, length=tracks.length),
        **_edges(assignment),
    )


def _whole_tracks(tracks: Tracks) -> dict[str, Any]:
    """The published categories, which look at the events alone."""
    truth = tracks.hits.known_truth
    primary = _all_of_track(truth.primary[tracks.index], tracks)
    event_of_first = truth.event[tracks.first][tracks.number]
    one_event = _all_of_track(truth.event[tracks.index] == event_of_first, tracks)
    return {
        "primary_tracks": int(primary.sum()),
        "correct_tracks": int((primary & one_event).sum()),
    }


def _primaries(particles: Particles, match: Match, *, length: Tensor) -> dict[str, Any]:
    wanted = particles.reconstructable
    pure = match.shared == length
    found = wanted & _any_track(pure, particles, match)
    complete = pure & (length == particles.n_hits[match.particle])
    return {
        "reconstructable": int(wanted.sum()),
        "found": int(found.sum()),
        "found_complete": int((wanted & _any_track(complete, particles, match)).sum()),
        "reconstructable_by_hits": _histogram(particles.n_hits[wanted]),
        "found_by_hits": _histogram(particles.n_hits[found]),
    }


def _majorities(particles: Particles, match: Match, *, length: Tensor) -> dict[str, Any]:
    n_hits = particles.n_hits[match.particle]
    owned = 2 * match.shared > length
    both = owned & (2 * match.shared > n_hits)
    scored = particles.n_hits >= SCORED_HITS
    # Two tracks can't both hold more than half of one particle, so nothing is counted twice.
    return {
        "fake_tracks": int((~owned).sum()),
        "found_by_majority": int((both & particles.reconstructable[match.particle]).sum()),
        "scored_hits": int(particles.n_hits[scored].sum()),
        "matched_hits": int(match.shared[both & scored[match.particle]].sum()),
    }


def _edges(assignment: Assignment) -> dict[str, Any]:
    event = assignment.graph.hits.known_truth.event
    downstream, upstream = assignment.graph.edge_index
    true = event[downstream] == event[upstream]
    selected = assignment.selected
    return {
        "true_edges": int(true.sum()),
        "selected_true_edges": int((true & selected).sum()),
        "false_edges": int((~true).sum()),
        "selected_false_edges": int((~true & selected).sum()),
    }


def _all_of_track(mask: Bool[Tensor, " places"], tracks: Tracks) -> Bool[Tensor, " tracks"]:
    """Whether the mask holds for every hit of the track."""
    every = torch.ones_like(tracks.length, dtype=torch.bool)
    every[tracks.number[~mask]] = False
    return every


def _any_track(
    mask: Bool[Tensor, " tracks"], particles: Particles, match: Match
) -> Bool[Tensor, " particles"]:
    """Whether the mask holds for a track whose majority particle it is."""
    some = torch.zeros_like(particles.primary)
    some[match.particle[mask]] = True
    return some


def _histogram(n_hits: Tensor) -> tuple[int, ...]:
    edges = torch.tensor(HIT_BINS, device=n_hits.device)
    number = torch.bucketize(n_hits, edges, right=True) - 1
    return tuple(torch.bincount(number, minlength=len(HIT_BINS)).tolist())


def _sum(mine: Any, theirs: Any) -> Any:
    if isinstance(mine, tuple):
        return tuple(a + b for a, b in zip(mine, theirs, strict=True))
    return mine + theirs
