"""The border to PyTorch Geometric."""

import torch
from torch_geometric.loader import DataLoader

from trackscape import samples
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, split_frames
from trackscape.graph_construction.labels import edge_labels
from trackscape.scoring.pyg import HitGraphDataset


def test_a_batch_is_the_frames_side_by_side():
    frames = split_frames(read_hits(samples.VALIDATION), per_frame=10)[:4]
    dataset = HitGraphDataset(frames)
    assert len(dataset) == 4
    (batch,) = DataLoader(dataset, batch_size=4)
    graphs = [connect_layers(frame) for frame in frames]
    assert batch.num_nodes == sum(len(frame) for frame in frames)
    assert torch.equal(batch.y, torch.cat([edge_labels(graph) for graph in graphs]))
    start, edges = 0, []
    for graph in graphs:
        edges.append(graph.edge_index + start)
        start += len(graph.hits)
    assert torch.equal(batch.edge_index, torch.cat(edges, dim=1))
