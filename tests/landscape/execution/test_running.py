"""What was finished stays finished: after a kill, a torn file, an interrupt; for one work only."""

import dataclasses
import json
import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
import torch

from trackscape.errors import LandscapeError, TrackscapeError
from trackscape.landscape.execution import FileQueue, Serial, carry_out
from trackscape.landscape.execution.folder import open_folder
from trackscape.landscape.execution.records import encode


class Refusing(Serial):
    """For work that is done already."""

    def run(self, work, left):
        pytest.fail(f"{left} are there already")


class Careless(Serial):
    def run(self, work, left):
        yield range(0, 1), work.start()(0, 1)


def quiet(work, **settings):
    return carry_out(work, progress=False, **settings)


def begin(work, folder):
    carry_out(work, folder=folder, progress=False)


def test_not_a_number_is_a_result_that_is_kept(roots, tmp_path):
    rows = quiet(roots(), folder=tmp_path)
    assert np.isnan(rows[::5, 1]).all()
    assert np.isinf(rows[7, 1])
    assert quiet(roots(), folder=tmp_path, executor=Refusing()).tobytes() == rows.tobytes()
    assert quiet(roots()).tobytes() == rows.tobytes()


def test_a_killed_run_goes_on_to_the_same_rows(roots, tmp_path):
    slow = roots(pause=0.05)
    process = multiprocessing.get_context("spawn").Process(target=begin, args=(slow, tmp_path))
    process.start()
    path, three_items = tmp_path / "rows.bin", 3 * len(encode(0, np.zeros((1, slow.width))))
    while not (path.exists() and path.stat().st_size >= three_items):
        assert process.is_alive()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with open_folder(tmp_path, slow, "items") as records:
        done = sum(len(chunk) for chunk, _ in records.found)
    assert 3 <= done < slow.n_items
    assert quiet(roots(), folder=tmp_path).tobytes() == quiet(roots()).tobytes()


def test_a_torn_record_is_computed_again(roots, tmp_path):
    rows = quiet(roots(), folder=tmp_path)
    path = tmp_path / "rows.bin"
    os.truncate(path, path.stat().st_size - 5)
    assert quiet(roots(), folder=tmp_path).tobytes() == rows.tobytes()
    assert quiet(roots(), folder=tmp_path, executor=Refusing()).tobytes() == rows.tobytes()


def test_an_interrupt_leaves_what_was_finished_and_the_folder_free(roots, tmp_path):
    with pytest.raises(ZeroDivisionError):
        quiet(roots(fails_at=20), folder=tmp_path)
    with open_folder(tmp_path, roots(), "items") as records:
        assert [item for chunk, _ in records.found for item in chunk] == list(range(9))
    assert quiet(roots(), folder=tmp_path).tobytes() == quiet(roots()).tobytes()


@pytest.mark.parametrize("n_items", [25, 60])
def test_more_or_fewer_items_of_one_work_share_a_folder(roots, tmp_path, n_items):
    quiet(roots(), folder=tmp_path)
    other = roots(n_items=n_items)
    assert quiet(other, folder=tmp_path).tobytes() == quiet(other).tobytes()


def test_a_folder_is_that_of_one_work(roots, tmp_path):
    quiet(roots(), folder=tmp_path)
    assert json.loads((tmp_path / "work.json").read_text())["work"] == "Roots"
    with pytest.raises(LandscapeError, match=r"columns 3 then, 4 now.*name another folder"):
        quiet(roots(fingerprint="other", width=4), folder=tmp_path)
    (tmp_path / "work.json").unlink()
    with pytest.raises(LandscapeError, match="name another folder"):
        quiet(roots(), folder=tmp_path)


def test_a_folder_is_that_of_one_process_at_a_time(roots, tmp_path):
    with (
        open_folder(tmp_path, roots(), "items"),
        pytest.raises(LandscapeError, match="another one is using it"),
    ):
        quiet(roots(), folder=tmp_path)


def test_a_folder_that_cannot_be_is_refused(roots, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LandscapeError, match="name another"):
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


def test_an_executor_that_forgets_items_is_noticed(roots):
    with pytest.raises(LandscapeError, match="all 40 items from Careless, got 1"):
        quiet(roots(), executor=Careless())


def test_threads_of_the_caller_come_back(roots):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        work = roots(n_items=2)
        for _ in Serial().run(work, [range(2)]):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError):
            quiet(dataclasses.replace(work, fails_at=1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_bar_is_on_the_error_stream_and_can_be_left_out(roots, capsys):
    carry_out(roots(), what="roots")
    assert capsys.readouterr().out == ""
    quiet(roots())
    assert capsys.readouterr() == ("", "")
