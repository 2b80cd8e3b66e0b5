"""Thresholds, solves and shifts of trained networks."""

from pathlib import Path

import pytest
import torch

from studies.decisions import edges, wrong_edges
from studies.estimators.config import StudyConfig
from studies.estimators.evaluate import (
    count_solves,
    judge,
    largest_gradient,
    read_graphs,
    tune,
)
from studies.estimators.plan import whole_runs
from trackscape import samples
from trackscape.assignment import Assigner, by_region, hamming_loss
from trackscape.data import EdgeScores
from trackscape.graph_construction.labels import edge_labels
from trackscape.scoring import load_method
from trackscape.training import read_objective
from trackscape.training.config import AssignerConfig

STUDY = StudyConfig.load(Path(__file__).parents[3] / "configs" / "study" / "tiny.yaml")
SETTINGS = whole_runs(STUDY, {})["ptt"][0].settings


@pytest.fixture(scope="module")
def graphs():
    return read_graphs(samples.VALIDATION, per_frame=20, most=4)


def test_largest_gradient_is_that_of_the_hamming_loss(graphs):
    for graph in graphs:
        chosen = torch.zeros(graph.n_edges, dtype=torch.float64, requires_grad=True)
        by_region(hamming_loss, chosen, edge_labels(graph).double(), graph=graph).backward()
        assert chosen.grad is not None
        assert largest_gradient(graph) == pytest.approx(float(chosen.grad.abs().max()))


@pytest.mark.parametrize(
    ("loss", "solves"),
    [
        ({"kind": "ptt"}, 0),
        ({"kind": "sinkhorn", "temperature": 0.1, "sweeps": 3}, 0),
        ({"kind": "identity"}, 1),
        ({"kind": "pat", "strength": 0.3, "convention": "corrected"}, 2),
        ({"kind": "lpgd", "strength": 0.3, "side": "average"}, 3),
        ({"kind": "perturbed", "sigma": 0.1, "samples": 4, "antithetic": True}, 4),
        ({"kind": "imle", "strength": 0.3, "sigma": 0.1, "samples": 3, "noise": "normal"}, 6),
        ({"kind": "hinge", "margin": 0.2}, 2),
    ],
)
def test_solves_of_a_loss(loss, solves, graphs):
    logit = torch.randn(graphs[0].n_edges, generator=torch.Generator().manual_seed(1))
    settings = SETTINGS.model_copy(
        update={
            "loss": read_objective(loss),
            "assigner": AssignerConfig(semantics="reject"),
        }
    )
    scores = EdgeScores(graph=graphs[0], logit=logit)
    assert count_solves(scores, edge_labels(graphs[0]), settings=settings, seed=0) == solves


def test_tuning_and_judging_agree_on_the_same_frames(graphs):
    scorer = load_method("line-graph-ptt")
    tuning = tune(scorer, graphs, settings=SETTINGS, seed=0)
    decisions = judge(scorer, graphs, reject=tuning.reject)
    errors = {way: wrong_edges(of) / edges(of) for way, of in decisions.counts.items()}
    assert float(errors["tuned"].mean()) == pytest.approx(tuning.edge_error)
    assert tuning.edge_error < float(errors["half"].mean())
    assert tuning.solves == 0
    assert tuning.largest_gradient == pytest.approx(sum(map(largest_gradient, graphs)) / 4)


def test_the_chosen_edges_are_those_of_the_tuned_threshold(graphs):
    scorer = load_method("line-graph-ptt")
    decisions = judge(scorer, graphs, reject=0.9)
    with torch.no_grad():
        chosen = [
            Assigner(semantics="with_unmatched", unmatched_cost=0.9)(
                scorer(scorer.prepare(graph))
            ).selected
            for graph in graphs
        ]
    assert torch.equal(decisions.chosen, torch.cat(chosen))
    wrong = [
        (part != (edge_labels(graph) > 0)).sum() for part, graph in zip(chosen, graphs, strict=True)
    ]
    assert wrong_edges(decisions.counts["tuned"]).tolist() == [int(each) for each in wrong]
    half = judge(scorer, graphs, reject=0.5)
    assert half.counts["tuned"] == half.counts["half"] == decisions.counts["half"]
