"""Shapes in annotations are checked while the slow tests run: see checked_types.py."""

import jaxtyping
import pytest
import torch

from trackscape.data import Hits, LineGraph
from trackscape.graph_construction import connect_layers, line_graph

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def checked(request: pytest.FixtureRequest) -> None:
    if not request.config.pluginmanager.hasplugin("checked_types"):
        pytest.skip("shapes are not checked in this run")


def make_line_graph(hits: Hits, **changes: torch.Tensor) -> LineGraph:
    lines = line_graph(connect_layers(hits))
    return LineGraph(
        hit_graph=lines.hit_graph, **{"pairs": lines.pairs, "angle": lines.angle} | changes
    )


def test_a_field_of_the_right_shape_is_taken(straight_tracks):
    assert make_line_graph(straight_tracks(2)).pairs.shape == (2, 18)


@pytest.mark.parametrize("angle", [torch.zeros(17), torch.zeros(18, 1), torch.zeros(18).long()])
def test_a_field_of_another_shape_or_type_is_refused(straight_tracks, angle: torch.Tensor):
    with pytest.raises(jaxtyping.TypeCheckError, match="angle"):
        make_line_graph(straight_tracks(2), angle=angle)


def test_an_argument_of_another_shape_is_refused(straight_tracks):
    with pytest.raises(jaxtyping.TypeCheckError, match="index"):
        straight_tracks(2).select(torch.zeros(2, 2, dtype=torch.int64))
