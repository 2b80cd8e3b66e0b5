"""What was finished stays finished: after a kill, a torn file, an interrupt; for one job only."""

import dataclasses
import json
import multiprocessing
import os
import signal
import time
from concurrent.futures import Executor

import numpy as np
import pytest
import torch

from trackscape.errors import RunError, TrackscapeError
from trackscape.execution import FileQueue, compute_array
from trackscape.execution.arrays import _open


class Refusing(Executor):
    """For work that is done already."""

    def submit(self, function, /, *arguments):
        pytest.fail(f"{arguments[-1]} are there already")


def quiet(job, **settings):
    return compute_array(job, progress=False, **settings)


def begin(job, folder):
    compute_array(job, folder=folder, progress=False)


def done(job, folder):
    with _open(job, None, folder) as store:
        return [item for item in range(job.n_items) if store.has(range(item, item + 1))]


def test_not_a_number_is_a_result_that_is_kept(roots, tmp_path):
    rows = quiet(roots(), folder=tmp_path)
    assert np.isnan(rows[::5, 1]).all()
    assert np.isinf(rows[7, 1])
    assert quiet(roots(), folder=tmp_path, executor=Refusing()).tobytes() == rows.tobytes()
    assert quiet(roots()).tobytes() == rows.tobytes()


def test_a_killed_run_goes_on_to_the_same_rows(roots, tmp_path):
    slow = roots(pause=0.25, n_items=12)
    process = multiprocessing.get_context("spawn").Process(target=begin, args=(slow, tmp_path))
    process.start()
    while not (path := tmp_path / "done.u8").exists() or path.read_bytes().count(1) < 3:
        assert process.is_alive()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    known = done(slow, tmp_path)
    assert known == list(range(len(known)))
    assert 3 <= len(known) < slow.n_items
    again = roots(n_items=12, fails_at=0)  # which is there
    assert quiet(again, folder=tmp_path).tobytes() == quiet(roots(n_items=12)).tobytes()


def test_a_torn_row_is_computed_again(roots, tmp_path):
    rows = quiet(roots(), folder=tmp_path)
    path = tmp_path / "rows.f64"
    os.truncate(path, path.stat().st_size - 5)
    assert done(roots(), tmp_path) == list(range(39))
    assert quiet(roots(), folder=tmp_path).tobytes() == rows.tobytes()
    assert quiet(roots(), folder=tmp_path, executor=Refusing()).tobytes() == rows.tobytes()


def test_an_interrupt_leaves_what_was_finished_and_the_folder_free(roots, tmp_path):
    with pytest.raises(ZeroDivisionError):
        quiet(roots(fails_at=20), folder=tmp_path)
    assert done(roots(), tmp_path) == list(range(20))
    assert quiet(roots(), folder=tmp_path).tobytes() == quiet(roots()).tobytes()


@pytest.mark.parametrize("n_items", [25, 60])
def test_more_or_fewer_items_of_one_job_share_a_folder(roots, tmp_path, n_items):
    quiet(roots(), folder=tmp_path)
    other = roots(n_items=n_items, fails_at=3)  # which is there
    expected = quiet(roots(n_items=n_items))
    assert quiet(other, folder=tmp_path).tobytes() == expected.tobytes()


def test_blocks_are_a_thousandth_of_the_work(roots):
    sizes = []

    class Watching(roots):
        def rows(self, begin, end):
            sizes.append(end - begin)
            return super().rows(begin, end)

    rows = quiet(Watching(n_items=3000, width=1))
    assert set(sizes) == {3}
    assert rows.tobytes() == roots(n_items=3000, width=1).rows(0, 3000).tobytes()


def test_a_folder_is_that_of_one_job(roots, tmp_path):
    quiet(roots(), folder=tmp_path)
    assert json.loads((tmp_path / "fingerprint.json").read_text())["job"] == "Roots"
    with pytest.raises(RunError, match=r"columns 3 then, 4 now.*name another folder"):
        quiet(roots(fingerprint="other", width=4), folder=tmp_path)
    (tmp_path / "fingerprint.json").unlink()
    with pytest.raises(RunError, match="name another folder"):
        quiet(roots(), folder=tmp_path)


def test_a_folder_of_an_earlier_version_is_refused(roots, tmp_path):
    (tmp_path / "rows.bin").write_bytes(b"tsrows01")
    with pytest.raises(RunError, match="name another folder"):
        quiet(roots(), folder=tmp_path)


def test_a_folder_is_that_of_one_process_at_a_time(roots, tmp_path):
    with (
        _open(roots(), None, tmp_path),
        pytest.raises(RunError, match="another one writes to it now"),
    ):
        quiet(roots(), folder=tmp_path)


def test_a_folder_that_cannot_be_is_refused(roots, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="name another"):
        quiet(roots(), folder=tmp_path / "file")


@pytest.mark.parametrize("room", [0, 100, 1500])
def test_a_full_disk_is_one_sentence_and_the_run_goes_on_with_room(
    roots, tmp_path, full_disk, room
):
    for executor in (None, FileQueue(tmp_path)):
        with full_disk(room), pytest.raises(TrackscapeError, match="make room there"):
            quiet(roots(width=300), folder=tmp_path / "rows", executor=executor)
        again = quiet(roots(width=300), folder=tmp_path / "rows", executor=executor)
        assert again.tobytes() == quiet(roots(width=300)).tobytes()


def test_threads_of_the_caller_come_back(roots):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:

        class Watching(roots):
            def rows(self, begin, end):
                assert torch.get_num_threads() == 1
                return super().rows(begin, end)

        quiet(Watching(n_items=2))
        assert torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError):
            quiet(dataclasses.replace(roots(n_items=2), fails_at=1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_bar_is_on_the_error_stream_and_can_be_left_out(roots, capsys):
    compute_array(roots(), what="roots")
    assert capsys.readouterr().out == ""
    quiet(roots())
    assert capsys.readouterr() == ("", "")
