"""Hits -> frames -> HitGraph -> LineGraph: candidate segments and the pairs that they form."""

from trackscape.graph_construction.connect import beam_angle as beam_angle
from trackscape.graph_construction.connect import connect_layers as connect_layers
from trackscape.graph_construction.frames import clean_frame as clean_frame
from trackscape.graph_construction.frames import cluster_size as cluster_size
from trackscape.graph_construction.frames import make_frame as make_frame
from trackscape.graph_construction.frames import merge_deposits as merge_deposits
from trackscape.graph_construction.frames import split_frames as split_frames
from trackscape.graph_construction.frames import unrounded_cluster_size as unrounded_cluster_size
from trackscape.graph_construction.labels import edge_labels as edge_labels
from trackscape.graph_construction.labels import graph_ceiling as graph_ceiling
from trackscape.graph_construction.labels import link_labels as link_labels
from trackscape.graph_construction.line_graph import compressed_line_graph as compressed_line_graph
from trackscape.graph_construction.line_graph import line_graph as line_graph
from trackscape.graph_construction.line_graph import triplet_graph as triplet_graph
