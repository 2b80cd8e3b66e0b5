"""Losses and gradients anywhere: means by sample, statistics by policy, and nothing moves."""

import copy
import dataclasses

import pytest
import torch
from torch import nn

from trackscape.errors import LandscapeError
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.problem import Problem, count_samples


def mean_loss(evaluator: Evaluator, vector: torch.Tensor) -> float:
    evaluator.move(vector)
    return sum(
        float(weight * evaluator.losses(number)[0])
        for number, weight in enumerate(evaluator.weights)
    )


@pytest.mark.parametrize("norm", ["frozen", "batch"])
def test_the_gradient_is_that_of_finite_differences(problem, rng, norm):
    evaluator = Evaluator(dataclasses.replace(problem(norm=True), norm=norm))
    centre = evaluator.problem.centre
    step = 1e-4 * torch.randn(len(centre), generator=rng, dtype=torch.float64)
    difference = mean_loss(evaluator, centre + step) - mean_loss(evaluator, centre - step)
    assert difference / 2 == pytest.approx(float(evaluator.gradient(centre) @ step), rel=1e-5)


def test_uneven_batches_are_weighted_by_their_samples(problem, batches):
    parts = problem(4, 7, 2)
    joined = tuple(torch.cat(part) for part in zip(*parts.batches, strict=True))
    whole = dataclasses.replace(parts, batches=[joined])
    centre = parts.centre
    assert mean_loss(Evaluator(parts), centre) == pytest.approx(mean_loss(Evaluator(whole), centre))
    torch.testing.assert_close(Evaluator(parts).gradient(centre), Evaluator(whole).gradient(centre))


def test_the_mean_of_some_batches_is_weighted_among_them(problem):
    parts = problem(4, 7, 2)
    some = dataclasses.replace(parts, batches=[parts.batches[0], parts.batches[2]])
    torch.testing.assert_close(
        Evaluator(parts).gradient(parts.centre, [0, 2]), Evaluator(some).gradient(parts.centre)
    )


def test_the_model_of_a_problem_never_changes(problem):
    for norm in ("frozen", "recomputed", "batch"):
        made = dataclasses.replace(problem(norm=True), norm=norm)
        before = copy.deepcopy(made.model.state_dict())
        evaluator = Evaluator(made)
        evaluator.gradient(2 * made.centre)
        evaluator.losses(0)
        after = made.model.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before)


def test_frozen_statistics_are_the_stored_ones(problem):
    made = problem(norm=True)
    inputs, targets = made.batches[0]
    expected = nn.functional.mse_loss(made.model.eval()(inputs), targets)
    evaluator = Evaluator(made)
    assert evaluator.losses(0)[0].item() == expected.item()


def test_recomputed_statistics_are_those_of_all_batches_where_we_are(problem, rng):
    made = dataclasses.replace(problem(4, 4, norm=True), norm="recomputed")
    evaluator = Evaluator(made)
    vector = made.centre + torch.randn(len(made.centre), generator=rng, dtype=torch.float64)
    evaluator.move(vector)
    model = copy.deepcopy(made.model)
    made.space.write(vector, model)
    hidden = [model[0](inputs) for inputs, _ in made.batches]
    norm = evaluator.model[1]
    torch.testing.assert_close(norm.running_mean, torch.cat(hidden).mean(dim=0))
    expected = torch.stack([part.var(dim=0) for part in hidden]).mean(dim=0)
    torch.testing.assert_close(norm.running_var, expected)
    assert not norm.training


def test_a_point_after_one_without_numbers_is_as_before_it(problem):
    for norm in ("frozen", "recomputed", "batch"):
        evaluator = Evaluator(dataclasses.replace(problem(norm=True), norm=norm))
        centre = evaluator.problem.centre
        first = mean_loss(evaluator, centre)
        assert mean_loss(evaluator, centre * torch.nan) != first
        assert mean_loss(evaluator, centre) == first


def dropped(model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    return nn.functional.dropout(model(batch[0]), training=True).square().mean()


def test_random_numbers_are_common_to_all_points_and_leave_those_of_the_caller_alone(problem):
    made = dataclasses.replace(problem(), objective=dropped)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, second = Evaluator(made), Evaluator(made)
    assert torch.equal(first.losses(1), second.losses(1))
    assert torch.equal(torch.get_rng_state(), state)
    other = Evaluator(dataclasses.replace(made, seed=1))
    assert not torch.equal(first.losses(1), other.losses(1))


class Remembers:
    """An objective that depends on how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, model: nn.Module, batch: object) -> torch.Tensor:
        self.calls += 1
        return next(model.parameters()).sum() * 0 + self.calls


def test_what_differs_at_the_same_weights_is_refused(problem):
    with pytest.raises(LandscapeError, match="two evaluations at the same weights"):
        Evaluator(dataclasses.replace(problem(), objective=Remembers()))


def test_a_parameter_without_gradient_is_named(batches):
    class Unused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = nn.Linear(3, 1), nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used(x)

    def loss(model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return model(batch[0]).square().mean()

    made = Problem(Unused().double(), batches(4), loss)
    with pytest.raises(LandscapeError, match=r"unused\.weight has no gradient"):
        Evaluator(made).gradient(made.centre)


def test_a_decision_has_losses_but_no_gradient(batches, perceptron):
    def decided(model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return ((model(batch[0]) > 0) != (batch[1] > 0)).double().mean()

    made = Problem(perceptron(norm=False), batches(4), decided)
    assert 0 <= Evaluator(made).losses(0)[0] <= 1
    with pytest.raises(LandscapeError, match="with a gradient"):
        Evaluator(made).gradient(made.centre)


def test_an_objective_has_one_number_for_a_batch(batches, perceptron):
    def rowwise(model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return model(batch[0])

    with pytest.raises(LandscapeError, match="one number for a batch"):
        Evaluator(Problem(perceptron(norm=False), batches(4), rowwise))


def test_settings_that_make_no_problem_are_refused(problem):
    made = problem()
    with pytest.raises(LandscapeError, match="at least one batch"):
        dataclasses.replace(made, batches=[])
    with pytest.raises(LandscapeError, match="frozen, recomputed, batch"):
        dataclasses.replace(made, norm="eval")
    with pytest.raises(LandscapeError, match="pass samples="):
        count_samples({"x": 1})
    with pytest.raises(LandscapeError, match="batches with samples"):
        Evaluator(dataclasses.replace(made, samples=lambda batch: 0.0))


def test_what_is_no_model_objective_or_list_of_batches_is_refused():
    model, batch = nn.Linear(3, 1), torch.ones(4, 3)
    objective = lambda network, values: network(values).mean()  # noqa: E731
    with pytest.raises(LandscapeError, match="got function and function"):
        Problem(objective, [batch], objective)
    with pytest.raises(LandscapeError, match="got Linear and NoneType"):
        Problem(model, [batch], None)
    with pytest.raises(LandscapeError, match=r"got Tensor; .* \[batch\]"):
        Problem(model, batch, objective)
