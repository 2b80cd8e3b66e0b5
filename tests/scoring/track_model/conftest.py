"""Small frames of crossing lines, and all sets of tracks through them."""

from collections.abc import Callable

import pytest
import torch

from trackscape.data import Hits, TripletGraph
from trackscape.graph_construction import connect_layers, triplet_graph


@pytest.fixture
def crossing() -> Callable[..., TripletGraph]:
    def make(*, n_lines: int, n_layers: int, seed: int = 0) -> TripletGraph:
        generator = torch.Generator().manual_seed(seed)
        z = 110 + 5.5 * torch.arange(n_layers).double()
        start, end = torch.rand(2, n_lines, 2, generator=generator).double() * 1.5
        share = (torch.arange(n_layers) / n_layers)[:, None, None]
        plane = start * (1 - share) + end * share
        plane += 0.05 * torch.randn(plane.shape, generator=generator)
        position = torch.cat([plane, z[:, None, None].expand(-1, n_lines, 1)], dim=2)
        energy = 0.02 + 0.03 * torch.rand(n_layers * n_lines, generator=generator).double()
        layer = torch.repeat_interleave(torch.arange(n_layers) + 4, n_lines)
        hits = Hits(position=position.flatten(0, 1), energy=energy, layer=layer)
        return triplet_graph(connect_layers(hits))

    return make
