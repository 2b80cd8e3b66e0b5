"""Surfaces are those of the formula, at the stated points, with the stated errors."""

import copy
import dataclasses
import importlib
import json
import math
from concurrent.futures import Executor, Future

import numpy as np
import pytest
import torch
from torch import nn

from trackscape.errors import LandscapeError, LandscapeWarning, RunError
from trackscape.execution import Processes
from trackscape.landscape.directions import random_directions
from trackscape.landscape.evaluator import Evaluator, norm_layers
from trackscape.landscape.points import grid, line
from trackscape.landscape.problem import Problem
from trackscape.landscape.surface import Surface, evaluate


class Weights(nn.Module):
    def __init__(self, *values: float) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.tensor(values, dtype=torch.float64))


def quadratic(model, batch):
    (matrix,) = batch
    return model.values @ matrix @ model.values / 2


def sometimes_undefined(model, batch):
    return {"root": model.values.sum().sqrt(), "inverse": 1 / model.values.sum()}


def random_plane(problem, rng, **settings):
    directions = torch.randn(2, len(problem.centre), generator=rng, dtype=torch.float64)
    return grid(problem.centre, directions, **settings)


def draw(problem, points, **settings):
    return evaluate(problem, points, progress=False, **settings)


MATRIX = torch.tensor([[3.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]], dtype=torch.float64)


@pytest.mark.parametrize("shape", [(5, 3), (4, 7), (2, 2)])
def test_a_quadratic_has_its_values_on_the_exact_grid(rng, shape):
    problem = Problem(Weights(1.0, -2.0, 0.5), [(MATRIX,)], quadratic)
    directions = torch.randn(2, 3, generator=rng, dtype=torch.float64)
    surface = draw(problem, grid(problem.centre, directions, extent=(1.0, 0.25), steps=shape))
    first, second = np.meshgrid(
        np.linspace(-1, 1, shape[0]), np.linspace(-0.25, 0.25, shape[1]), indexing="ij"
    )
    place = problem.centre.numpy() + np.stack([first, second], axis=-1) @ directions.numpy()
    expected = np.einsum("...i,ij,...j->...", place, MATRIX.numpy(), place) / 2
    np.testing.assert_allclose(surface.mean(), expected, rtol=1e-13)


def test_origin_and_corners_are_on_the_grid_to_the_last_bit(rng):
    problem = Problem(Weights(1.0, -2.0, 0.5), [(MATRIX,)], quadratic)
    directions = torch.randn(2, 3, generator=rng, dtype=torch.float64)
    mean = draw(problem, grid(problem.centre, directions, steps=5)).mean()
    evaluator = Evaluator(problem)
    for place, factors in {(2, 2): (0.0, 0.0), (0, 0): (-1.0, -1.0), (0, 4): (-1.0, 1.0)}.items():
        evaluator.move(problem.centre + torch.tensor(factors).double() @ directions)
        assert mean[place] == evaluator.losses(0).item()


def test_means_are_those_of_the_joined_data(problem, batches, rng):
    parts = problem(4, 7, 2)
    whole = dataclasses.replace(
        parts, batches=[tuple(torch.cat(part) for part in zip(*parts.batches, strict=True))]
    )
    points = random_plane(parts, rng, steps=3)
    np.testing.assert_allclose(draw(parts, points).mean(), draw(whole, points).mean(), rtol=1e-12)


def test_the_standard_error_of_equal_batches_is_the_usual_one(problem, rng):
    surface = draw(problem(5, 5, 5, 5), random_plane(problem(), rng, steps=3))
    expected = surface.values[:, :, 0].std(axis=1, ddof=1) / 2
    np.testing.assert_allclose(surface.standard_error().ravel(), expected)


def test_the_standard_error_by_hand():
    surface = Surface(
        points=line(torch.zeros(1), torch.ones(1), steps=2),
        names=("loss",),
        values=np.array([[[1.0], [2.0], [4.0]], [[3.0], [3.0], [3.0]]]),
        weights=np.array([0.5, 0.25, 0.25]),
        about={},
    )
    assert surface.mean().tolist() == [2.0, 3.0]
    square = 3 / 2 * (0.25 * 1.0**2 + 0.0625 * 0.0**2 + 0.0625 * 2.0**2)
    assert surface.standard_error().tolist() == pytest.approx([math.sqrt(square), 0.0])


def test_one_batch_has_no_standard_error(problem, rng):
    surface = draw(problem(4), random_plane(problem(), rng, steps=2))
    assert np.isnan(surface.standard_error()).all()


def test_what_is_no_number_stays_so_and_is_masked():
    problem = Problem(Weights(0.0), [torch.zeros(1), torch.zeros(1)], sometimes_undefined)
    points = grid(problem.centre, torch.ones(1, 1).double(), steps=3)
    surface = draw(problem, points)
    assert np.isnan(surface.values[0, :, 0]).all()
    assert np.isposinf(surface.values[1, :, 1]).all()
    assert surface.finite("root").tolist() == [False, True, True]
    assert surface.finite("inverse").tolist() == [True, False, True]
    assert np.isnan(surface.mean("root")[0])
    assert np.isnan(surface.standard_error("root")[0])
    assert np.isposinf(surface.mean("inverse")[1])
    assert np.isnan(surface.standard_error("inverse")[1])
    assert surface.mean("inverse")[2] == 1.0


class Dropping(nn.Module):
    """Of its two parameters, only the first one counts."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.ones(1))
        self.second = nn.Parameter(torch.ones(1))
        self.dropout = nn.Dropout(0.5)

    def forward(self, inputs):
        return self.dropout(inputs) * self.first + 0 * self.second


def dropped(model, batch):
    model.dropout.train()
    return model(batch).mean()


def test_all_points_see_the_same_random_numbers(rng):
    batches = [torch.randn(64, generator=rng) for _ in range(3)]
    problem = Problem(Dropping(), batches, dropped)
    values = draw(problem, grid(problem.centre, torch.eye(2).double(), steps=5)).values
    values = values.reshape(5, 5, 3)
    assert (values == values[:, :1]).all()
    assert len(np.unique(values[4, 0])) == 3
    points = grid(problem.centre, torch.eye(2).double(), steps=5)
    other = draw(dataclasses.replace(problem, seed=1), points).values.reshape(5, 5, 3)
    assert not (other[4, 0] == values[4, 0]).any()


def normalised_loss(weights, batch, mean, variance):
    """The perceptron of the fixtures, with the statistics that its middle layer should have."""
    inputs, targets = batch
    hidden = inputs @ weights["0.weight"].T + weights["0.bias"]
    hidden = (hidden - mean) / (variance + 1e-5).sqrt()
    hidden = torch.tanh(hidden * weights["1.weight"] + weights["1.bias"])
    found = hidden @ weights["3.weight"].T + weights["3.bias"]
    return ((found - targets) ** 2).mean().item()


@pytest.mark.parametrize("norm", ["frozen", "recomputed", "batch"])
def test_statistics_are_what_the_policy_says_at_every_point(problem, rng, norm):
    made = dataclasses.replace(problem(6, 6, norm=True), norm=norm)
    (layer,) = norm_layers(made.model)
    points = random_plane(made, rng, steps=3)
    values = draw(made, points).values
    assert values.shape == (9, 2, 1)
    for number in range(9):
        weights = dict(made.space.views(points[number]))
        hidden = [x @ weights["0.weight"].T + weights["0.bias"] for x, _ in made.batches]
        for index, batch in enumerate(made.batches):
            mean, variance = {
                "frozen": (layer.running_mean, layer.running_var),
                "recomputed": (
                    torch.cat(hidden).mean(dim=0),
                    torch.stack([part.var(dim=0) for part in hidden]).mean(dim=0),
                ),
                "batch": (
                    hidden[index].mean(dim=0),
                    hidden[index].var(dim=0, unbiased=False),
                ),
            }[norm]
            expected = normalised_loss(weights, batch, mean, variance)
            assert values[number, index, 0] == pytest.approx(expected, rel=1e-10)


def test_the_model_stays_as_it_was(problem, rng):
    for norm in ("frozen", "recomputed", "batch"):
        made = dataclasses.replace(problem(norm=True), norm=norm)
        made.model.train()
        before = copy.deepcopy(made.model.state_dict())
        draw(made, random_plane(made, rng, steps=2))
        after = made.model.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before)
        assert all(module.training for module in made.model.modules())


class Stopping(Executor):
    """Is interrupted after some blocks."""

    def __init__(self):
        self.left = 2

    def submit(self, function, /, *arguments):
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        future = Future()
        future.set_result(function(*arguments))
        return future


@pytest.mark.parametrize("norm", ["frozen", "recomputed"])
def test_an_interrupted_surface_goes_on_to_the_same_bytes(problem, rng, tmp_path, norm):
    made = dataclasses.replace(problem(norm=True), norm=norm)
    points = random_plane(made, rng, steps=4)
    with pytest.raises(KeyboardInterrupt):
        draw(made, points, folder=tmp_path, executor=Stopping())
    assert (tmp_path / "done.u8").read_bytes() == b"\1\1"
    found = draw(made, points, folder=str(tmp_path))
    assert found.values.tobytes() == draw(made, points).values.tobytes()


def test_a_folder_is_that_of_one_problem_at_some_points(problem, perceptron, batches, tmp_path):
    made = problem()
    points = line(made.centre, 2 * made.centre, steps=3)
    draw(made, points, folder=tmp_path)
    others = {
        "weights": dataclasses.replace(made, model=perceptron(1, norm=False)),
        "data": dataclasses.replace(made, batches=batches(4, 7, 2, seed=2)),
        "seed": dataclasses.replace(made, seed=1),
    }
    for other in others.values():
        with pytest.raises(RunError, match="another model, other data"):
            draw(other, points, folder=tmp_path)
    with pytest.raises(RunError, match="points or code"):
        draw(made, line(made.centre, 3 * made.centre, steps=3), folder=tmp_path)


def test_a_folder_is_that_of_one_code(problem, tmp_path, monkeypatch):
    code = "def spelt(model, batch):\n    return model(batch[0]).square().mean()\n"
    (tmp_path / "an_objective_of_its_own.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("an_objective_of_its_own")
    made = dataclasses.replace(problem(), objective=module.spelt)
    points = line(made.centre, 2 * made.centre, steps=3)
    draw(made, points, folder=tmp_path / "work")
    (tmp_path / "an_objective_of_its_own.py").write_text(code.replace("square", "abs"))
    with pytest.raises(RunError, match="or code"):
        draw(made, points, folder=tmp_path / "work")


def varying(model, batch):
    values = {"loss": model(batch[0]).mean()}
    return values if len(batch[0]) == 4 else {**values, "more": values["loss"]}


def test_all_batches_have_the_same_values(problem):
    made = dataclasses.replace(problem(7, 4), objective=varying)
    with pytest.raises(LandscapeError, match=r"Expected loss, more of each batch, .* got loss;"):
        draw(made, line(made.centre, 2 * made.centre, steps=2))


def test_a_surface_says_where_it_comes_from(problem):
    made = problem()
    points = line(made.centre, 2 * made.centre, steps=2)
    about = json.loads(json.dumps(draw(made, points).about))
    assert about["norm"] == "frozen"
    assert about["torch"] == torch.__version__
    assert about["fingerprint"] == draw(made, points).about["fingerprint"]


def test_points_and_names_that_do_not_belong_are_refused(problem):
    made = problem()
    with pytest.raises(LandscapeError, match="make them for this model"):
        draw(made, line(torch.zeros(2), torch.ones(2)))
    surface = draw(made, line(made.centre, 2 * made.centre, steps=2))
    with pytest.raises(LandscapeError, match="Expected one of loss, got 'accuracy'"):
        surface.mean("accuracy")


def test_nothing_is_shared_out_if_the_problem_is_wrong(problem):
    made = dataclasses.replace(problem(), objective=lambda model, batch: torch.rand(2))
    with pytest.raises(LandscapeError, match="one number for a batch"):
        draw(made, line(made.centre, 2 * made.centre), executor=Processes(2))


def test_a_surface_without_any_number_is_said(problem, rng):
    made = dataclasses.replace(
        problem(), objective=lambda model, batch: {"a": model(batch[0]).mean(), "b": math.nan}
    )
    with pytest.warns(LandscapeWarning, match="b: no mean of 9 points is finite"):
        found = draw(made, random_plane(made, rng, steps=3))
    assert np.isnan(found.values[:, :, 1]).all()


def test_a_loss_that_is_the_same_everywhere_is_said(problem, rng):
    other = problem().model
    made = dataclasses.replace(problem(), objective=lambda model, batch: other(batch[0]).mean())
    with pytest.warns(LandscapeWarning, match="calls the model that it is given"):
        draw(made, random_plane(made, rng, steps=3))
    draw(made, line(made.centre, made.centre, steps=3))  # where that is no wonder


def test_what_is_printed_fits_on_a_line(problem, rng):
    made = problem()
    points = random_plane(made, rng, steps=3, axes=("up", "right"))
    printed = {
        repr(made): "Problem(Sequential with 26 parameters, 3 batches, norm='frozen', seed=0)",
        repr(points): "SampleGrid(3 x 3 along up, right, 26 parameters)",
        repr(draw(made, points)): (
            "Surface(loss of 3 batches, SampleGrid(3 x 3 along up, right, 26 parameters))"
        ),
        repr(random_directions(made.model, 2, seed=0)): (
            "Directions(random direction 1, random direction 2; 26 parameters)"
        ),
    }
    assert list(printed) == list(printed.values())
