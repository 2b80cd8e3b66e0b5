"""Processes that share nothing but a folder return the same whole result."""

import multiprocessing
import os
import time
from unittest import mock

import numpy as np
import pytest

from trackscape.errors import RunError
from trackscape.execution import FileQueue, compute_array


def compute(job, folder, result):
    # Begun at a random item, one in forty would die at its first one, with no row to wait for.
    with mock.patch("secrets.randbelow", return_value=0):
        rows = compute_array(job, executor=FileQueue(folder), progress=False)
    np.save(result, rows, allow_pickle=False)


def start(job, folder, result):
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=compute, args=(job, folder, result))
    process.start()
    while not any(path.read_bytes() for path in folder.glob("*/done.u8")):
        assert process.is_alive()
        time.sleep(0.01)
    return process


def test_two_processes_share_a_job_and_both_return_all_of_it(roots, tmp_path):
    folder, result = tmp_path / "queue", tmp_path / "rows.npy"
    process = start(roots(pause=0.1, n_items=60), folder, result)
    mine = []

    class Counting(roots):
        def rows(self, begin, end):
            mine.append(begin)
            return super().rows(begin, end)

    shared = Counting(pause=0.1, n_items=60)
    rows = compute_array(shared, executor=FileQueue(folder), progress=False)
    process.join()
    assert 0 < len(mine) < 60
    assert rows.tobytes() == np.load(result).tobytes()
    assert rows.tobytes() == compute_array(roots(n_items=60), progress=False).tobytes()


def test_the_block_of_a_dead_process_is_taken_over(roots, tmp_path):
    """It dies while it computes an item, which it holds."""
    process = start(roots(pause=0.05, dies_at=20), tmp_path, tmp_path / "never.npy")
    rows = compute_array(roots(pause=0.05), executor=FileQueue(str(tmp_path)), progress=False)
    process.join()
    assert rows.tobytes() == compute_array(roots(), progress=False).tobytes()


def test_finished_rows_are_read_and_torn_ones_computed_again(roots, tmp_path):
    rows = compute_array(roots(), executor=FileQueue(tmp_path), progress=False)
    (folder,) = tmp_path.iterdir()
    os.truncate(folder / "rows.f64", rows.nbytes - 1)
    again = compute_array(roots(fails_at=4), executor=FileQueue(tmp_path), progress=False)
    assert again.tobytes() == rows.tobytes()


def test_a_failure_frees_the_block(roots, tmp_path):
    with pytest.raises(ZeroDivisionError):
        compute_array(roots(fails_at=5), executor=FileQueue(tmp_path), progress=False)
    rows = compute_array(roots(), executor=FileQueue(tmp_path), progress=False)
    assert rows.tobytes() == compute_array(roots(), progress=False).tobytes()


def test_without_locks_the_result_is_the_same(roots, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.lockf", refuse)
    rows = compute_array(roots(), executor=FileQueue(tmp_path), progress=False)
    assert rows.tobytes() == compute_array(roots(), progress=False).tobytes()


def test_a_folder_that_cannot_be_is_refused(roots, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="name another one"):
        compute_array(roots(), executor=FileQueue(tmp_path / "file"), progress=False)
