"""Hits and tracks -> the particles of a frame, who owns each track, which segments are right."""

import dataclasses

import torch
from torch import Tensor

from trackscape.data import Hits, Tracks
from trackscape.tracking.filters import MINIMUM_HITS, MINIMUM_LAST_ENERGY


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Particles:
    """What left hits in a frame: one particle for each pair (event, track) of Geant4.

    Axes: H hits, M particles. The primary of an event is the particle without a parent.
    """

    of_hit: Tensor
    """(H,) int64. Number of the particle that left each hit."""
    n_hits: Tensor
    """(M,) int64. Number of hits in the frame."""
    primary: Tensor
    """(M,) bool. Whether the particle is a primary."""
    reconstructable: Tensor
    """(M,) bool. Primaries that a perfect reconstruction finds: they have as many
    hits, and as much energy in the deepest of them, as an accepted track needs."""


def find_particles(hits: Hits, *, min_last_deposit: float = MINIMUM_LAST_ENERGY) -> Particles:
    """Numbers the particles of a frame.

    Arguments:
        hits: All hits of the frame, with truth.
        min_last_deposit: In MeV; the cut that tracks are accepted with.

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
    """The majority particle of each track. Axis: N tracks."""

    particle: Tensor
    """(N,) int64. The particle that owns most hits of the track; of equals the first."""
    shared: Tensor
    """(N,) int64. How many hits of the track it owns."""


def match_tracks(tracks: Tracks, *, particles: Particles) -> Match:
    """Finds the majority particle of each track.

    The table track x particle is sparse, a track meets few particles, so only its non-zero cells
    are counted: sorted pairs (track, particle) and how often each occurs.

    Example:
        >>> from trackscape.data import Truth
        >>> event, one = torch.tensor([7, 7, 9]), torch.tensor([1, 1, 1])
        >>> truth = Truth(event=event, track=one, parent=0 * one)
        >>> hits = Hits(
        ...     position=torch.zeros(3, 3), energy=torch.ones(3), layer=torch.arange(3), truth=truth
        ... )
        >>> tracks = Tracks(hits=hits, index=torch.arange(3), offset=torch.tensor([0, 3]))
        >>> match = match_tracks(tracks, particles=find_particles(hits))
        >>> match.particle.tolist(), match.shared.tolist()
        ([0], [2])
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
    """Deposit of the deepest hit of each particle, (M,) in MeV; the largest of several."""
    deepest = hits.layer.new_zeros(n_particles).scatter_reduce(0, of_hit, hits.layer, "amax")
    last = hits.layer == deepest[of_hit]
    energy = hits.energy.new_zeros(n_particles)
    return energy.scatter_reduce(0, of_hit[last], hits.energy[last], "amax")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """The tracks of one frame against the truth. Axes: N tracks, S segments of tracks, M missed."""

    correct: Tensor
    """(N,) bool. Whether all hits of the track have one event."""
    wrong: Tensor
    """(S,) bool. Whether the segment joins two events; the order is that of `held_segments`."""
    missed: Tensor
    """(2, M) int64. True segments that no track holds; upstream hit, downstream hit."""


def held_segments(tracks: Tracks) -> tuple[Tensor, Tensor]:
    """Returns the segments of all tracks.

    Returns:
        The upstream and the downstream hit of each segment, (2, S) int64, and the number of its
        track, (S,) int64.

    Example:
        >>> hits = Hits(position=torch.zeros(5, 3), energy=torch.ones(5), layer=torch.arange(5))
        >>> index, offset = torch.tensor([0, 1, 2, 4]), torch.tensor([0, 3, 4])
        >>> tracks = Tracks(hits=hits, index=index, offset=offset)
        >>> [part.tolist() for part in held_segments(tracks)]
        [[[0, 1], [1, 2]], [0, 0]]
    """
    same_track = tracks.number.diff() == 0
    ends = torch.stack([tracks.index[:-1], tracks.index[1:]])
    return ends[:, same_track], tracks.number[1:][same_track]


def true_segments(hits: Hits) -> Tensor:
    """Returns the pairs of primary hits of one event in neighbouring layers, (2, T) int64.

    Row 0 is the upstream hit. Where a primary left two hits in a layer, both count.

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

    A track is correct if all its hits have one event, whether or not it is complete.

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
