"""Every objective by its name: its value, its noise, its gradient, and that it learns."""

from typing import Any

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
from trackscape.scoring import load_method
from trackscape.training import (
    OBJECTIVES,
    TRAINABLE,
    Objective,
    TrackLikelihood,
    canonical_name,
    read_objective,
)
from trackscape.training.objectives import ALIASES, setting_names

CASES: dict[str, dict[str, Any]] = {
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


def objective(kind: str) -> Objective:
    return read_objective({"kind": kind, **CASES[kind]})


def value(kind: str, scores: EdgeScores, label: Tensor, *, frame: int) -> Tensor:
    return objective(kind)(scores, label, assigner=REJECT, frame=frame, seed=4)


def test_every_method_has_a_case_and_its_scales():
    # The likelihood is one of tracks, not of scores: tests/assignment/test_likelihood.py.
    assert {*map(canonical_name, CASES), "track_likelihood"} == set(TRAINABLE)
    assert len(TRAINABLE) == 12
    for kind, scales in CASES.items():
        assert set(scales) == set(setting_names(OBJECTIVES[canonical_name(kind)]))


def test_an_alias_is_another_name_of_the_same_objective():
    for alias, name in ALIASES.items():
        settings = OBJECTIVES[name]().settings
        assert read_objective({"kind": alias, **settings}) == OBJECTIVES[name]()
    assert objective("pat").published == "pat"


@pytest.mark.parametrize("name", TRAINABLE)
def test_settings_of_older_runs_are_read_again(name):
    given = OBJECTIVES[name]()
    assert read_objective(given.as_published()) == given
    assert hash(given) == hash(OBJECTIVES[name]())


@pytest.mark.parametrize("kind", ["ptt", "sinkhorn"])
def test_gradients_of_smooth_objectives_are_those_of_differences(kind, truth):
    scores, label = truth
    loss = objective(kind)
    assert loss.smoothness == "smooth"
    logit = scores.logit.double().requires_grad_()
    label = label.double()

    def at(point: Tensor) -> Tensor:
        return loss(EdgeScores(graph=scores.graph, logit=point), label, assigner=REJECT, frame=0)

    [gradient] = torch.autograd.grad(at(logit), logit)
    for seed in range(3):
        step = torch.randn(len(logit), generator=torch.Generator().manual_seed(seed)).double()
        difference = (at(logit.detach() + 1e-5 * step) - at(logit.detach() - 1e-5 * step)) / 2e-5
        torch.testing.assert_close(difference, gradient @ step, rtol=1e-6, atol=1e-9)


def test_the_gradient_of_the_likelihood_is_that_of_differences(truth):
    scorer = load_method("trackscape").double().plain()
    prepared = scorer.prepare(scorer.connect(truth[0].graph.hits.to(torch.float64)))
    generator = torch.Generator().manual_seed(2)
    weights = dict(scorer.named_parameters())
    steps = {
        name: torch.randn(value.shape, generator=generator).double()
        for name, value in weights.items()
    }

    def at(length: float) -> Tensor:
        moved = {name: value + length * steps[name] for name, value in weights.items()}
        scores = torch.func.functional_call(scorer, moved, (prepared,))
        return TrackLikelihood()(scores, truth[1], assigner=REJECT, frame=0)

    gradients = torch.autograd.grad(at(0.0), list(weights.values()))
    slope = sum((one * steps[name]).sum() for name, one in zip(weights, gradients, strict=True))
    difference = (at(1e-6) - at(-1e-6)) / 2e-6
    torch.testing.assert_close(difference, slope, rtol=1e-5, atol=1e-8)


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
    loss = objective(kind).seeded(4)

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
