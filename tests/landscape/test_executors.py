"""Other processes give the same losses, of problems that can be sent there."""

import dataclasses

import pytest
import torch
from torch.nn.utils import parametrizations

from trackscape.errors import RunError
from trackscape.execution import Processes
from trackscape.landscape.points import grid
from trackscape.landscape.surface import evaluate


def test_two_processes_give_the_bytes_of_this_one(problem, rng):
    made = dataclasses.replace(problem(norm=True), norm="batch")
    directions = torch.randn(2, len(made.centre), generator=rng, dtype=torch.float64)
    points = grid(made.centre, directions, steps=3)
    expected = evaluate(made, points, progress=False)
    found = evaluate(made, points, executor=Processes(2), progress=False)
    assert found.values.tobytes() == expected.values.tobytes()


def test_what_cannot_be_pickled_is_refused(problem):
    made = dataclasses.replace(problem(), objective=lambda model, batch: model(batch[0]).mean())
    points = grid(made.centre, torch.eye(len(made.centre))[:1], steps=2)
    with pytest.raises(RunError, match="at the top of a module"):
        evaluate(made, points, executor=Processes(1), progress=False)


def test_a_model_that_refuses_to_be_pickled_is_refused(problem):
    made = problem()
    parametrizations.weight_norm(made.model[0])
    points = grid(made.centre, torch.eye(len(made.centre))[:1], steps=2)
    with pytest.raises(RunError, match=r"pickle says.*without an executor"):
        evaluate(made, points, executor=Processes(1), progress=False)
