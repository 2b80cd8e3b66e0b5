"""Scans: the phantom turns the right way, a kill changes no byte, and mistakes are told."""

import json
import math
import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from trackscape.errors import ConfigError, FormatError, RunError, TrackscapeError
from trackscape.formats import read_hits
from trackscape.simulation import (
    Scan,
    ScanSettings,
    load_scan_settings,
    read_scan,
    simulate_scan,
)

CONFIGS = Path(__file__).parents[2] / "configs" / "scan"
CYLINDER = """
radius: 70
height: 40
material: air
voxel: 1
inserts:
  - {name: rod, centre: [50, -30], radius: 8, material: teflon}
"""
SCAN = """
phantom: cylinder.yaml
angles: {first: 0, step: 90, number: 4}
plan: spots.csv
primaries: 50
beam: spread=0,spot=0,divergence=0
seed: 5
"""
SPOTS = "spotX,spotY\n-50,0\n-30,0\n0,0\n30,0\n50,0\n"


def write_settings(folder: Path) -> Path:
    (folder / "cylinder.yaml").write_text(CYLINDER)
    (folder / "spots.csv").write_text(SPOTS)
    (folder / "scan.yaml").write_text(SCAN)
    return folder / "scan.yaml"


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> ScanSettings:
    return load_scan_settings(write_settings(tmp_path_factory.mktemp("settings")))


@pytest.fixture(scope="module")
def scan(settings, tmp_path_factory) -> Scan:
    return simulate_scan(settings, tmp_path_factory.mktemp("scan") / "scan", progress=False)


@pytest.fixture
def copied(scan, tmp_path) -> Path:
    return Path(shutil.copytree(scan.folder, tmp_path / "copied"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_point_of_the_phantom_turns_from_z_towards_x(scan):
    assert scan.angles.tolist() == [0, 90, 180, 270]
    spot = scan.spot_of_event
    for angle, path in zip(np.radians(scan.angles), scan.primaries_files, strict=True):
        energy = np.load(path)["arr_0"]["ekin_layer0"]
        slowest = np.argmin([np.median(energy[spot == number]) for number in range(5)])
        x = 50 * math.cos(angle) + -30 * math.sin(angle)
        assert scan.spots[slowest].tolist() == pytest.approx([x, 0])


def test_what_was_simulated_is_read_back(scan, settings):
    assert (scan.primaries, scan.seed, scan.engine) == (50, 5, "fast")
    assert (scan.phantom_name, scan.detector.name) == ("cylinder", "bergen-auto")
    assert (scan.beam.energy, scan.beam.spot_size, scan.beam.source) == (230, 0, -500)
    assert [insert.name for insert in scan.phantom.inserts] == ["rod"]
    assert scan.phantom.inserts[0].material.name == "teflon"
    assert read_scan(scan.folder / "scan.json").files == scan.files


def test_each_hit_knows_its_spot_and_where_it_comes_from(scan):
    for path in scan.files:
        hits = read_hits(path)
        assert hits.spot is not None
        assert hits.truth is not None
        event = hits.truth.event.numpy()
        assert np.allclose(hits.spot.numpy(), scan.spots[scan.spot_of_event[event]])
        assert (hits.truth.parent.numpy() == 0).any()


def test_angles_and_seeds_have_random_numbers_of_their_own(scan, settings, tmp_path):
    beams = [np.load(path)["arr_0"]["end_z"] for path in scan.primaries_files]
    other = settings.model_copy(update={"seed": 6})
    again = simulate_scan(other, str(tmp_path / "other"), progress=False)
    beams += [np.load(path)["arr_0"]["end_z"] for path in again.primaries_files]
    assert len({beam.tobytes() for beam in beams}) == 8


def begin(settings: ScanSettings, folder: Path) -> None:
    simulate_scan(settings, folder, progress=False)


def test_a_killed_scan_goes_on_to_the_same_bytes_with_any_workers(scan, settings, tmp_path):
    folder = tmp_path / "killed"
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=begin, args=(settings, folder))
    process.start()
    while not (folder / "hits_001.npz").exists():
        assert process.is_alive()
        time.sleep(0.001)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    simulate_scan(settings, folder, workers=2, progress=False)
    assert contents(folder) == contents(scan.folder)


@pytest.mark.parametrize("lost", ["hits_002.npz", "primaries_000.npz", "phantom.npz", "scan.json"])
def test_a_lost_file_is_made_again(scan, settings, copied, lost):
    (copied / lost).unlink()
    if lost == "scan.json":
        with pytest.raises(RunError, match=r"holds detector\.yaml"):
            simulate_scan(settings, copied, progress=False)
        return
    with pytest.raises(FormatError, match=lost):
        read_scan(copied)
    simulate_scan(settings, copied, progress=False)
    assert contents(copied) == contents(scan.folder)


def test_a_changed_file_is_told(settings, copied):
    shutil.copyfile(copied / "hits_001.npz", copied / "hits_002.npz")
    with pytest.raises(FormatError, match=r"scan\.json names"):
        simulate_scan(settings, copied, progress=False)
    text = (copied / "phantom.yaml").read_text()
    (copied / "phantom.yaml").write_text(text.replace("1: teflon", "1: pmma"))
    with pytest.raises(FormatError, match="was changed"):
        _ = read_scan(copied).phantom


def test_a_folder_of_something_else_stays_as_it_is(settings, copied, tmp_path):
    before = contents(copied)
    other = settings.model_copy(update={"primaries": 10, "seed": 8})
    with pytest.raises(RunError, match="differs in primaries, seed"):
        simulate_scan(other, copied, progress=False)
    assert contents(copied) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "phantom.npz").write_bytes(b"mine")
    with pytest.raises(RunError, match=r"holds phantom\.npz"):
        simulate_scan(settings, tmp_path / "mine", progress=False)
    assert contents(tmp_path / "mine") == {"phantom.npz": b"mine"}


def test_what_is_no_finished_scan_is_told(copied, tmp_path):
    with pytest.raises(FormatError, match="simulate --scan` wrote"):
        read_scan(tmp_path / "absent")
    manifest = json.loads((copied / "scan.json").read_text())
    wrong = {
        "was interrupted": {"files": []},
        "files for each of 4 angles": {"files": manifest["files"][:3]},
        r"angles \(degrees\)": {"angles (degrees)": []},
        "version": {"version": 2},
        "format": {"format": "another"},
        "primaries": {"primaries": 0},
        "expected beam and spots": {"spots (mm, MeV)": {"x": [1.0]}},
        "correct energy": {"beam": {"energy": -1.0}},
    }
    for message, change in wrong.items():
        (copied / "scan.json").write_text(json.dumps(manifest | change))
        with pytest.raises(FormatError, match=message):
            read_scan(copied)
    for text in ("", "[]", "{", "[" * 100_000, '{"format": NaN}'):
        (copied / "scan.json").write_text(text)
        with pytest.raises(FormatError, match=r"scan\.json: expected the manifest"):
            read_scan(copied)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("angles: {first: 0, step: 90, number: 4}", "", "key angles is missing"),
        ("number: 4", "number: 0", "angles.number"),
        ("first: 0", "first: .nan", "angles.first"),
        ("plan: spots.csv", "", "either spots or plan"),
        ("plan: spots.csv", "plan: absent.csv", "absent.csv"),
        ("plan: spots.csv", "spots: {columns: 0, pitch: 7}", "spots.columns"),
        ("plan: spots.csv", "spots: {columns: 2, rows: 2, pitch: 900}", "aimed at the detector"),
        ("cylinder.yaml", "brain", "phantom brain: expected none"),
        ("cylinder.yaml", "absent.yaml", "absent.yaml"),
        ("cylinder.yaml", "water:480", "at 0 degrees it reaches"),
        ("seed: 5", "engine: fluka", "engine"),
        ("seed: 5", "detector: bergen", "bergen-auto"),
        ("seed: 5", "seed: -1", "seed"),
        ("primaries: 50", "primaries: 0", "primaries"),
        ("seed: 5", "sede: 5", "unknown key sede"),
        ("spread=0", "spraed=0", "spraed"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(tmp_path, old, new, message):
    path = write_settings(tmp_path)
    path.write_text(SCAN.replace(old, new))
    with pytest.raises(TrackscapeError, match=message):
        simulate_scan(load_scan_settings(path), tmp_path / "scan", progress=False)
    assert not (tmp_path / "scan").exists()


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_scans_can_be_simulated(path, monkeypatch, tmp_path):
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("trackscape.simulation.scanning._begin", stop)
    with pytest.raises(KeyboardInterrupt):
        simulate_scan(load_scan_settings(path), tmp_path, progress=False)


def test_the_reference_scan_is_a_row_of_25_spots(tmp_path):
    settings = load_scan_settings(CONFIGS / "ctp404.yaml", seed=3)
    assert (settings.seed, settings.primaries, len(settings.degrees)) == (3, 8000, 90)
    assert settings.degrees[-1] == 356
    with pytest.raises(ConfigError, match=r"absent\.yaml"):
        load_scan_settings(CONFIGS / "absent.yaml")


def test_a_file_that_is_given_instead_is_that_of_the_working_folder(tmp_path):
    path = write_settings(tmp_path)
    assert load_scan_settings(path).phantom == str(tmp_path / "cylinder.yaml")
    given = load_scan_settings(path, phantom="other.yaml", plan="other.csv")
    assert (given.phantom, given.plan, given.spots) == ("other.yaml", "other.csv", None)
