"""Hits -> tracks, literally as published: what the library is compared with.

Our own code of the published formulation (Kortus, Keidel, Gauger, TMLR 2025), in plain PyTorch,
PyTorch Geometric, scipy and networkx, as somebody who knows these writes it: all pairs of hits of
neighbouring layers, a row of 128 numbers for the angle of each pair of segments, every pair stored
in both directions, a dense matrix of costs for each pair of layers. No loop that vectorises is left
a loop. Tests hold its results to those of the library.
"""

from benchmarks.baseline.assignment import assign as assign
from benchmarks.baseline.assignment import blackbox_assignment as blackbox_assignment
from benchmarks.baseline.graph import connect as connect
from benchmarks.baseline.graph import make_line_graph as make_line_graph
from benchmarks.baseline.network import PlainNetwork as PlainNetwork
from benchmarks.baseline.steps import STRENGTH as STRENGTH
from benchmarks.baseline.steps import count_tracks as count_tracks
from benchmarks.baseline.steps import label_edges as label_edges
from benchmarks.baseline.steps import predict_and_track as predict_and_track
from benchmarks.baseline.steps import predict_then_track as predict_then_track
from benchmarks.baseline.steps import reconstruct as reconstruct
from benchmarks.baseline.steps import track_loss as track_loss
from benchmarks.baseline.tracks import find_tracks as find_tracks

__all__ = [
    "STRENGTH",
    "PlainNetwork",
    "assign",
    "blackbox_assignment",
    "connect",
    "count_tracks",
    "find_tracks",
    "label_edges",
    "make_line_graph",
    "predict_and_track",
    "predict_then_track",
    "reconstruct",
    "track_loss",
]
