"""Tracks of folders of TrackML, and into them, are those of any other file."""

import csv
from collections import defaultdict

import pyarrow.parquet as arrow_parquet
import pytest

from trackscape import samples
from trackscape.formats import read_hits, write_hits

GREEDY = ("--method", "greedy")


@pytest.fixture
def hits(tmp_path):
    """A file of 130 protons; in frames of 10 they are several parts of work."""
    hits = read_hits(samples.VALIDATION)
    write_hits(hits.select(hits.known_truth.event < 130), tmp_path / "hits.parquet")
    return tmp_path / "hits.parquet"


def chains_of(folder) -> dict[tuple[int, int], list[tuple[str, ...]]]:
    """Positions of the hits of each track of a submission."""
    chains = defaultdict(list)
    with (folder / "submission.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    positions = {}
    for event in {row["event_id"] for row in rows}:
        with (folder / f"event{int(event):09d}-hits.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                positions[event, row["hit_id"]] = tuple(float(row[axis]) for axis in "xyz")
    assert len(rows) == len(positions)
    for row in rows:
        if row["track_id"] != "0":
            key = int(row["event_id"]), int(row["track_id"]) - 1
            chains[key].append(positions[row["event_id"], row["hit_id"]])
    return {key: sorted(chain) for key, chain in chains.items()}


def chains_of_table(path) -> dict[tuple[int, int], list[tuple[str, ...]]]:
    chains = defaultdict(list)
    for row in arrow_parquet.read_table(path).to_pylist():
        position = tuple(float(f"{row[f'pos{axis}']:.9g}") for axis in "XYZ")
        chains[row["frame"], row["track"]].append(position)
    return {key: sorted(chain) for key, chain in chains.items()}


def test_the_submission_is_the_table_of_tracks(trackscape, tmp_path, hits):
    frames = ("--per-frame", 10, *GREEDY)
    for workers, name in ((1, "one.trackml"), (2, "two.trackml"), (1, "table.parquet")):
        command = ("reconstruct", hits, *frames, "--workers", workers, "-o", name)
        outcome = trackscape(*command)
        assert outcome.status == 0, outcome.err
    found, expected = (
        chains_of(tmp_path / "one.trackml"),
        chains_of_table(tmp_path / "table.parquet"),
    )
    assert found.keys() == expected.keys()
    for key, chain in found.items():
        for one, other in zip(chain, expected[key], strict=True):
            assert one == pytest.approx(other, rel=1e-6)
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one.trackml", "two.trackml")
    )
    assert one == two
    assert (tmp_path / "one_ranges.parquet").exists()
    assert {path.suffix for path in tmp_path.iterdir()} == {".trackml", ".parquet"}


def test_a_folder_is_reconstructed_to_the_same_folder(trackscape, tmp_path, hits):
    first = trackscape("reconstruct", hits, "--per-frame", 50, *GREEDY, "-o", "first.trackml")
    again = trackscape("reconstruct", "first.trackml", *GREEDY, "-o", "again.trackml")
    assert (first.status, again.status) == (0, 0), again.err
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("first.trackml", "again.trackml")
    )
    assert one == two
    frames = trackscape("evaluate", "first.trackml", *GREEDY, "--json", "a.json")
    events = trackscape("evaluate", hits, "--per-frame", 50, *GREEDY, "--json", "b.json")
    assert (frames.status, events.status) == (0, 0), frames.err
    lines = [
        [line for line in outcome.out.splitlines() if "purity" in line or "efficiency" in line]
        for outcome in (frames, events)
    ]
    assert lines[0] == lines[1]
    assert lines[0]


@pytest.mark.parametrize("verb", ["reconstruct", "evaluate"])
def test_files_without_deposits_are_refused(trackscape, tmp_path, hits, verb):
    write_hits(read_hits(hits), tmp_path / "hits.trackml")
    (tmp_path / "hits.trackml" / "event000000000-cells.csv").unlink()
    output = ("-o", "x.csv") if verb == "reconstruct" else ()
    outcome = trackscape(verb, "hits.trackml", *GREEDY, *output)
    assert outcome.status == 2
    assert "expected deposits of the hits in files of cells" in outcome.err


def test_a_folder_with_other_files_is_refused_before_any_work(trackscape, tmp_path, hits):
    (tmp_path / "mine.trackml").mkdir()
    (tmp_path / "mine.trackml" / "thesis.tex").touch()
    command = ("reconstruct", hits, "--per-frame", 10, *GREEDY, "-o", "mine.trackml")
    outcome = trackscape(*command)
    assert outcome.status == 2
    assert "thesis.tex is there; name another folder" in outcome.err
    assert (tmp_path / "mine.trackml" / "thesis.tex").exists()
