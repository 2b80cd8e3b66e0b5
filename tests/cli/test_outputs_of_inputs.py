"""No verb writes over what it reads, and no table of ranges outlives its tracks."""

import shutil
from pathlib import Path

import pytest

from trackscape import samples


@pytest.fixture
def hits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The bytes of hits.npz in the working folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(samples.VALIDATION, "hits.npz")
    return Path("hits.npz").read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ("reconstruct", "hits.npz", "--per-frame", 100, "-o", "./hits.npz"),
        ("reconstruct", "*.npz", "--per-frame", 100, "-o", "hits.npz"),
        ("digitise", "hits.npz", "--per-frame", 100, "-o", "hits.npz"),
        ("convert", "hits.npz", "-o", "hits.npz"),
        ("evaluate", "hits.npz", "--per-frame", 100, "--json", "hits.npz"),
        ("inspect", "hits.npz", "--json", "hits.npz"),
        ("compare", "hits.npz", "hits.npz", "--json", "hits.npz"),
    ],
)
def test_an_input_is_not_written_over(trackscape, hits: bytes, arguments):
    outcome = trackscape(*arguments)
    assert outcome.status == 2
    assert "expected another file than the one that is read" in outcome.err
    assert Path("hits.npz").read_bytes() == hits


def test_ranges_of_earlier_tracks_do_not_stay(trackscape, hits: bytes):
    reconstruct = ("reconstruct", "hits.npz", "--per-frame", 100, "--method", "greedy")
    trackscape(*reconstruct, "-o", "tracks.csv")
    assert Path("tracks_ranges.csv").exists()
    trackscape("convert", "hits.npz", "-o", "moved.csv")
    head, *rows = Path("moved.csv").read_text().splitlines()
    place = head.replace('"', "").split(",").index("posZ")

    def moved(row: str) -> str:
        cells = row.split(",")
        cells[place] = str(1.01 * float(cells[place]))  # a detector that no calibration is for
        return ",".join(cells)

    Path("moved.csv").write_text("\n".join([head, *map(moved, rows)]) + "\n")
    outcome = trackscape("reconstruct", "moved.csv", *reconstruct[2:], "-o", "tracks.csv")
    assert "tracks_ranges.csv was that of other tracks, and is removed." in outcome.out
    assert not Path("tracks_ranges.csv").exists()
