"""Tables of tracks: written and read back, and other tables refused."""

import numpy as np
import pytest

from trackscape.errors import FormatError
from trackscape.formats import write_hits
from trackscape.imaging import TRACK, read_track_table, write_track_table


@pytest.fixture
def rows() -> np.ndarray:
    rows = np.zeros(5, dtype=TRACK)
    rows["track"], rows["wepl"], rows["probability"] = np.arange(5), 100.5, np.nan
    return rows


@pytest.mark.parametrize("suffix", [".parquet", ".npz", ".csv", ".root"])
def test_what_is_written_is_read(rows, tmp_path, suffix) -> None:
    path = tmp_path / f"tracks{suffix}"
    about = {"method": "truth", "per_frame": 100}
    assert write_track_table([rows[:2], rows[2:]], path, provenance=about) == 5
    found, told = read_track_table(path)
    for name in TRACK.names:
        assert found[name] == pytest.approx(rows[name], nan_ok=True)
    assert told == ({} if suffix in (".csv", ".root") else about)


@pytest.mark.parametrize("suffix", [".parquet", ".npz", ".csv"])
def test_another_table_is_refused(straight_tracks, tmp_path, suffix) -> None:
    write_hits(straight_tracks(3), tmp_path / f"hits{suffix}")
    with pytest.raises(FormatError, match="expected a table with the columns frame, track"):
        read_track_table(tmp_path / f"hits{suffix}")


def test_another_tree_is_refused(straight_tracks, tmp_path) -> None:
    write_hits(straight_tracks(3), tmp_path / "hits.root")
    with pytest.raises(FormatError, match="expected columns for rows, but frame, track, hits"):
        read_track_table(tmp_path / "hits.root")


@pytest.mark.parametrize("suffix", [".parquet", ".npz", ".csv", ".root"])
def test_a_file_that_is_cut_short_is_refused(rows, tmp_path, suffix) -> None:
    path = tmp_path / f"tracks{suffix}"
    write_track_table([rows], path, provenance={})
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(FormatError):
        read_track_table(path)


def test_a_track_without_a_wepl_is_refused(rows, tmp_path) -> None:
    rows["wepl"][3] = np.nan
    write_track_table([rows], tmp_path / "t.npz", provenance={})
    with pytest.raises(FormatError, match="finite WEPL for each track, got nan in row 3"):
        read_track_table(tmp_path / "t.npz")
