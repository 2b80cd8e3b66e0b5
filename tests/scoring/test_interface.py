"""What every scorer promises holds for all of them, and for one that says only what it must."""

import pytest
import torch
from torch import Tensor, nn

from trackscape import samples
from trackscape.data import EdgeScores, HitGraph, Hits
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.scoring import METHODS, Scorer, build_network, load_method


class Least(Scorer[HitGraph]):
    """Says only what it must."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def prepare(self, graph: HitGraph) -> HitGraph:
        return graph

    def forward(self, graph: HitGraph) -> EdgeScores:
        return EdgeScores(graph=graph, logit=self.layer(graph.direction)[:, 0])


@pytest.fixture(scope="module")
def hits() -> Hits:
    return split_frames(read_hits(samples.VALIDATION), per_frame=10)[0]


def scorers() -> list[Scorer]:
    return [*map(load_method, METHODS), build_network("hit_graph").eval(), build_network(Least)]


@pytest.mark.parametrize("place", range(len(METHODS) + 2))
def test_a_frame_is_scored_as_its_prepared_graph(hits, place):
    scorer = scorers()[place]
    expected: Tensor = scorer(scorer.prepare(scorer.connect(hits))).logit
    assert torch.equal(scorer.score(hits).logit, expected)


@pytest.mark.parametrize("place", range(len(METHODS) + 2))
def test_a_plain_copy_computes_the_same_and_leaves_the_network_alone(hits, place):
    scorer = scorers()[place]
    plain = scorer.plain()
    assert (scorer.is_plain, plain.is_plain) == (False, True)
    torch.testing.assert_close(
        plain.score(hits).logit, scorer.score(hits).logit, rtol=1e-3, atol=1e-3
    )
    assert scorer.state_dict().keys() == plain.state_dict().keys()


def test_a_network_that_says_only_what_it_must_is_like_the_papers(hits):
    scorer = build_network(Least)
    assert scorer.sizes == {}
    assert (scorer.default_objective, scorer.default_reject) == ("cross_entropy", None)
    assert scorer.hidden_units() == {}
    assert scorer.architecture == "Least ()"
