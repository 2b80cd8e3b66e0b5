"""The strength of blackbox differentiation in published units: costs are shifted alike."""

from pathlib import Path
from typing import final

import pytest
import torch
from torch import Tensor

from trackscape import samples
from trackscape.assignment import Assigner, Semantics, Solution
from trackscape.data import HitGraph, Hits
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.scoring import LineGraphNetwork
from trackscape.training import FrameData, HammingBlackbox, TrackingModule, fit

PUBLISHED, GRAPHS = 25.0, 32
"""Strength and graphs a step of the published trainings."""


@final
class Recording:
    """An assigner that keeps all costs that it was asked about."""

    semantics: Semantics = "max_cardinality"
    unmatched_cost = None

    def __init__(self) -> None:
        self.costs: list[Tensor] = []

    def solve(self, cost: Tensor, *, graph: HitGraph, start: Solution | None = None) -> Solution:
        """See `Assigner.solve`."""
        self.costs.append(cost.detach().clone())
        return Assigner().solve(cost, graph=graph, start=start)


def published_loss(strength: float) -> HammingBlackbox:
    return HammingBlackbox(strength=strength, convention="published")


@pytest.fixture(scope="module")
def frames() -> list[Hits]:
    return split_frames(read_hits(samples.VALIDATION), per_frame=20)


def shifts_of(
    frames: list[Hits], folder: Path, *, strength: float, graphs_per_step: int
) -> list[tuple[Tensor, Tensor]]:
    """Costs and shifted costs of 32 frames, in a training whose steps change no score."""
    torch.manual_seed(0)
    scorer, recording = LineGraphNetwork(), Recording()
    module = TrackingModule(
        scorer=scorer,
        loss=lambda *given, **kwargs: published_loss(strength)(
            *given, **kwargs | {"assigner": recording}
        ),
        assigner=Assigner(),
        optimiser="rmsprop",
        learning_rate=1e-12,
        schedule="constant",
        steps=GRAPHS // graphs_per_step,
    )
    data = FrameData(
        training=frames, validation=frames[:1], scorer=scorer, graphs_per_epoch=GRAPHS, seed=0
    )
    fit(
        module,
        data,
        folder=folder,
        epochs=1,
        graphs_per_step=graphs_per_step,
        about={},
        progress=False,
    )
    return list(zip(recording.costs[::2], recording.costs[1::2], strict=True))


@pytest.fixture(scope="module")
def published(frames, tmp_path_factory) -> list[tuple[Tensor, Tensor]]:
    folder = tmp_path_factory.mktemp("published")
    return shifts_of(frames, folder, strength=PUBLISHED, graphs_per_step=GRAPHS)


@pytest.mark.parametrize("graphs_per_step", [1, 4])
def test_fewer_graphs_a_step_shift_costs_alike_if_the_strength_is_as_much_smaller(
    published, graphs_per_step, frames, tmp_path
):
    strength = PUBLISHED * graphs_per_step / GRAPHS
    found = shifts_of(frames, tmp_path, strength=strength, graphs_per_step=graphs_per_step)
    assert len(found) == len(published) == GRAPHS
    for (cost, shifted), (other, expected) in zip(found, published, strict=True):
        assert torch.allclose(cost, other, rtol=1e-6, atol=1e-9)
        assert torch.allclose(shifted, expected, rtol=1e-6, atol=1e-9)


def test_the_published_shift_is_the_strength_over_32_graphs_and_the_edges_of_a_region(published):
    for cost, shifted in published:
        free = shifted > 0  # those at 0 were clipped
        sizes = (shifted - cost)[free].abs()
        share = PUBLISHED / (GRAPHS * sizes)  # edges of the region that an edge is in
        regions = share.round().unique()
        assert len(regions) == 2  # tracker and calorimeter
        assert regions.sum() == len(cost)
        assert torch.allclose(share, share.round(), rtol=1e-3)
