"""(run, event, job) is the event: no two protons are merged into one without a word."""

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet
import pytest

from trackscape.data import Hits
from trackscape.errors import FormatError
from trackscape.formats import inspect_hits, read_hits, write_hits
from trackscape.graph_construction import split_frames

LAYER_Z = np.array([225.2, 277.6, 333.4, 338.9, 344.4, 349.9])


def protons(n, *, seed=0, run=0, first=0):
    """Columns of straight protons, one hit in each layer."""
    random = np.random.default_rng(seed)
    event, layer = np.repeat(np.arange(n), 6), np.tile(np.arange(6), n)
    x, y = random.normal(0, 8, (2, n))
    return {
        "posX": x[event].astype("f4"),
        "posY": y[event].astype("f4"),
        "posZ": (LAYER_Z[layer] + 0.01).astype("f4"),
        "edep": np.full(6 * n, 0.1, "f4"),
        "runID": np.full(6 * n, run, "i4"),
        "eventID": (first + event).astype("i4"),
        "trackID": np.ones(6 * n, "i4"),
        "parentID": np.zeros(6 * n, "i4"),
        "layer": layer.astype("i4"),
    }


def joined(*parts):
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def without(columns, *names):
    return {name: values for name, values in columns.items() if name not in names}


def save(columns, path):
    if path.suffix == ".npz":
        np.savez(path, **columns)
    elif path.suffix == ".parquet":
        arrow_parquet.write_table(pa.table(columns), path)
    elif path.suffix == ".csv":
        arrow_csv.write_csv(pa.table(columns), path)
    else:
        uproot = pytest.importorskip("uproot")
        with uproot.recreate(path) as file:
            file.mktree("Hits", {name: v.dtype for name, v in columns.items()}).extend(columns)
    return path


@pytest.fixture(params=[".npz", ".parquet", ".csv", ".root"])
def read(request, tmp_path):
    return lambda columns: read_hits(save(columns, tmp_path / f"hits{request.param}"))


def events(hits: Hits) -> list[int]:
    return hits.known_truth.event.unique().tolist()


def whole_protons(hits: Hits) -> bool:
    """Whether each event has its six hits on one line."""
    for event in events(hits):
        own = hits.select(hits.known_truth.event == event)
        if len(own) != 6 or len(own.position[:, :2].unique(dim=0)) != 1:
            return False
    return True


def test_events_of_different_runs_are_different(read):
    hits = read(joined(protons(5), protons(7, seed=1, run=1), protons(3, seed=2, run=4)))
    assert events(hits) == list(range(15))
    assert whole_protons(hits)
    assert [len(frame) for frame in split_frames(hits, per_frame=5)] == [30, 30, 30]


def test_numbers_that_are_unique_stay(read):
    columns = joined(protons(5), protons(5, seed=1, run=1, first=100))
    assert events(read(columns)) == [*range(5), *range(100, 105)]


def test_jobs_that_were_merged_are_told_apart(read, tmp_path):
    jobs = joined(protons(9), protons(5, seed=1), protons(7, seed=2))
    hits = read(jobs)
    assert whole_protons(hits)
    assert len(events(hits)) == 21
    notes = inspect_hits(save(jobs, tmp_path / "jobs.npz")).remarks
    assert any("merged" in note and "2 times" in note for note in notes)


def test_jobs_with_runs_are_told_apart(read):
    job = [joined(protons(4, seed=s), protons(4, seed=s + 9, run=1)) for s in (0, 1)]
    hits = read(joined(*job))
    assert whole_protons(hits)
    assert len(events(hits)) == 16


def test_two_protons_under_one_number_are_refused_where_the_order_is_lost(read):
    merged = joined(protons(9), protons(9, seed=1))
    order = np.random.default_rng(0).permutation(len(merged["posX"]))
    with pytest.raises(FormatError, match="9 of 9 events have hits of one more than 1 mm apart"):
        read({name: values[order] for name, values in merged.items()})


def test_protons_are_not_torn_where_rows_are_ordered_by_layer(read):
    columns = protons(9)
    order = np.argsort(columns["layer"], kind="stable")
    assert whole_protons(read({name: values[order] for name, values in columns.items()}))
    merged = joined(columns, protons(9, seed=1))
    order = np.argsort(merged["layer"], kind="stable")
    with pytest.raises(FormatError, match="eventID is used twice"):
        read({name: values[order] for name, values in merged.items()})


def test_one_event_in_each_of_two_jobs_is_refused(read):
    with pytest.raises(FormatError, match="eventID is used twice"):
        read(joined(protons(1), protons(1, seed=1)))


def test_rows_in_any_order_are_no_jobs(read):
    columns = protons(9)
    order = np.random.default_rng(0).permutation(len(columns["posX"]))
    hits = read({name: values[order] for name, values in columns.items()})
    assert events(hits) == list(range(9))
    assert whole_protons(hits)


def test_spots_in_which_numbers_start_anew_are_told_apart(read):
    spots = [
        part | {"spotX": np.full(30, 7.0 * s, "f4"), "spotY": np.zeros(30, "f4")}
        for s, part in enumerate((protons(5), protons(5, seed=1)))
    ]
    hits = read(without(joined(*spots), "runID"))
    assert events(hits) == list(range(10))
    assert whole_protons(hits)


def test_few_far_hits_are_noted(tmp_path):
    columns = protons(300)
    columns["posX"] = np.append(columns["posX"], columns["posX"][-1] + 9)
    columns = {n: v if n == "posX" else np.append(v, v[-1]) for n, v in columns.items()}
    report = inspect_hits(save(columns, tmp_path / "hits.npz"))
    assert any("1 events have two hits of one primary" in note for note in report.remarks)


@pytest.mark.parametrize("marks", [("eventID", "trackID", "parentID"), ("eventID",), ("trackID",)])
def test_noise_is_nobodys(read, tmp_path, marks):
    columns = joined(protons(6), protons(2, seed=1, first=2))
    for name in marks:
        columns[name][36:] = -1
    hits = read(columns)
    truth = hits.known_truth
    assert int(truth.primary.sum()) == 36
    assert truth.parent[36:].tolist() == [-1] * 12
    assert len(truth.track[36:].unique()) == 12
    frames = split_frames(hits, per_frame=6)
    assert len(frames) == 1
    primary = frames[0].known_truth.primary
    assert int(primary.sum()) == 36
    if "eventID" in marks:
        assert len(frames[0]) == 36
    else:  # in the frames of their events, but of no event: each by itself
        assert len(frames[0]) == 48
        assert len(frames[0].known_truth.event[~primary].unique()) == 12
    report = inspect_hits(save(columns, tmp_path / "noise.npz"))
    assert report.truth is not None
    assert report.truth.events == 6
    assert any("12 rows are noise" in note for note in report.remarks)


def test_a_file_of_noise_alone_is_reported(tmp_path):
    columns = protons(3) | {"eventID": np.full(18, -1)}
    report = inspect_hits(save(columns, tmp_path / "noise.npz"))
    assert report.truth is not None
    assert (report.truth.events, report.truth.hits) == (0, 0)


def test_what_was_told_apart_is_written_and_read_back(tmp_path, same_hits):
    columns = joined(protons(5), protons(5, seed=1), protons(1, seed=3, run=2))
    columns["trackID"][-3:] = -1
    hits = read_hits(save(columns, tmp_path / "hits.npz"))
    write_hits(hits, tmp_path / "again.parquet")
    same_hits(read_hits(tmp_path / "again.parquet"), hits)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_numbers_that_floats_do_not_hold_are_refused(tmp_path, dtype):
    limit = 2 ** (np.finfo(dtype).nmant + 1)
    columns = protons(3)
    event = columns["eventID"].astype(np.int64)
    good = columns | {"eventID": (event + limit - 3).astype(dtype)}
    assert len(events(read_hits(save(good, tmp_path / "good.npz")))) == 3
    bad = columns | {"eventID": (event + limit - 2).astype(dtype)}
    with pytest.raises(FormatError, match=rf"column eventID.*below {limit}, since float"):
        read_hits(save(bad, tmp_path / "bad.npz"))


def test_numbers_too_large_to_be_counted_on_are_refused(tmp_path):
    columns = joined(protons(3), protons(3, seed=1, run=1))
    columns["eventID"] = columns["eventID"].astype(np.int64) + 2**62
    with pytest.raises(FormatError, match="number the events of each run from 0"):
        read_hits(save(columns, tmp_path / "hits.npz"))
