"""Processes that share nothing but a folder return the same whole result."""

import multiprocessing
import time

import numpy as np
import pytest

from trackscape.errors import LandscapeError
from trackscape.landscape.execution import FileQueue, carry_out


def compute(work, folder, result):
    rows = carry_out(work, executor=FileQueue(folder), progress=False)
    np.save(result, rows, allow_pickle=False)


def test_two_processes_share_a_work_and_both_return_all_of_it(roots, tmp_path):
    folder, result = tmp_path / "queue", tmp_path / "rows.npy"
    work = roots(pause=0.1, n_items=60)
    process = multiprocessing.get_context("spawn").Process(
        target=compute, args=(work, folder, result)
    )
    process.start()
    while not list(folder.glob("*/*.claim")):
        assert process.is_alive()
        time.sleep(0.01)
    mine = []

    class Counting(roots):
        def rows(self, begin, end):
            mine.append(begin)
            return super().rows(begin, end)

    shared = Counting(pause=0.1, n_items=60)
    rows = carry_out(shared, executor=FileQueue(folder), progress=False)
    process.join()
    assert 0 < len(mine) < 60
    assert rows.tobytes() == np.load(result).tobytes()
    assert rows.tobytes() == carry_out(roots(n_items=60), progress=False).tobytes()


def test_finished_chunks_are_read_and_damaged_ones_computed_again(roots, tmp_path):
    rows = carry_out(roots(), executor=FileQueue(tmp_path), progress=False)
    (folder,) = tmp_path.iterdir()
    assert len(list(folder.glob("*.rows"))) == 40
    assert not list(folder.glob("*.claim"))
    damaged = folder / "3-4.rows"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    again = carry_out(roots(fails_at=4), executor=FileQueue(tmp_path), progress=False)
    assert again.tobytes() == rows.tobytes()


def test_the_chunk_of_a_dead_process_is_taken_over_after_the_lease(roots, tmp_path):
    work = roots(n_items=2)
    folder = tmp_path / work.fingerprint[:16]
    folder.mkdir()
    (folder / "1-2.claim").touch()
    started = time.monotonic()
    rows = carry_out(work, executor=FileQueue(tmp_path, lease=0.5), progress=False)
    assert time.monotonic() - started > 0.5
    assert rows.tobytes() == carry_out(work, progress=False).tobytes()


def test_a_claim_is_touched_while_its_chunk_is_computed(roots, tmp_path):
    times = set()

    class Watching(roots):
        def rows(self, begin, end):
            (claim,) = tmp_path.glob("*/*.claim")
            for _ in range(20):
                time.sleep(0.05)
                times.add(claim.stat().st_mtime_ns)
            return super().rows(begin, end)

    work = Watching(n_items=1)
    carry_out(work, executor=FileQueue(tmp_path, lease=0.4), progress=False)
    assert len(times) > 3


def test_a_failure_frees_the_chunk(roots, tmp_path):
    with pytest.raises(ZeroDivisionError):
        carry_out(roots(fails_at=5), executor=FileQueue(tmp_path), progress=False)
    assert not list(tmp_path.glob("*/*.claim"))


def test_chunks_are_at_most_a_thousand_or_so(roots, tmp_path):
    carry_out(roots(n_items=3000, width=1), executor=FileQueue(tmp_path), progress=False)
    (folder,) = tmp_path.iterdir()
    assert len(list(folder.glob("*.rows"))) == 1000


def test_leases_are_positive():
    with pytest.raises(LandscapeError, match="positive lease"):
        FileQueue(None, lease=0.0)


def test_a_folder_that_cannot_be_is_refused(roots, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LandscapeError, match="name another one"):
        carry_out(roots(), executor=FileQueue(tmp_path / "file"), progress=False)
