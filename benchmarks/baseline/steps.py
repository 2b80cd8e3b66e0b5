"""The whole reconstruction, its metrics, and one step of both kinds of training."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from benchmarks.baseline.assignment import assign, blackbox_assignment
from benchmarks.baseline.graph import connect, make_line_graph
from benchmarks.baseline.network import PlainNetwork
from benchmarks.baseline.tracks import find_tracks
from trackscape.data import HitGraph, Hits

STRENGTH = 25.0


@torch.no_grad()
def reconstruct(hits: Hits, network: PlainNetwork) -> list[list[int]]:
    """Returns the accepted tracks of one frame."""
    graph = connect(hits)
    logit = network(make_line_graph(graph))
    return find_tracks(graph, assign(torch.sigmoid(-logit.double()), graph))


def count_tracks(hits: Hits, tracks: list[list[int]]) -> tuple[int, int, int]:
    """Returns correct tracks, tracks of primaries and events without secondaries, as published."""
    truth = hits.known_truth
    event, primary = truth.event.tolist(), truth.primary.tolist()
    of_primaries = [track for track in tracks if all(primary[hit] for hit in track)]
    correct = sum(len({event[hit] for hit in track}) == 1 for track in of_primaries)
    touched = {number for number, alone in zip(event, primary, strict=True) if not alone}
    return correct, len(of_primaries), len(set(event) - touched)


def label_edges(graph: HitGraph) -> Tensor:
    """Returns 1 where both hits are of one event, (E,)."""
    event = graph.hits.known_truth.event
    same = event[graph.edge_index[0]] == event[graph.edge_index[1]]
    return same.to(graph.hits.position.dtype)


def predict_then_track(hits: Hits, network: PlainNetwork) -> Tensor:
    """Returns the cross-entropy of a frame after its backward pass (PTT)."""
    graph = connect(hits)
    label = label_edges(graph)
    logit = network(make_line_graph(graph))
    loss = _by_region(binary_cross_entropy_with_logits(logit, label, reduction="none"), graph)
    loss.backward()
    return loss


def predict_and_track(hits: Hits, network: PlainNetwork) -> Tensor:
    """Returns the Hamming loss of a frame's assignment after its backward pass (PAT)."""
    graph = connect(hits)
    label = label_edges(graph)
    return track_loss(network(make_line_graph(graph)), graph, label)


def track_loss(logit: Tensor, graph: HitGraph, label: Tensor) -> Tensor:
    """Returns the Hamming loss of the assignment of given logits after its backward pass."""
    chosen = blackbox_assignment(torch.sigmoid(-logit.double()), graph, strength=STRENGTH)
    wrong = chosen * (1 - label) + (1 - chosen) * label
    loss = _by_region(wrong, graph)
    loss.backward()
    return loss


def _by_region(loss: Tensor, graph: HitGraph) -> Tensor:
    tracker = graph.hits.layer[graph.edge_index[1]] < 3
    return loss[tracker].mean() + loss[~tracker].mean()
