"""The training: its losses, its schedule, its frames, what validation leaves alone."""

import copy
import math
from pathlib import Path

import pytest
import torch

from trackscape import samples
from trackscape.assignment import Assigner
from trackscape.data import EdgeScores
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.scoring import LineGraphNetwork
from trackscape.training import (
    AdaptiveImplicitMLE,
    CrossEntropy,
    Example,
    FenchelYoung,
    FrameData,
    FrameLoss,
    HammingBlackbox,
    TrackingModule,
    fit,
)
from trackscape.training.frames import Examples, RandomFrames


@pytest.fixture(scope="module")
def example() -> Example:
    frames = split_frames(read_hits(samples.VALIDATION), per_frame=20)
    return Examples(frames, scorer=LineGraphNetwork())[0]


PTT = CrossEntropy()
PAT = HammingBlackbox(strength=25, convention="published")


def make_module(loss: FrameLoss = PTT, **changes: object) -> TrackingModule:
    torch.manual_seed(0)
    settings = {
        "scorer": LineGraphNetwork(),
        "loss": loss,
        "assigner": Assigner(),
        "optimiser": "rmsprop",
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "steps": 10,
    }
    return TrackingModule(**settings | changes)


def loss_of(module: TrackingModule, scores: EdgeScores, label: torch.Tensor) -> torch.Tensor:
    return module.loss(scores, label, assigner=module.assigner, frame=0)


def test_ptt_is_the_cross_entropy_of_both_regions(example):
    module = make_module()
    scores = module.scorer(example.graph)
    tracker = scores.graph.hits.layer[scores.graph.edge_index].amin(dim=0) < 3
    expected = 0.0
    for region in (tracker, ~tracker):
        p, y = scores.probability[region].double(), example.label[region]
        expected += -(y * p.log() + (1 - y) * (1 - p).log()).mean().item()
    assert loss_of(module, scores, example.label).item() == pytest.approx(expected, rel=1e-5)


def test_pat_is_the_share_of_wrong_decisions_of_both_regions(example):
    module = make_module(PAT)
    scores = module.scorer(example.graph)
    selected = Assigner()(scores).selected
    tracker = scores.graph.touches_tracker
    wrong = selected != example.label.bool()
    expected = sum(wrong[region].float().mean().item() for region in (tracker, ~tracker))
    loss = loss_of(module, scores, example.label)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    loss.backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in module.scorer.parameters())


def test_pat_has_no_gradient_where_every_decision_is_right(example):
    module = make_module(PAT)
    graph = module.scorer(example.graph).graph
    perfect = Assigner()(EdgeScores(graph=graph, logit=8 * example.label - 4)).selected
    logit = (8 * perfect.float() - 4).requires_grad_()
    loss_of(module, EdgeScores(graph=graph, logit=logit), perfect.float()).backward()
    assert logit.grad is not None
    assert logit.grad.abs().sum() == 0


@pytest.mark.parametrize("optimiser", ["rmsprop", "adam", "soap"])
def test_a_few_steps_lower_the_loss(example, optimiser):
    module = make_module(optimiser=optimiser)
    (optimiser,), _ = module.configure_optimizers()
    losses = []
    for _ in range(8):
        optimiser.zero_grad()
        loss = loss_of(module, module.scorer(example.graph), example.label)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_the_cosine_falls_from_one_to_zero():
    module = make_module()
    rates = [module._relative_rate(step) for step in range(11)]
    assert rates[0] == 1
    assert rates[5] == pytest.approx(0.5)
    assert rates[10] == pytest.approx(0)
    assert all(math.isclose(rates[n] + rates[10 - n], 1) for n in range(11))


def test_validation_leaves_the_network_as_it_is(example, monkeypatch):
    module = make_module().eval()
    before = copy.deepcopy(module.scorer.state_dict())
    logged: dict[str, float] = {}
    monkeypatch.setattr(module, "log", lambda name, value, **_: logged.update({name: value}))
    module.on_validation_epoch_start()
    module.validation_step(example, 0)
    module.on_validation_epoch_end()
    after = module.scorer.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert 0 <= logged["validation_purity"] <= 1
    assert 0 < logged["validation_edge_tpr"] <= 1


def test_frames_of_an_epoch_depend_on_seed_and_epoch_only():
    def draws(seed: int, epoch: int) -> list[int]:
        sampler = RandomFrames(1000, n_draws=50, seed=seed)
        sampler.set_epoch(epoch)
        return list(sampler)

    assert draws(3, 7) == draws(3, 7)
    assert draws(3, 7) != draws(3, 8)
    assert draws(3, 7) != draws(4, 7)
    assert set(draws(3, 7)) <= set(range(1000))


def test_the_loaders_give_one_graph_at_a_time():
    frames = split_frames(read_hits(samples.VALIDATION), per_frame=5)[:6]
    data = FrameData(
        training=frames,
        validation=frames[:2],
        scorer=LineGraphNetwork(),
        graphs_per_epoch=4,
        seed=0,
    )
    training, validation = list(data.train_dataloader()), list(data.val_dataloader())
    assert (len(training), len(validation)) == (4, 2)
    for example in (*training, *validation):
        assert len(example.label) == example.graph.hit_graph.n_edges


def test_the_average_is_validated_and_follows_the_weights(example):
    module = make_module(averaging=0.9)
    assert module.average is not None
    weights, average = module.scorer.R2[1].weight, module.best_scorer.R2[1].weight
    expected = weights.detach().clone()
    for step in range(20):
        with torch.no_grad():
            weights += 1.0
        module.average.update_parameters(module.scorer)
        if step == 0:
            expected = weights.detach().clone()
        else:  # the first update counts as one that came before
            share = min(0.9, (1 + step) / (10 + step))
            expected = share * expected + (1 - share) * weights.detach()
    assert torch.allclose(average, expected)
    assert module.best_scorer is not module.scorer


def test_without_averaging_the_weights_themselves_are_validated():
    module = make_module()
    assert module.best_scorer is module.scorer


def test_a_training_shows_what_it_learns_from(tmp_path, monkeypatch):
    frames = split_frames(read_hits(samples.VALIDATION), per_frame=5)[:6]
    logged: list[dict[str, float]] = []
    module = make_module(FenchelYoung(sigma=0.1, samples=3))
    log = module.log_dict
    monkeypatch.setattr(
        module, "log_dict", lambda values, **how: (logged.append(values), log(values, **how))
    )
    run(module, frames, folder=tmp_path, epochs=1)
    assert len(logged) == 4
    for values in logged:
        assert values["diagnostics_solves"] == 6  # three samples, and what is right at each
        assert 0 < values["diagnostics_moved"] <= values["diagnostics_changed"] < 1


@pytest.mark.parametrize(
    "loss",
    [
        FenchelYoung(sigma=0.1, samples=1),
        AdaptiveImplicitMLE(strength=0.1, changed=0.1, sigma=0.1, samples=1),
    ],
    ids=lambda loss: loss.kind,
)
def test_noise_and_strength_go_on_where_a_training_stopped(tmp_path, loss):
    frames = split_frames(read_hits(samples.VALIDATION), per_frame=5)[:6]
    whole, first, second = (make_module(loss.seeded(3)) for _ in range(3))
    run(whole, frames, folder=tmp_path / "whole", epochs=2)
    run(first, frames, folder=tmp_path / "torn", epochs=1)
    run(second, frames, folder=tmp_path / "torn", epochs=2)
    assert whole.state_dict().keys() == second.state_dict().keys()
    for name, value in whole.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    if loss.kind == "aimle":
        assert whole.state_dict()["loss.strength.value"] != 0.1


def run(module: TrackingModule, frames: list, *, folder: Path, epochs: int) -> None:
    data = FrameData(
        training=frames,
        validation=frames[:1],
        scorer=module.scorer,
        graphs_per_epoch=4,
        seed=0,
    )
    fit(module, data, folder=folder, epochs=epochs, graphs_per_step=2, about={}, progress=False)
