"""Hits of any floating type, measured ones without truth too, pass through every network."""

import pytest
import torch

from trackscape import samples
from trackscape.data import Hits
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.scoring import build_network

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@pytest.fixture(scope="module")
def measured() -> Hits:
    frame = split_frames(read_hits(samples.VALIDATION), per_frame=5)[0]
    return Hits(position=frame.position, energy=frame.energy, layer=frame.layer)


@pytest.mark.parametrize("kind", ["line_graph", "hit_graph", "belief"])
@pytest.mark.parametrize("weights", [torch.float32, torch.float64])
@pytest.mark.parametrize("position", FLOATS)
@pytest.mark.parametrize("energy", FLOATS)
def test_hits_of_any_type_are_scored_in_the_type_of_the_weights(
    measured: Hits, kind: str, weights: torch.dtype, position: torch.dtype, energy: torch.dtype
):
    network = build_network(kind).to(weights).eval()
    hits = Hits(
        position=measured.position.to(position),
        energy=measured.energy.to(energy),
        layer=measured.layer,
    )
    scores = network(network.prepare(network.connect(hits)))
    assert scores.logit.dtype == weights
    assert bool(torch.isfinite(scores.logit).all())
