"""`trackscape simulate`: what it writes, and what it refuses."""

import numpy as np
import pytest

from trackscape.simulation import read_scan

SPOTS = "spotX,spotY,weight\n-20,0,1\n20,0,1\n"


def test_hits_and_primaries_are_written(trackscape, tmp_path):
    outcome = trackscape(
        "simulate", "--phantom", "water:200", "-n", 300, "--seed", 1, "-o", "hits.npz",
        "--truth", "truth.npz",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    hits = np.load(tmp_path / "hits.npz", allow_pickle=False)["arr_0"]
    assert f"300 primaries, {len(hits):,} hits" in outcome.out
    assert len(np.load(tmp_path / "truth.npz", allow_pickle=False)["arr_0"]) == 300
    assert trackscape("inspect", "hits.npz").status == 0
    again = trackscape("simulate", "--phantom", "water:200", "-n", 300, "--seed", 1, "-o", "b.npz")
    assert again.status == 0
    assert np.array_equal(hits, np.load(tmp_path / "b.npz", allow_pickle=False)["arr_0"])


def test_a_plan_a_rotation_and_another_detector(trackscape, tmp_path):
    (tmp_path / "spots.csv").write_text(SPOTS)
    outcome = trackscape(
        "simulate", "--phantom", "wedge", "--angle", 90, "--detector", "bergen-final", "-n", 100,
        "--plan", "spots.csv", "--beam", "energy=200,spot=3", "--law", "theory", "-o", "hits.npz",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    hits = np.load(tmp_path / "hits.npz", allow_pickle=False)["arr_0"]
    assert set(hits["spotX"]) == {-20.0, 20.0}


def test_a_phantom_is_listed_and_written_as_voxels(trackscape, tmp_path):
    outcome = trackscape("phantom", "ctp404")
    assert outcome.status == 0, outcome.err
    assert "epoxy                       1.16   1.1408" in outcome.out
    assert "teflon                     -50.7   -29.3     6.1   1.8475" in outcome.out
    assert trackscape("phantom", "head", "-o", "head.npz").status == 0
    outcome = trackscape("phantom", "head.npz", "--energy", 100)
    assert "head.npz: 72 x 50 x 90 voxels, 144 x 100 x 180 mm" in outcome.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["head.npz", "head.yaml"]
    for wrong in (["brain"], ["head", "--energy", "-1"], ["head", "-o", "head.mhd"]):
        assert trackscape("phantom", *wrong).status == 2


SCAN = """
phantom: water:100
angles: {step: 30, number: 2}
spots: {columns: 2, pitch: 10}
primaries: 1000
"""


def test_a_scan_is_a_folder_that_the_same_command_finishes(trackscape, tmp_path):
    (tmp_path / "scan.yaml").write_text(SCAN)
    command = ("simulate", "--scan", "scan.yaml", "-n", 20, "--seed", 4, "--threads", 1)
    outcome = trackscape(*command, "--beam", "energy=200", "-o", "scan")
    assert outcome.status == 0, outcome.err
    assert outcome.out == "2 angles, 40 primaries: scan\n"
    scan = read_scan(tmp_path / "scan")
    assert (scan.primaries, scan.seed, scan.beam.energy) == (20, 4, 200)
    assert scan.spots.tolist() == [[-5, 0], [5, 0]]
    assert trackscape(*command, "--beam", "energy=200", "-o", "scan").status == 0
    outcome = trackscape(*command, "-o", "scan")
    assert outcome.status == 2
    assert "differs in beam, spots" in outcome.err
    assert trackscape("inspect", "scan/hits_001.npz").status == 0


def test_settings_of_a_scan_are_replaced(trackscape, tmp_path):
    (tmp_path / "scan.yaml").write_text(SCAN)
    changes = ("--set", "angles.number=1", "--set", "spots={columns: 3, pitch: 5}", "-n", 9)
    command = ("simulate", "--scan", "scan.yaml", *changes, "--threads", 1)
    outcome = trackscape(*command, "-q", "-o", "scan")
    assert (outcome.status, outcome.out) == (0, ""), outcome.err
    scan = read_scan(tmp_path / "scan")
    assert (len(scan.angles), scan.primaries) == (1, 9)
    assert scan.spots.tolist() == [[-5, 0], [0, 0], [5, 0]]
    outcome = trackscape("simulate", "--set", "angles.number=1", "-o", "hits.npz")
    assert outcome.status == 2
    assert "Expected --set beside --scan" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--angle", "3"], "--angle"),
        (["--truth", "t.npz"], "--truth"),
        (["--phantom", "butter"], "butter"),
        (["--seed", "-1"], "seed"),
        (["-n", "0"], "primaries"),
        (["--set", "angles.count=3"], "unknown key angles.count; expected one of first, step"),
        (["--set", "spots.pitch"], "--set"),
        (["-o", "scan.yaml/scan"], "scan.yaml"),
    ],
)
def test_mistakes_in_a_scan_end_in_one_sentence(trackscape, tmp_path, arguments, names):
    (tmp_path / "scan.yaml").write_text(SCAN)
    outcome = trackscape("simulate", "--scan", "scan.yaml", "-o", "scan", *arguments)
    assert outcome.status == 2
    assert outcome.err.startswith("Error: ")
    assert len(outcome.err.strip().splitlines()) == 1
    assert names in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["scan.yaml"]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--phantom", "water:-3"], "-3"),
        (["--phantom", "butter:100"], "butter"),
        (["--phantom", "absent.npz"], "absent.npz"),
        (["--phantom", "water:600"], "water"),
        (["--detector", "bergen"], "bergen-auto"),
        (["--beam", "energy=400"], "400"),
        (["--beam", "enrgy=200"], "enrgy"),
        (["--plan", "absent.csv"], "absent.csv"),
        (["--engine", "fluka"], "fluka"),
        (["--law", "none"], "theory"),
        (["-n", "0"], "0"),
        (["--seed", "-1"], "-1"),
        (["-o", "hits.root"], "hits.root"),
    ],
)
def test_mistakes_end_in_one_sentence(trackscape, tmp_path, arguments, names):
    outcome = trackscape("simulate", "-o", "hits.npz", *arguments)
    assert outcome.status == 2
    assert outcome.err.startswith("Error: ")
    assert len(outcome.err.strip().splitlines()) == 1
    assert names in outcome.err
    assert list(tmp_path.iterdir()) == []
