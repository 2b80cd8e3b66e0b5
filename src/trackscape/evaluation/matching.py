"""Hits and tracks -> the particles of a frame, and the particle that owns most of each track."""

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
