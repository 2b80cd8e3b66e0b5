"""Tracks -> `Judgement`: which segments of a frame are right, wrong or missing."""

import dataclasses

import torch
from torch import Tensor

from trackscape.data import Hits, Tracks


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
