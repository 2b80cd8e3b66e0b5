"""Files appear whole or not at all, and what a killed writer left goes away."""

import os
import platform
import subprocess
import sys

import pytest

from trackscape.files import remove_leftovers, replacing


def test_a_file_is_whole_or_what_it_was(tmp_path):
    path = tmp_path / "numbers.txt"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as partial:
            partial.write_text("ne")
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_dead_process_left_is_removed_but_not_what_a_living_one_writes(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    path = tmp_path / "[hits].npz"
    begin = f".{path.name}.{platform.node()}."
    left, ours = (tmp_path / f"{begin}{process}.part" for process in (ended.pid, os.getpid()))
    others = [tmp_path / name for name in (f"{begin}x.part", ".h.npz.elsewhere.1.part")]
    for file in (left, ours, *others):
        file.touch()
    remove_leftovers(path)
    assert sorted(tmp_path.iterdir()) == sorted([ours, *others])
