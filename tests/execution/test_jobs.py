"""Other processes give the same results, and say what is wrong with them."""

import functools
import multiprocessing
import operator
import os
import pickle
import signal
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from trackscape.errors import RunError
from trackscape.execution import Processes, compute_array, run_jobs
from trackscape.execution.jobs import _call, _pack


def quiet(job, workers=1, **settings):
    return compute_array(job, executor=Processes(workers), progress=False, **settings)


def cube(number: int) -> int:
    return number**3


def sleeper(path: str) -> None:
    """Says who it is, and sleeps."""
    with open(path, "x") as file:
        file.write(str(os.getpid()))
    time.sleep(600)


def launch(paths) -> None:
    list(run_jobs(sleeper, paths, Processes(2)))


class OddError(Exception):
    """Cannot be made again from its message."""

    def __init__(self, one, other):
        super().__init__(f"{one} and {other}")


def odd(job):
    raise OddError(job, "more")


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_of_concurrent_futures_gives_the_same_bytes(roots, pool):
    context = (
        {} if pool is ThreadPoolExecutor else {"mp_context": multiprocessing.get_context("spawn")}
    )
    with pool(2, **context) as executor:
        found = compute_array(roots(), executor=executor, progress=False)
        assert dict(run_jobs(cube, range(9), executor)) == {n: n**3 for n in range(9)}
    assert found.tobytes() == compute_array(roots(), progress=False).tobytes()


def test_each_job_comes_with_its_result(roots):
    assert dict(run_jobs(cube, range(50), Processes(2))) == {n: n**3 for n in range(50)}
    assert list(run_jobs(cube, range(5))) == [(n, n**3) for n in range(5)]
    assert list(run_jobs(cube, [], Processes(2))) == []


def test_a_function_with_much_data_reaches_every_process():
    function = functools.partial(operator.getitem, [n**2 for n in range(10**6)])
    found = dict(run_jobs(function, range(0, 10**6, 10**4), Processes(2)))
    assert found == {n: n**2 for n in range(0, 10**6, 10**4)}


def test_an_error_comes_back_with_its_kind_and_the_rest_is_kept(roots, tmp_path):
    with pytest.raises(ZeroDivisionError, match="at item 30") as caught:
        quiet(roots(fails_at=30), folder=tmp_path)
    assert "in rows" in str(caught.value.__cause__)
    expected = compute_array(roots(), progress=False)
    assert quiet(roots(), folder=tmp_path).tobytes() == expected.tobytes()


def test_an_error_that_cannot_be_sent_comes_back_by_its_message():
    with pytest.raises(RuntimeError, match="OddError: 3 and more"):
        list(run_jobs(odd, [3], Processes(1)))


def test_the_job_of_a_process_that_dies_is_done_by_another_one(roots, tmp_path):
    deadly = roots(dies_at=3, dies_once=str(tmp_path / "died"))
    found = quiet(deadly, workers=2)
    assert (tmp_path / "died").exists()
    assert found.tobytes() == compute_array(roots(), progress=False).tobytes()


@pytest.mark.slow
def test_processes_that_die_again_and_again_are_named_with_their_exit_code(roots):
    with pytest.raises(RunError, match=r"exit code 7.*fewer workers"):
        quiet(roots(dies_at=3))


def test_processes_end_with_the_one_that_started_them(tmp_path):
    paths = [str(tmp_path / name) for name in ("one", "two")]
    launcher = multiprocessing.get_context("spawn").Process(target=launch, args=(paths,))
    launcher.start()
    while not all(os.path.exists(path) and os.path.getsize(path) for path in paths):
        assert launcher.is_alive()
        time.sleep(0.01)
    os.kill(launcher.pid, signal.SIGKILL)
    launcher.join()
    for path in paths:
        with open(path) as file:
            process = int(file.read())
        while _is_running(process):
            time.sleep(0.01)


def _is_running(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_nothing_runs_after_the_results_are_no_longer_wanted():
    found = run_jobs(time.sleep, [0, 600, 600], Processes(2))
    next(found)
    found.close()
    assert multiprocessing.active_children() == []


def test_no_process_is_no_choice():
    with pytest.raises(RunError, match="at least 1 process"):
        Processes(0)


def test_settings_of_pytorch_reach_other_processes():
    import torch  # not above, as each process would load it

    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        torch.set_float32_matmul_precision("high")
        packed = _pack(cube, pickle)
        torch.set_default_dtype(dtype)
        torch.set_float32_matmul_precision("highest")
        assert _call("unknown", None, 2) is None
        assert _call("unknown", packed, 2) == (8,)
        assert _call("unknown", None, 3) == (27,)
        assert torch.get_default_dtype() == torch.float64
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_default_dtype(dtype)
        torch.set_float32_matmul_precision("highest")
        torch.set_num_threads(threads)
