"""The landscape of a network is that of its training and of its decisions."""

import dataclasses
import pickle

import pytest
import torch

from trackscape.assignment import Assigner
from trackscape.errors import LandscapeError
from trackscape.landscape import evaluate, grid
from trackscape.landscape.evaluator import Evaluator
from trackscape.samples import VALIDATION
from trackscape.scoring import HitGraphNetwork, LineGraphNetwork, TrackModel, load_method
from trackscape.tracker_landscape.problem import read_problem_frames, tracker_problem
from trackscape.training import (
    OBJECTIVES,
    TRAINABLE,
    CrossEntropy,
    HammingBlackbox,
    TrackLikelihood,
)
from trackscape.training.frames import Examples

CARD, REJECT = Assigner(), Assigner(semantics="with_unmatched", unmatched_cost=0.3)
TRAINED_BY = {
    "cross_entropy": CrossEntropy(),
    "hamming_blackbox": HammingBlackbox(strength=0.9, convention="corrected"),
    "track_likelihood": TrackLikelihood(),
}


def mean(values) -> torch.Tensor:
    return torch.stack(list(values)).double().mean(dim=0)


def networks() -> dict[str, torch.nn.Module]:
    torch.manual_seed(2)
    return {
        "ours": load_method("trackscape"),
        "paper's": load_method("line-graph-ptt"),
        "small": LineGraphNetwork(hidden=4, encoding=8).eval(),
        "of hits": HitGraphNetwork(hidden=4).eval(),
    }


@pytest.mark.parametrize("name", networks())
@pytest.mark.parametrize("loss", TRAINED_BY)
@pytest.mark.parametrize("assigner", [CARD, REJECT], ids=["card", "reject"])
def test_losses_and_gradients_are_those_of_the_training(frames, name, loss, assigner):
    scorer = networks()[name]
    if (loss == "track_likelihood") != (name == "ours"):
        return
    problem = tracker_problem(
        scorer, frames, losses=[TRAINED_BY[loss], "hamming"], assigner=assigner
    )
    evaluator = Evaluator(problem)
    values = mean(evaluator.losses(number) for number in range(len(frames)))

    examples = Examples(frames, scorer=scorer)
    losses = [
        TRAINED_BY[loss](scorer(example.graph), example.label, assigner=assigner, frame=0)
        for example in (examples[number] for number in range(len(frames)))
    ]
    total = mean(losses)
    total.backward()
    gradient = torch.cat([value.grad.flatten() for value in scorer.parameters()])

    assert values[0].item() == pytest.approx(total.item(), rel=1e-6)
    found = evaluator.gradient(problem.centre)
    torch.testing.assert_close(found, gradient.double(), rtol=1e-4, atol=1e-7)
    assert assigner is CARD or gradient.norm() > 0
    if loss == "hamming_blackbox":
        assert values[1].item() == pytest.approx(total.item(), rel=1e-12)


def test_errors_and_missed_edges_are_counted(frames):
    scorer = load_method("line-graph-pat")
    losses = ["errors", "missed"]
    values = Evaluator(tracker_problem(scorer, frames, losses=losses, assigner=REJECT))
    for number, example in enumerate(Examples(frames, scorer=scorer)):
        chosen, true = REJECT(scorer(example.graph)).selected, example.label > 0
        wrong, missed = chosen != true, true & ~chosen
        expected = torch.stack([wrong.double().mean(), missed.sum() / true.sum().double()])
        torch.testing.assert_close(values.losses(number), expected, rtol=1e-12, atol=0)
        assert wrong.any()


@pytest.mark.parametrize("name", ["ours", "paper's"])
def test_both_paths_agree_wherever_we_are(frames, name, rng):
    scorer = networks()[name]
    losses = ["likelihood", "bce"] if name == "ours" else ["bce"]
    fast, plain = (
        Evaluator(tracker_problem(scorer, frames, losses=losses, twice_differentiable=twice))
        for twice in (False, True)
    )
    centre = fast.problem.centre
    for distance in (0.0, 0.05, 0.3):
        step = torch.randn(len(centre), generator=rng, dtype=torch.float64)
        point = centre + distance * centre.norm() / step.norm() * step
        for evaluator in (fast, plain):
            evaluator.move(point)
        for number in range(len(frames)):
            torch.testing.assert_close(
                fast.losses(number), plain.losses(number), rtol=1e-4, atol=1e-5
            )
    if name == "paper's":
        # The gradient of compiled beliefs is exact only where messages do not change any more.
        torch.testing.assert_close(
            fast.gradient(centre), plain.gradient(centre), rtol=1e-3, atol=1e-6
        )


@pytest.mark.parametrize("name", networks())
def test_the_plain_path_can_be_differentiated_twice(frames, name):
    scorer = networks()[name]
    problem = tracker_problem(scorer, frames[:1], losses=["bce"], twice_differentiable=True)
    evaluator = Evaluator(problem)
    gradient = torch.cat([g.flatten() for g in evaluator.gradients(0, create_graph=True)])
    second = torch.autograd.grad(gradient.square().sum(), evaluator.parameters)
    assert all(part.isfinite().all() for part in second)
    assert any((part != 0).any() for part in second)


@pytest.mark.parametrize("norm", ["recomputed", "batch"])
def test_both_paths_take_the_same_statistics_anew(frames, norm, rng):
    scorer = networks()["paper's"]
    fast, plain = (
        Evaluator(
            tracker_problem(scorer, frames, losses=["bce"], norm=norm, twice_differentiable=twice)
        )
        for twice in (False, True)
    )
    centre = fast.problem.centre
    point = centre + 0.05 * torch.randn(len(centre), generator=rng, dtype=torch.float64)
    found = [evaluator.batch_losses(point) for evaluator in (fast, plain)]
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-6)
    one, other = (evaluator.gradient(point) for evaluator in (fast, plain))
    # As a whole: rounding in float32 lets other messages be the strongest here and there.
    assert float((one - other).norm()) < 1e-3 * float(other.norm())


def test_making_a_problem_changes_no_network(frames):
    scorer = TrackModel()
    tracker_problem(scorer, frames, losses=["likelihood"], twice_differentiable=True)
    assert not scorer.is_plain


def test_frames_without_two_segments_are_left_out(frames, straight_tracks):
    alone = straight_tracks(1, n_layers=2)
    scorer = load_method("line-graph-ptt")
    assert len(tracker_problem(scorer, [alone, *frames]).batches) == len(frames)
    with pytest.raises(LandscapeError, match="none of 1"):
        tracker_problem(scorer, [alone])


def test_a_problem_survives_its_way_to_another_process(frames):
    problem = tracker_problem(load_method("line-graph-pat"), frames, losses=["blackbox", "bce"])
    again = pickle.loads(pickle.dumps(problem))
    assert again.fingerprint == problem.fingerprint
    assert torch.equal(Evaluator(again).losses(1), Evaluator(problem).losses(1))
    other = dataclasses.replace(problem.objective, assigner=CARD)
    assert dataclasses.replace(problem, objective=other).fingerprint != problem.fingerprint


@pytest.mark.parametrize("losses", [["magic"], [], ["bce", "bce"], [CrossEntropy()] * 2])
def test_losses_that_do_not_exist(frames, losses):
    with pytest.raises(LandscapeError, match="cross_entropy, track_likelihood"):
        tracker_problem(load_method("line-graph-ptt"), frames, losses=losses)


def test_fewer_frames_are_a_part_of_more():
    all_frames = read_problem_frames(VALIDATION, per_frame=50)
    some, more = (
        read_problem_frames(VALIDATION, per_frame=50, most=most, seed=3) for most in (2, 5)
    )

    def places(chosen) -> list[int]:
        return [
            next(n for n, other in enumerate(all_frames) if torch.equal(frame.energy, other.energy))
            for frame in chosen
        ]

    assert len(some) == 2
    assert set(places(some)) < set(places(more))
    assert places(more) == sorted(places(more))
    assert places(read_problem_frames(VALIDATION, per_frame=50, most=5, seed=4)) != places(more)


@pytest.mark.parametrize("name", TRAINABLE)
def test_every_objective_is_drawn_as_a_training_reports_it(frames, name, rng):
    scorer = load_method("trackscape" if name == "track_likelihood" else "line-graph-ptt")
    problem = tracker_problem(scorer, frames, losses=[name, "hamming"], assigner=REJECT, seed=3)
    points = grid(
        problem.centre,
        0.2 * torch.randn(2, len(problem.centre), generator=rng, dtype=torch.float64),
        extent=1.0,
        steps=3,
    )
    surface = evaluate(problem, points, progress=False)
    loss = OBJECTIVES[name]().seeded(3)
    examples = Examples(frames, scorer=scorer)
    for place in range(len(points)):
        torch.nn.utils.vector_to_parameters(points[place].float(), scorer.parameters())
        for number in range(len(frames)):
            scores = scorer(examples[number].graph)
            expected = loss(scores, examples[number].label, assigner=REJECT, frame=number)
            found = surface.values[place, number, 0]
            assert found == pytest.approx(expected.item(), rel=1e-4, abs=1e-8)
    assert surface.mean(name).max() > surface.mean(name).min()
