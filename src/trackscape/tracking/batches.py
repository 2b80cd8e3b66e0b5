"""Several frames -> tracks of each, in one go, on any device: so a GPU has enough to do.

Frames that lie far apart from each other are one frame whose hits have no segment in common.
"""

import dataclasses
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from trackscape.data import BeliefScores, HitGraph, Hits, Tracks
from trackscape.errors import ConfigError
from trackscape.tracking.acceptance import MINIMUM_LAST_ENERGY
from trackscape.tracking.confidence import Rated, rate_chains
from trackscape.tracking.follow import canonical_order, in_own_order
from trackscape.tracking.trackers import NetworkTracker, Tracker
from trackscape.units import mm

_APART = 1e5 * mm  # of a frame and the next, in x; a segment reaches some 0.05 m aside
_MOST_SQUARES = 4e8  # of hits, summed over the frames of one go; their pairs are in proportion


def on_device(tracker: Tracker, device: str) -> NetworkTracker:
    """Returns a tracker whose network is on a device, in plain PyTorch even on the processor.

    Raises:
        ConfigError: There is no such device, or the tracker is no network.
    """
    if not isinstance(tracker, NetworkTracker):
        raise ConfigError(
            "Expected a network for a device, but this method is none; name another method, or "
            "leave --device out."
        )
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"Expected a device of this machine, such as cpu or cuda, got {device!r} "
            f"({str(error).splitlines()[0]}); leave --device out for the processor."
        ) from error
    return dataclasses.replace(tracker, scorer=tracker.scorer.plain().to(device))


def rate_frames(
    tracker: NetworkTracker,
    frames: Sequence[Hits],
    *,
    min_last_deposit: float = MINIMUM_LAST_ENERGY,
) -> list[Rated]:
    """Returns what `rate_tracks` does for each of some frames, where the network is.

    Networks that are not local, see `Scorer.is_local`, see one frame at a time.

    Arguments:
        tracker: A network and its assignment; see `on_device`.
        frames: Hits of readout frames.
        min_last_deposit: In MeV; see `accept`.
    """
    rated: list[Rated] = []
    together = tracker.scorer.is_local
    for some in _groups(frames, _MOST_SQUARES if together else 0.0):
        rated += _rate_group(tracker, some, min_last_deposit)
    return rated


def _groups(frames: Sequence[Hits], most: float) -> Iterator[list[Hits]]:
    waiting, squares = list[Hits](), 0.0
    for hits in frames:
        if waiting and squares + len(hits) ** 2 > most:
            yield waiting
            waiting, squares = [], 0.0
        waiting.append(hits)
        squares += len(hits) ** 2
    if waiting:
        yield waiting


def _rate_group(
    tracker: NetworkTracker, frames: Sequence[Hits], min_last_deposit: float
) -> list[Rated]:
    frames = [hits.sorted_by_layer() for hits in frames]
    orders = [canonical_order(hits) for hits in frames]
    ordered = [hits.select(order) for hits, order in zip(frames, orders, strict=True)]
    joined, number, place = _join(ordered)
    device = next(tracker.scorer.parameters()).device
    scores = tracker.scores(joined.to(device)).to("cpu")
    chains = _split_tracks(tracker.chains(scores), number, place, ordered)
    own: Sequence[BeliefScores | None] = [None] * len(frames)
    if isinstance(scores, BeliefScores):
        own = _split_scores(scores, number, place, ordered)
    return [
        rate_chains(
            in_own_order(found, hits, order),
            beliefs,
            torch.argsort(order),
            min_last_deposit=min_last_deposit,
        )
        for found, beliefs, hits, order in zip(chains, own, frames, orders, strict=True)
    ]


def _join(frames: Sequence[Hits]) -> tuple[Hits, Tensor, Tensor]:
    """One frame of many far from each other; number of each hit's frame, and its place there."""
    counts = torch.tensor([len(hits) for hits in frames])
    number = torch.repeat_interleave(counts)
    place = torch.arange(len(number)) - (counts.cumsum(0) - counts)[number]
    joined = Hits.join(frames)
    order = torch.argsort(joined.layer, stable=True)
    joined, number, place = joined.select(order), number[order], place[order]
    position = joined.position.double()
    position[:, 0] += _APART * number
    return dataclasses.replace(joined, position=position), number, place


def _split_tracks(
    chains: Tracks, number: Tensor, place: Tensor, frames: Sequence[Hits]
) -> list[Tracks]:
    of_chain = number[chains.first]
    found: list[Tracks] = []
    for frame, hits in enumerate(frames):
        mine = chains.select(of_chain == frame)
        found.append(Tracks(hits=hits, index=place[mine.index], offset=mine.offset))
    return found


def _split_scores(
    scores: BeliefScores, number: Tensor, place: Tensor, frames: Sequence[Hits]
) -> list[BeliefScores]:
    edges = scores.graph.edge_index
    of_edge = number[edges[0]]
    by_frame = torch.argsort(of_edge, stable=True)
    n_edges = torch.bincount(of_edge, minlength=len(frames))
    own = torch.empty_like(by_frame)  # number of each edge in its own frame
    first = n_edges.cumsum(0) - n_edges
    own[by_frame] = torch.arange(len(by_frame)) - first[of_edge[by_frame]]
    pair_edge = torch.repeat_interleave(scores.triplet_ptr.diff())
    pair_frame = of_edge[pair_edge]
    found: list[BeliefScores] = []
    for frame, hits in enumerate(frames):
        mine = by_frame[int(first[frame]) : int(first[frame] + n_edges[frame])]
        pairs = (pair_frame == frame).nonzero()[:, 0]
        n_pairs = torch.bincount(own[pair_edge[pairs]], minlength=len(mine))
        found.append(
            BeliefScores(
                graph=HitGraph(hits=hits, edge_index=place[edges[:, mine]]),
                logit=scores.logit[mine],
                start=scores.start[mine],
                end=scores.end[mine],
                triplet_ptr=torch.cat([n_pairs.new_zeros(1), n_pairs.cumsum(0)]),
                upstream=own[scores.upstream[pairs]],
                follow=scores.follow[pairs],
            )
        )
    return found
