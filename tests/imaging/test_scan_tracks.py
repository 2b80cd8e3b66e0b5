"""Tables of the tracks of a scan: the same bytes from any number of processes, after a kill too."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from trackscape.errors import DataError
from trackscape.execution import Processes
from trackscape.imaging import Recipe, make_image, read_calibration, track_scan
from trackscape.simulation import Scan, load_scan_settings, simulate_scan
from trackscape.tracking import load_tracker

SETTINGS = """\
phantom: water:50
angles: {step: 60, number: 6}
spots: {columns: 25, pitch: 7}
primaries: 500
"""


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    folder = tmp_path_factory.mktemp("scan")
    (folder / "scan.yaml").write_text(SETTINGS)
    settings = load_scan_settings(folder / "scan.yaml")
    return simulate_scan(settings, folder / "scan", progress=False)


def recipe(*, per_frame: int = 10) -> Recipe:
    return Recipe("greedy", load_tracker("greedy"), per_frame, read_calibration())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def begin(scan: Scan, folder: Path) -> None:
    track_scan(scan, recipe(), folder, executor=Processes(2))


@pytest.mark.slow
def test_tables_do_not_depend_on_the_processes_nor_on_a_kill(scan: Scan, tmp_path: Path) -> None:
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    track_scan(scan, recipe(), str(alone))
    process = multiprocessing.get_context("spawn").Process(target=begin, args=(scan, killed))
    process.start()
    while not list(killed.glob("*.parquet")):
        assert process.is_alive()
        time.sleep(0.001)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    begun = {path: path.stat().st_mtime_ns for path in killed.glob("*.parquet")}
    track_scan(scan, recipe(), killed, executor=Processes(2))
    tables = {name: bytes_ for name, bytes_ in contents(killed).items() if ".parquet" in name}
    assert tables.keys() >= contents(alone).keys()
    assert {name: tables[name] for name in contents(alone)} == contents(alone)
    assert all(path.stat().st_mtime_ns == then for path, then in begun.items() if path.exists())


def test_an_interrupted_image_goes_on_with_the_next_angle(scan: Scan, tmp_path: Path) -> None:
    def interrupt(numbers):
        for number in numbers:
            if number == 3:
                raise KeyboardInterrupt
            yield number

    with pytest.raises(KeyboardInterrupt):
        track_scan(scan, recipe(), tmp_path / "tables", progress=interrupt)
    done = contents(tmp_path / "tables")
    assert sorted(done) == [f"tracks_{number:03d}.parquet" for number in range(3)]
    asked: list[int] = []

    def note(numbers):
        asked.extend(numbers)
        return numbers

    tracks = track_scan(scan, recipe(), tmp_path / "tables", progress=note)
    assert asked == [3, 4, 5]
    assert done.items() <= contents(tmp_path / "tables").items()
    again = track_scan(scan, recipe(), tmp_path / "again")
    assert contents(tmp_path / "tables") == contents(tmp_path / "again")
    images = [
        make_image(each.rows, each.angles, optics=each.optics, groups=1) for each in (tracks, again)
    ]
    assert images[0].value.tobytes() == images[1].value.tobytes()


def test_another_recipe_makes_the_tables_anew(scan: Scan, tmp_path: Path) -> None:
    first = track_scan(scan, recipe(), tmp_path)
    kept = contents(tmp_path)
    assert contents(tmp_path) == kept
    other = track_scan(scan, recipe(per_frame=12), tmp_path)
    assert other.paths == first.paths
    assert all(contents(tmp_path)[name] != kept[name] for name in kept)


def test_the_error_of_a_worker_names_the_file(scan: Scan, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"hits_000.npz: Expected (at least )?20 protons"):
        track_scan(scan, recipe(per_frame=20), tmp_path)
