"""Tracks on disk: the same bytes whoever finds them, and whatever was killed meanwhile."""

import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as arrow_parquet
import pytest
import torch

from trackscape import samples
from trackscape.data import Hits
from trackscape.errors import FormatError, RunError
from trackscape.evaluation import evaluate_frames, read_frames
from trackscape.execution import Processes, RayCluster
from trackscape.formats import read_hits, write_hits, write_tracks
from trackscape.graph_construction import merge_deposits
from trackscape.imaging import read_calibration
from trackscape.reconstruction import (
    FindTracks,
    FrameRule,
    Input,
    MeasureTracks,
    evaluate_files,
    parts,
    reconstruct_files,
)
from trackscape.tracking import MINIMUM_LAST_ENERGY, accept, load_tracker

PER_FRAME = 20
GIVEN = Input([samples.VALIDATION], FrameRule(per_frame=PER_FRAME))
WORK = FindTracks(
    tracker=load_tracker("track-follower"),
    min_last_deposit=MINIMUM_LAST_ENERGY,
    calibration=read_calibration(),
    provenance={"method": "track-follower"},
)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(parts, "_MOST_FRAMES", 4)


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_MOST_FRAMES", 4)
        reconstruct_files(GIVEN, WORK, folder / "out", progress=False)
    return folder / "out"


def test_a_folder_holds_what_a_file_holds(expected, tmp_path):
    outcome = reconstruct_files(GIVEN, WORK, tmp_path / "t.parquet", progress=False)
    together = arrow_parquet.read_table(expected / "tracks").sort_by("frame")
    assert together.num_rows == arrow_parquet.read_table(tmp_path / "t.parquet").num_rows
    frames = read_frames(samples.VALIDATION, per_frame=PER_FRAME)
    tracks = [(n, accept(WORK.tracker(hits))) for n, hits in enumerate(frames)]
    write_tracks(tracks, tmp_path / "plain.parquet")
    plain = arrow_parquet.read_table(tmp_path / "plain.parquet")
    assert arrow_parquet.read_table(tmp_path / "t.parquet").equals(plain)
    assert outcome.frames == len(frames) == 43
    assert outcome.left_over == 877 % PER_FRAME
    assert outcome.acceptance.accepted == sum(len(each) for _, each in tracks)
    ranges = arrow_parquet.read_table(tmp_path / "t_ranges.parquet")
    assert ranges.num_rows == outcome.acceptance.accepted
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "plain.parquet",
        "t.parquet",
        "t_ranges.parquet",
    ]


def test_an_interrupted_run_goes_on_to_the_same_bytes(expected, tmp_path, monkeypatch):
    done = []

    def fail_at(self, part, folder):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(part.number)
        return call(self, part, folder)

    call = FindTracks.__call__
    with monkeypatch.context() as patch:
        patch.setattr(FindTracks, "__call__", fail_at)
        with pytest.raises(KeyboardInterrupt):
            reconstruct_files(GIVEN, WORK, tmp_path / "out", progress=False)
    (tmp_path / "out" / "tracks" / ".000003.parquet.host.1.part").touch()
    reconstruct_files(GIVEN, WORK, tmp_path / "out", progress=False)
    assert contents(tmp_path / "out") == contents(expected)
    other = dataclasses.replace(GIVEN, rule=FrameRule(per_frame=10))
    with pytest.raises(RunError, match="got another frames"):
        reconstruct_files(other, WORK, tmp_path / "out", progress=False)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    with pytest.raises(RunError, match="expected a new folder"):
        reconstruct_files(GIVEN, WORK, tmp_path / "full", progress=False)


def test_a_frame_that_cannot_be_used_is_left_out(tmp_path):
    rows = np.load(samples.VALIDATION)["arr_0"]
    frame = np.unique(rows["eventID"], return_inverse=True)[1] // PER_FRAME
    damaged = rows.copy()
    damaged["posX"][np.flatnonzero(frame == 5)[3]] = np.nan
    np.savez(tmp_path / "a.npz", arr_0=damaged)
    given = dataclasses.replace(GIVEN, paths=[tmp_path / "a.npz"])
    outcome = reconstruct_files(given, WORK, tmp_path / "t.csv", progress=False)
    assert [each.frame for each in outcome.skipped] == [5]
    assert "a finite number" in outcome.skipped[0].reason
    assert outcome.frames == 42
    strict = dataclasses.replace(WORK, strict=True)
    with pytest.raises(FormatError, match="a finite number"):
        reconstruct_files(given, strict, tmp_path / "s.csv", progress=False)


def test_files_are_evaluated_as_their_frames_are(tmp_path):
    frames = read_frames(samples.VALIDATION, per_frame=PER_FRAME)
    tracker = load_tracker("track-follower")
    plain = evaluate_frames(frames, tracker=tracker, method="m", per_frame=PER_FRAME)
    work = MeasureTracks(tracker, MINIMUM_LAST_ENERGY)
    found, outcome = evaluate_files(
        GIVEN, work, method="m", about={}, output=tmp_path / "o.json", progress=False
    )
    assert found.values == plain.values
    assert found.intervals == plain.intervals
    assert found.total == plain.total
    assert found.graph_ceiling == plain.graph_ceiling
    assert outcome.frames == len(frames)
    assert [path.name for path in tmp_path.iterdir()] == ["o.json"]


def test_measured_hits_are_tracked_by_the_number_of_their_frame(tmp_path):
    merged = merge_deposits(read_hits(samples.VALIDATION))
    number = torch.unique(merged.known_truth.event, return_inverse=True)[1] // PER_FRAME
    measured = Hits(position=merged.position, energy=merged.energy, layer=merged.layer)
    write_hits(measured, tmp_path / "hits.parquet")
    table = arrow_parquet.read_table(tmp_path / "hits.parquet")
    table = table.append_column("frameID", pa.array(1000 + number.numpy()))
    arrow_parquet.write_table(table, tmp_path / "hits.parquet")

    given = Input([tmp_path / "hits.parquet"], FrameRule())
    outcome = reconstruct_files(given, WORK, tmp_path / "t.parquet", progress=False)
    found = arrow_parquet.read_table(tmp_path / "t.parquet")
    assert "eventID" not in found.column_names
    assert outcome.frames == 44  # the last one with the events that are too few for one otherwise
    expected = reconstruct_files(GIVEN, WORK, tmp_path / "e.parquet", progress=False)
    known = arrow_parquet.read_table(tmp_path / "e.parquet")
    kept = found.filter(pc.less(found["frame"], expected.frames))
    assert kept.select(["posX", "edep"]).equals(known.select(["posX", "edep"]))
    with pytest.raises(FormatError, match="expected the event of each row"):
        reconstruct_files(
            dataclasses.replace(given, rule=FrameRule(per_frame=5)),
            WORK,
            tmp_path / "no.parquet",
            progress=False,
        )
    with pytest.raises(FormatError, match="expected the frame of each row"):
        reconstruct_files(
            dataclasses.replace(GIVEN, rule=FrameRule()),
            WORK,
            tmp_path / "no.parquet",
            progress=False,
        )


@pytest.mark.slow
def test_processes_give_the_same_bytes(expected, tmp_path):
    executor = Processes(2)
    reconstruct_files(GIVEN, WORK, tmp_path / "out", executor=executor, progress=False)
    assert contents(tmp_path / "out") == contents(expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*Ray will no longer override accelerator:FutureWarning")
def test_a_ray_cluster_gives_the_same_bytes(expected, tmp_path):
    pytest.importorskip("ray")
    executor = RayCluster(2)
    reconstruct_files(GIVEN, WORK, tmp_path / "out", executor=executor, progress=False)
    assert contents(tmp_path / "out") == contents(expected)


@pytest.mark.slow
def test_kills_of_parent_and_workers_lose_nothing(tmp_path):
    command = [sys.executable, "-m", "trackscape", "reconstruct", str(samples.VALIDATION)]
    command += ["--per-frame", "1", "--method", "trackscape", "--workers", "2", "-o"]

    def start(name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*command, name], cwd=tmp_path, stdout=subprocess.DEVNULL)

    assert start("whole").wait() == 0
    generator = random.Random(0)
    for _ in range(3):
        process = start("killed")
        time.sleep(generator.uniform(2.0, 6.0))
        workers = [int(pid) for pid in _children(process.pid)]
        victim = generator.choice([process.pid, *workers])
        os.kill(victim, signal.SIGKILL)
        if victim == process.pid:
            process.wait()
        else:  # its part is given to another one
            assert process.wait() == 0
            break
    assert start("killed").wait() == 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def _children(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    except FileNotFoundError:
        return []
