"""What objectives and batches may be: whatever a training loop has, or one sentence."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from trackscape.errors import LandscapeError
from trackscape.landscape.evaluator import Evaluator
from trackscape.landscape.points import grid
from trackscape.landscape.problem import Problem
from trackscape.landscape.surface import _SurfaceJob


def make(objective) -> Problem:
    torch.manual_seed(0)
    return Problem(nn.Linear(3, 1), [torch.randn(4, 3), torch.randn(2, 3)], objective)


def square(model, batch):
    return model(batch).square().mean()


@pytest.mark.parametrize(
    ("convert", "names"),
    [
        (lambda loss: loss.item(), ("loss",)),
        (lambda loss: np.float32(loss.item()), ("loss",)),
        (lambda loss: loss.reshape(1, 1), ("loss",)),
        (lambda loss: {"a": loss[None], "b": 0.5, "c": 2, "d": True}, ("a", "b", "c", "d")),
    ],
)
def test_numbers_of_any_kind_are_values(convert, names):
    problem = make(lambda model, batch: convert(square(model, batch)))
    evaluator = Evaluator(problem)
    assert evaluator.names == names
    expected = square(problem.model, problem.batches[0]).item()
    assert evaluator.losses(0)[0].item() == pytest.approx(expected)
    assert evaluator.losses(0)[1:].tolist() == [0.5, 2.0, 1.0][: len(names) - 1]


@pytest.mark.parametrize(
    ("convert", "sentence"),
    [
        (lambda loss: (loss, 0.5), "loss is a tuple; return the mean"),
        (lambda loss: None, "loss is a NoneType"),
        (lambda loss: {"a": loss, "b": {"c": loss}}, "b is a dict"),
        (lambda loss: {}, "got a dict with the names"),
        (lambda loss: {0: loss}, "got a dict with the names"),
        (lambda loss: loss.repeat(2), r"has the shape \(2,\)"),
        (lambda loss: loss * 1j, "is complex"),
    ],
)
def test_what_is_no_number_is_refused_in_one_sentence(convert, sentence):
    with pytest.raises(LandscapeError, match=sentence):
        Evaluator(make(lambda model, batch: convert(square(model, batch))))


def test_a_later_batch_is_held_to_the_same():
    evaluator = Evaluator(make(lambda model, batch: square(model, batch) if len(batch) > 2 else ()))
    with pytest.raises(LandscapeError, match="loss is a tuple"):
        evaluator.losses(1)


def test_an_objective_that_differentiates_says_so():
    def slope(model, batch):
        return torch.autograd.grad(square(model, batch), model.weight)[0].square().sum()

    with pytest.raises(LandscapeError, match="enable_grad"):
        Evaluator(make(slope))
    with torch.no_grad():
        Evaluator(make(torch.enable_grad()(slope)))


def test_columns_are_in_one_order_in_every_process():
    names = ["a", "b"]
    problem = make(lambda model, batch: {name: square(model, batch) * ord(name) for name in names})
    points = grid(problem.centre, problem.centre[None], steps=2)
    work = _SurfaceJob(problem, points, ("a", "b"))
    rows = work.start()(0, 4)
    names.reverse()  # as a set in another process may come
    assert work.start()(0, 4).tobytes() == rows.tobytes()
    assert dataclasses.replace(work, names=("b", "a")).fingerprint != work.fingerprint


def test_batches_have_numbers_and_a_length():
    data = torch.randn(6, 3)
    loader = DataLoader(TensorDataset(data), batch_size=4)
    for batches in (loader, iter([data]), (batch for batch in [data]), {0: data}, {1.0}, "data", 3):
        with pytest.raises(LandscapeError, match=r"sequence of batches.*list\(loader\)"):
            Problem(nn.Linear(3, 1), batches, square)
    listed = Problem(nn.Linear(3, 1), list(loader), lambda model, batch: square(model, batch[0]))
    assert listed.weights.tolist() == pytest.approx([4 / 6, 2 / 6])
    with pytest.raises(LandscapeError, match="batches with samples"):
        Evaluator(dataclasses.replace(listed, samples=lambda batch: float("inf")))


def test_batches_may_be_dictionaries_that_say_how_many_samples_they_have():
    batches = [{"x": torch.randn(4, 3)}, {"x": torch.randn(2, 3)}]
    problem = Problem(nn.Linear(3, 1), batches, lambda model, batch: square(model, batch["x"]))
    with pytest.raises(LandscapeError, match="pass samples="):
        Evaluator(problem)
    counted = dataclasses.replace(problem, samples=lambda batch: len(batch["x"]))
    assert Evaluator(counted).losses(1).isfinite().all()
