"""Chosen edges -> accepted tracks."""

import networkx
from torch import Tensor

from trackscape.data import HitGraph

MORE_HITS_THAN = 4
MORE_ENERGY_THAN = 0.0625  # MeV


def find_tracks(graph: HitGraph, selected: Tensor) -> list[list[int]]:
    """Returns the hits of each accepted track, from the first layer to the deepest."""
    segments = networkx.Graph()
    segments.add_edges_from(graph.edge_index[:, selected].T.tolist())
    tracks = [sorted(chain) for chain in networkx.connected_components(segments)]
    energy = graph.hits.energy.tolist()
    return [
        track
        for track in tracks
        if len(track) > MORE_HITS_THAN and energy[track[-1]] > MORE_ENERGY_THAN
    ]
