"""A scan to an image by the command line."""

import json

import numpy as np
import pytest

from trackscape.imaging import read_image, read_pairs, read_track_table

SCAN = """\
phantom: ctp404
angles: {step: 20, number: 18}
spots: {columns: 25, pitch: 7}
primaries: 1000
"""


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    """A small scan of CTP404."""
    from trackscape.simulation import load_scan_settings, simulate_scan

    folder = tmp_path_factory.mktemp("scan")
    (folder / "scan.yaml").write_text(SCAN)
    settings = load_scan_settings(folder / "scan.yaml")
    simulate_scan(settings, folder / "scan")
    return folder / "scan"


def test_a_scan_becomes_an_image_that_is_scored(trackscape, scan, tmp_path):
    arguments = ("--tracker", "truth", "-o", "rsp.mhd", "--hull", "cylinder:75", "--voxel", 3)
    outcome = trackscape("image", scan, *arguments)
    assert outcome.status == 0, outcome.err
    assert (tmp_path / "rsp.png").read_bytes().startswith(b"\x89PNG")
    image = read_image(tmp_path / "rsp.mhd")
    assert image.value.shape == (60, 1, 60)
    x, z = image.axis(0)[:, None], image.axis(2)[None, :]
    body = (x**2 + z**2 < 40**2) & (x**2 + z**2 > 20**2)
    assert image.value[:, 0][body].mean() == pytest.approx(1.14, abs=0.03)

    outcome = trackscape("rsp", "rsp.mhd", "--phantom", "ctp404", "--json", "out.json")
    assert outcome.status == 0, outcome.err
    assert "teflon" in outcome.out
    score = json.loads((tmp_path / "out.json").read_text())
    errors = {each["name"]: each for each in score["inserts"]}
    teflon = errors["teflon"]
    assert teflon["true"] == pytest.approx(1.8475, abs=1e-4)
    assert abs(teflon["mean"] - teflon["true"]) < 5 * teflon["standard_error"]
    assert json.loads(trackscape("rsp", "rsp.mhd", "--json", "-").out) == score


def test_tables_are_made_once_and_damaged_ones_again(trackscape, scan, tmp_path):
    arguments = ("--tracker", "truth", "-o", "a.npz", "--hull", "cylinder:75", "--tables", "kept")
    assert trackscape("image", scan, *arguments).status == 0
    first = (tmp_path / "a.npz").read_bytes()
    tables = sorted((tmp_path / "kept").iterdir())
    times = [path.stat().st_mtime_ns for path in tables]
    tables[3].write_bytes(tables[3].read_bytes()[:100])
    assert trackscape("image", scan, *arguments).status == 0
    assert read_image(tmp_path / "a.npz").value.tobytes() == _values(first, tmp_path)
    changed = [path.stat().st_mtime_ns != time for path, time in zip(tables, times, strict=True)]
    assert changed == [number == 3 for number in range(18)]
    rows, about = read_track_table(tables[0])
    assert about["method"] == "truth"
    assert (rows["right"] == 1).all()


def test_soft_tracks_of_a_tracker_without_beliefs_are_refused(trackscape, scan, tmp_path):
    for tracker in ("track-follower", "truth"):
        arguments = ("--tracker", tracker, "--soft", "-o", "soft.mhd", "--tables", "soft")
        outcome = trackscape("image", scan, *arguments)
        assert outcome.status == 2
        assert f"such as trackscape, got {tracker}; take that one" in outcome.err.replace("\n", " ")
    assert not (tmp_path / "soft").exists()


def _values(content: bytes, folder) -> bytes:
    (folder / "first.npz").write_bytes(content)
    return read_image(folder / "first.npz").value.tobytes()


def test_pairs_are_those_of_the_tracks(trackscape, scan, tmp_path):
    arguments = ("--tracker", "truth", "-o", "pairs", "--hull", "cylinder:75")
    outcome = trackscape("pairs", scan, *arguments)
    assert outcome.status == 0, outcome.err
    assert (tmp_path / "pairs" / "geometry.xml").exists()
    rows = read_pairs(tmp_path / "pairs" / "pairs0000.mhd").rows
    assert 300 < len(rows) < 1000
    assert np.median(rows[:, 4, 1]) == pytest.approx(140, abs=40)


def test_mistakes_are_said_before_any_work(trackscape, scan, tmp_path):
    for arguments, told in {
        ("nowhere", "-o", "a.mhd"): "nowhere",
        (scan, "-o", "a.mhd", "--hull", "sphere"): "hull: expected auto, or cylinder",
        (scan, "-o", "a.jpg"): ".mhd",
        (scan, "-o", "a.mhd", "--size", 1, "--voxel", 5): "size of the image",
        (scan, "-o", "a.mhd", "--size", 1e9): "at most 20,000,000 voxels",
        (scan, "-o", "a.mhd", "--size", "inf"): "size of the image",
    }.items():
        outcome = trackscape("image", *arguments, "--tracker", "truth")
        assert outcome.status == 2
        assert told in outcome.err
    for per_frame, told in {
        38: "spots have fewer; take fewer protons per frame (--per-frame)",
        1000: "Expected at most 40 protons in a frame (--per-frame)",
    }.items():
        arguments = ("--tracker", "greedy", "--per-frame", per_frame, "--tables", f"{per_frame}")
        outcome = trackscape("image", scan, "-o", "a.mhd", *arguments)
        assert outcome.status == 2
        assert told in outcome.err.replace("\n", " ")
    assert not (tmp_path / "1000").exists()
    outcome = trackscape("image", scan, "-o", "a.mhd", "--tracker", "nosuch")
    assert "--tracker: expected truth, greedy" in outcome.err
    (tmp_path / "file").touch()
    outcome = trackscape("pairs", scan, "-o", "file", "--tracker", "truth", "--tables", "none")
    assert outcome.status == 2
    assert not (tmp_path / "none").exists()
    outcome = trackscape("rsp", "nothing.mhd")
    assert outcome.status == 2
