"""Thresholds, solves and shifts of trained networks."""

import math
from pathlib import Path

import pytest
import torch

from studies.decisions import edges, wrong_edges
from studies.estimators.config import StudyConfig
from studies.estimators.evaluate import (
    count_solves,
    judge,
    judged_graphs,
    tune,
    tuning_graphs,
)
from studies.estimators.plan import Setting, trial_run
from trackscape import samples
from trackscape.assignment import Assigner
from trackscape.data import EdgeScores
from trackscape.graph_construction.labels import edge_labels
from trackscape.scoring import load_method
from trackscape.training import read_objective
from trackscape.training.config import AssignerConfig

STUDY = StudyConfig.load(Path(__file__).parents[3] / "configs" / "study" / "tiny.yaml")
SETTINGS = trial_run(STUDY, STUDY.methods[0], Setting(0.01, None)).settings


@pytest.fixture(scope="module")
def graphs():
    return judged_graphs(samples.VALIDATION, per_frame=20)[:4]


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


def test_held_out_frames_are_those_that_no_training_sees():
    files, share, size = STUDY.training, STUDY.held_out, STUDY.per_frame
    whole = judged_graphs(samples.TRAIN, per_frame=size)
    held_out = math.ceil(share * len(whole))
    found = tuning_graphs(files, held_out=share, per_frame=size, most=2, folder=samples.FOLDER)
    expected = [whole[len(whole) - held_out + number * held_out // 2] for number in range(2)]
    for graph, other in zip(found, expected, strict=True):
        assert torch.equal(graph.hits.position, other.hits.position)
