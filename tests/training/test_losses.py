"""Every method by its name: its loss, its noise, and that it learns."""

from typing import get_args

import pytest
import torch
from torch import Tensor

from trackscape import samples
from trackscape.assignment import (
    Assigner,
    Noise,
    by_region,
    fenchel_young_loss,
    hamming_loss,
    implicit_assignment,
)
from trackscape.data import EdgeScores
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, split_frames
from trackscape.graph_construction.labels import edge_labels
from trackscape.training import MethodLoss
from trackscape.training.losses import SCALES, LossKind

CASES = {
    "ptt": {},
    "pat": {"strength": 0.2, "convention": "corrected"},
    "fenchel_young": {"sigma": 0.1, "samples": 2},
    "hinge": {"margin": 0.2},
    "spo_plus": {"contrast": 0.4},
    "identity": {},
    "perturbed": {"sigma": 0.1, "samples": 20, "antithetic": True},
    "imle": {"strength": 0.3, "sigma": 0.1, "samples": 2, "noise": "sum_of_gamma"},
    "aimle": {"strength": 0.3, "changed": 0.05, "sigma": 0.1, "samples": 2, "noise": "normal"},
    "lpgd": {"strength": 0.3, "side": "average"},
    "sinkhorn": {"temperature": 0.1, "sweeps": 10},
}
every_method = pytest.mark.parametrize("kind", CASES)
REJECT = Assigner(semantics="with_unmatched", unmatched_cost=0.5)


@pytest.fixture(scope="module")
def truth() -> tuple[EdgeScores, Tensor]:
    """Scores of one frame that know a little of the truth."""
    frame = split_frames(read_hits(samples.VALIDATION), per_frame=20)[0]
    graph = connect_layers(frame)
    label = edge_labels(graph)
    noise = torch.randn(graph.n_edges, generator=torch.Generator().manual_seed(1))
    return EdgeScores(graph=graph, logit=label - 0.5 + noise), label


def value(kind: LossKind, scores: EdgeScores, label: Tensor, *, frame: int) -> Tensor:
    return MethodLoss(kind, seed=4, **CASES[kind])(scores, label, assigner=REJECT, frame=frame)


def test_every_method_has_a_case_and_its_scales():
    # The likelihood is one of tracks, not of scores: tests/assignment/test_likelihood.py.
    assert {*CASES, "likelihood"} == set(SCALES) == set(get_args(LossKind))
    for kind, scales in CASES.items():
        assert set(scales) == set(SCALES[kind])


@every_method
def test_a_method_is_a_function_of_seed_and_frame(kind, truth):
    first, again, other = (value(kind, *truth, frame=frame).item() for frame in (3, 3, 4))
    assert first == again
    assert (first != other) == ("sigma" in CASES[kind])


@every_method
def test_a_method_brings_the_decisions_to_the_truth(kind, truth):
    scores, label = truth
    logit = scores.logit.clone().requires_grad_()
    optimiser = torch.optim.Adam([logit], lr=0.1)
    loss = MethodLoss(kind, seed=4, **CASES[kind])

    def wrong() -> float:
        chosen = REJECT(EdgeScores(graph=scores.graph, logit=logit.detach())).selected
        return float((chosen != (label > 0)).sum())

    before = wrong()
    for frame in range(60):
        optimiser.zero_grad()
        now = EdgeScores(graph=scores.graph, logit=logit)
        loss(now, label, assigner=REJECT, frame=frame).backward()
        assert logit.grad is not None
        assert bool(logit.grad.isfinite().all())
        optimiser.step()
    assert wrong() < 0.5 * before


def test_a_loss_of_labels_gets_the_noise_of_its_frame(truth):
    scores, label = truth
    noise = Noise(sigma=0.1, seed=4, frame=9)
    expected = fenchel_young_loss(scores, label, assigner=REJECT, noise=noise, samples=2)
    assert value("fenchel_young", scores, label, frame=9).item() == expected.item()


def test_a_decision_has_the_hamming_loss_of_both_regions(truth):
    scores, label = truth
    noise = Noise(sigma=0.1, seed=4, frame=9, law="sum_of_gamma")
    chosen = implicit_assignment(scores, assigner=REJECT, noise=noise, samples=2, strength=0.3)
    expected = by_region(hamming_loss, chosen, label, graph=scores.graph)
    assert value("imle", scores, label, frame=9).item() == expected.item()
