"""Other processes give the same bytes, and say what is wrong with them."""

import dataclasses

import pytest
import torch
from torch.nn.utils import parametrizations

from trackscape.errors import LandscapeError
from trackscape.landscape.execution import Processes, carry_out
from trackscape.landscape.execution.worker import Worker, pack
from trackscape.landscape.points import grid
from trackscape.landscape.surface import evaluate


def quiet(work, workers=1, **settings):
    return carry_out(work, executor=Processes(workers), progress=False, **settings)


def test_two_processes_give_the_bytes_of_this_one(problem, rng):
    made = dataclasses.replace(problem(norm=True), norm="batch")
    directions = torch.randn(2, len(made.centre), generator=rng, dtype=torch.float64)
    points = grid(made.centre, directions, steps=3)
    expected = evaluate(made, points, progress=False)
    found = evaluate(made, points, executor=Processes(2), progress=False)
    assert found.values.tobytes() == expected.values.tobytes()


def test_an_error_comes_back_with_its_kind_and_the_rest_is_kept(roots, tmp_path):
    with pytest.raises(ZeroDivisionError, match="at item 30") as caught:
        quiet(roots(fails_at=30), folder=tmp_path)
    assert "in rows" in caught.value.__notes__[0]
    assert quiet(roots(), folder=tmp_path).tobytes() == carry_out(roots(), progress=False).tobytes()


def test_a_process_that_dies_is_named_with_its_exit_code(roots):
    with pytest.raises(LandscapeError, match=r"exit code 7.*fewer workers"):
        quiet(roots(dies_at=3))


def test_what_cannot_be_pickled_is_refused(problem):
    made = dataclasses.replace(problem(), objective=lambda model, batch: model(batch[0]).mean())
    points = grid(made.centre, torch.eye(len(made.centre))[:1], steps=2)
    with pytest.raises(LandscapeError, match="at the top of a module"):
        evaluate(made, points, executor=Processes(1), progress=False)


def test_a_model_that_refuses_to_be_pickled_is_refused(problem):
    made = problem()
    parametrizations.weight_norm(made.model[0])
    points = grid(made.centre, torch.eye(len(made.centre))[:1], steps=2)
    with pytest.raises(LandscapeError, match=r"pickle says.*use the executor Serial"):
        evaluate(made, points, executor=Processes(1), progress=False)


def test_no_process_is_no_choice():
    with pytest.raises(LandscapeError, match="at least 1 process"):
        Processes(0)


def test_settings_of_pytorch_reach_other_processes(roots):
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        torch.set_float32_matmul_precision("high")
        packed = pack(roots())
        torch.set_default_dtype(dtype)
        torch.set_float32_matmul_precision("highest")
        Worker(packed).load()
        assert torch.get_default_dtype() == torch.float64
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_default_dtype(dtype)
        torch.set_float32_matmul_precision("highest")
        torch.set_num_threads(threads)
