"""Hits and tracks -> the particles of a frame, who owns each track, which segments are right."""

import dataclasses

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from trackscape.data import Hits, Tracks
from trackscape.tracking.acceptance import MINIMUM_HITS, MINIMUM_LAST_ENERGY


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Particles:
    """What left hits in a frame: one particle for each pair (event, track) of Geant4.

    The primary of an event is the particle without a parent.
    """

    of_hit: Int[Tensor, " hits"]
    """Number of the particle that left each hit."""
    n_hits: Int[Tensor, " particles"]
    primary: Bool[Tensor, " particles"]
    reconstructable: Bool[Tensor, " particles"]
    """Whether the particle is a primary with as many hits, and as much energy in the deepest of
    them, as an accepted track needs."""


def find_particles(hits: Hits, *, min_last_deposit: float = MINIMUM_LAST_ENERGY) -> Particles:
    """Numbers the particles of a frame; the cut in MeV is that which tracks are accepted with.

    Raises:
        DataError: If the hits have no truth.
    """
    truth = hits.known_truth
    event = truth.event.unique(return_inverse=True)[1]
    track_values, track = truth.track.unique(return_inverse=True)
    particle, of_hit, n_hits = (event * len(track_values) + track).unique(
        return_inverse=True, return_counts=True
    )
    primary = torch.zeros_like(particle, dtype=torch.bool)
    primary[of_hit[truth.primary]] = True
    ends_bright = _last_energy(hits, of_hit, len(particle)) > min_last_deposit
    return Particles(
        of_hit=of_hit,
        n_hits=n_hits,
        primary=primary,
        reconstructable=primary & (n_hits >= MINIMUM_HITS) & ends_bright,
    )


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Match:
    """The majority particle of each track."""

    particle: Int[Tensor, " tracks"]
    """The particle that owns most hits of the track; of equals the first."""
    shared: Int[Tensor, " tracks"]
    """How many hits of the track it owns."""


def match_tracks(tracks: Tracks, *, particles: Particles) -> Match:
    """Finds the majority particle of each track.

    Of the table track x particle only the cells that are not 0 are counted: sorted pairs (track,
    particle) and how often each occurs.
    """
    n_particles = len(particles.n_hits)
    pair = tracks.number * n_particles + particles.of_hit[tracks.index]
    cell, count = pair.unique(return_counts=True)
    track, particle = cell // max(n_particles, 1), cell % max(n_particles, 1)
    shared = count.new_zeros(len(tracks)).scatter_reduce(0, track, count, "amax")
    most = count == shared[track]
    majority = particle.new_zeros(len(tracks)).scatter_reduce(
        0, track[most], particle[most], "amin", include_self=False
    )
    return Match(particle=majority, shared=shared)


def _last_energy(hits: Hits, of_hit: Tensor, n_particles: int) -> Tensor:
    """Deposit in MeV of the deepest hit of each particle; the largest of several."""
    deepest = hits.layer.new_zeros(n_particles).scatter_reduce(0, of_hit, hits.layer, "amax")
    last = hits.layer == deepest[of_hit]
    energy = hits.energy.new_zeros(n_particles)
    return energy.scatter_reduce(0, of_hit[last], hits.energy[last], "amax")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """The tracks of one frame against the truth."""

    correct: Bool[Tensor, " tracks"]
    """Whether all hits of the track have one event, whether or not it is complete."""
    wrong: Bool[Tensor, " segments"]
    """Whether the segment joins two events; the order is that of `held_segments`."""
    missed: Int[Tensor, "2 missed"]
    """Upstream and downstream hit of each true segment that no track holds."""


def held_segments(tracks: Tracks) -> tuple[Int[Tensor, "2 segments"], Int[Tensor, " segments"]]:
    """Returns upstream and downstream hit of each segment of all tracks, and its track's number."""
    same_track = tracks.number.diff() == 0
    ends = torch.stack([tracks.index[:-1], tracks.index[1:]])
    return ends[:, same_track], tracks.number[1:][same_track]


def true_segments(hits: Hits) -> Int[Tensor, "2 segments"]:
    """Returns the pairs of primary hits of one event in neighbouring layers, upstream hit first.

    Where a primary left two hits in a layer, both count.

    Raises:
        DataError: The hits have no truth.
    """
    truth = hits.known_truth
    primary = truth.primary.nonzero().squeeze(1)
    # One key for each (event, layer); the layer after the last of an event is nobody's.
    n_layers = int(hits.layer.max()) + 2 if len(hits) else 1
    key = truth.event[primary] * n_layers + hits.layer[primary]
    key, order = torch.sort(key)
    primary = primary[order]
    begin = torch.searchsorted(key, key + 1)
    count = torch.searchsorted(key, key + 1, right=True) - begin
    upstream = torch.repeat_interleave(count)
    rank = torch.arange(len(upstream)) - (count.cumsum(0) - count)[upstream]
    return torch.stack([primary[upstream], primary[begin[upstream] + rank]])


def judge(tracks: Tracks) -> Judgement:
    """Compares the tracks with the truth of their hits.

    Raises:
        DataError: The hits have no truth.
    """
    segments, track = held_segments(tracks)
    event = tracks.hits.known_truth.event
    wrong = event[segments[0]] != event[segments[1]]
    correct = torch.ones(len(tracks), dtype=torch.bool)
    correct[track[wrong]] = False
    true = true_segments(tracks.hits)
    n_hits = len(tracks.hits)
    held = torch.isin(true[0] * n_hits + true[1], segments[0] * n_hits + segments[1])
    return Judgement(correct=correct, wrong=wrong, missed=true[:, ~held])
