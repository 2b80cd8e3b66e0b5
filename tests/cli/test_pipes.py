"""`-` reads standard input and writes standard output, and nothing else comes there."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet
import pytest

from trackscape import samples
from trackscape.formats import read_hits, write_hits

COMMON = ("--per-frame", "50", "--method", "greedy", "--workers", "1")


def piped(*arguments: object, given: bytes, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Runs the command in a process of its own, with real pipes."""
    command = [sys.executable, "-m", "trackscape", *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, cwd=folder, check=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, bytes]:
    """The same hits as CSV, parquet and npz."""
    folder, hits = tmp_path_factory.mktemp("hits"), read_hits(samples.VALIDATION)
    few = hits.select(hits.known_truth.event < 120)
    for suffix in ("csv", "parquet", "npz"):
        write_hits(few, folder / f"hits.{suffix}")
    return {path.suffix[1:]: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def standard_input(monkeypatch):
    """Gives bytes to commands that run in this process."""

    def give(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


@pytest.mark.parametrize(("kind", "output"), [("csv", "-"), ("parquet", "-.parquet")])
def test_tracks_of_a_pipe_are_those_of_the_file(trackscape, tmp_path, files, kind, output):
    (tmp_path / f"hits.{kind}").write_bytes(files[kind])
    done = piped("reconstruct", "-", *COMMON, "-o", output, given=files[kind], folder=tmp_path)
    assert done.returncode == 0, done.stderr
    named = tmp_path / f"tracks.{kind}"
    assert trackscape("reconstruct", f"hits.{kind}", *COMMON, "-o", named).status == 0
    assert done.stdout == named.read_bytes()
    assert b"chains" in done.stderr
    left = {f"hits.{kind}", f"tracks.{kind}", f"tracks_ranges.{kind}"}
    assert {path.name for path in tmp_path.iterdir()} == left


@pytest.mark.parametrize("kind", ["csv", "parquet", "npz"])
def test_inspect_reads_a_pipe_of_any_kind(trackscape, standard_input, tmp_path, files, kind):
    standard_input(files[kind])
    outcome = trackscape("inspect", "-")
    assert outcome.status == 0, outcome.err
    (tmp_path / f"hits.{kind}").write_bytes(files[kind])
    named = trackscape("inspect", f"hits.{kind}").out
    assert outcome.out.splitlines() == ["-", *named.splitlines()[1:]]


def test_a_file_and_a_pipe_go_together(trackscape, standard_input, tmp_path, files):
    (tmp_path / "hits.parquet").write_bytes(files["parquet"])
    standard_input(files["csv"])
    outcome = trackscape("reconstruct", "hits.parquet", "-", *COMMON, "-o", "-")
    assert outcome.status == 0, outcome.err
    table = arrow_csv.read_csv(io.BytesIO(outcome.out.encode()))
    frames = np.unique(table.column("frame").to_numpy())
    assert frames.tolist() == [0, 1, 2, 3]
    assert "4 frames: standard output" in outcome.err


BAD = {
    b"": "the file is empty",
    b"posX,posY\n1,2\n": "posZ, edep are missing",
    b"PAR1 and more": "expected a whole .parquet file",
    b"posX,posY,posZ,edep\n1,2,3,x\n": "expected numbers",
}


@pytest.mark.parametrize("content", BAD)
def test_errors_name_standard_input(trackscape, standard_input, tmp_path, content):
    standard_input(content)
    outcome = trackscape("inspect", "-")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith("Error: standard input: ")
    assert BAD[content] in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_go_together_is_refused_and_nothing_is_put_out(
    trackscape, standard_input, files
):
    standard_input(files["csv"])
    outcome = trackscape("reconstruct", "-", *COMMON, "-o", "-", "--calibration", "mine.npz")
    assert (outcome.status, outcome.out) == (2, "")
    assert "ranges are a table of their own" in outcome.err


def test_tracks_and_ranges_go_to_root_files(trackscape, tmp_path):
    uproot = pytest.importorskip("uproot")
    for suffix in ("root", "parquet"):
        outcome = trackscape("reconstruct", samples.VALIDATION, *COMMON, "-o", f"t.{suffix}")
        assert outcome.status == 0, outcome.err
    for name, tree in (("t", "Tracks"), ("t_ranges", "Ranges")):
        table = arrow_parquet.read_table(tmp_path / f"{name}.parquet")
        with uproot.open(tmp_path / f"{name}.root") as file:
            arrays = file[tree].arrays(library="np")
        assert list(arrays) == table.column_names
        for column, values in arrays.items():
            assert values.tobytes() == table.column(column).to_numpy().tobytes()
