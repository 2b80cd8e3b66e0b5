"""Rows that are written chunk by chunk come back whole; whatever goes wrong leaves no file."""

import itertools
import shutil
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackscape import samples
from trackscape.errors import DataError, FormatError
from trackscape.formats import hit_stream, inspect_hits, read_hits, read_provenance

PROVENANCE = {"engine": "fast", "seed": 3, "beam": {"energy": 230.0}, "notes": ["µm", "\n"]}


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.load(samples.VALIDATION, allow_pickle=False)["arr_0"]


def write_chunks(path, chunks: list[np.ndarray]) -> None:
    with hit_stream(path, chunks[0].dtype, provenance=PROVENANCE) as add:
        for chunk in chunks:
            add(chunk)


def write_in_chunks(path, rows: np.ndarray, number: int) -> None:
    write_chunks(path, np.array_split(rows, number))


@given(sizes=st.lists(st.integers(0, 50), max_size=8))
def test_chunks_of_any_size_follow_one_another(tmp_path_factory, rows, sizes):
    path = tmp_path_factory.mktemp("stream") / "hits.npz"
    with hit_stream(path, rows.dtype, provenance={}) as add:
        for start, stop in itertools.pairwise([0, *itertools.accumulate(sizes)]):
            add(rows[start:stop])
    with np.load(path, allow_pickle=False) as archive:
        assert archive["arr_0"].dtype == rows.dtype
        assert np.array_equal(archive["arr_0"], rows[: sum(sizes)])


def test_hits_come_back_as_from_the_file_that_they_were_in(tmp_path, rows, same_hits):
    write_in_chunks(tmp_path / "hits.npz", rows, 7)
    same_hits(read_hits(tmp_path / "hits.npz"), read_hits(samples.VALIDATION))


def test_strided_chunks_are_written_as_they_look(tmp_path, rows):
    write_in_chunks(tmp_path / "hits.npz", rows[::-3], 2)
    assert np.array_equal(np.load(tmp_path / "hits.npz")["arr_0"], rows[::-3])


def test_the_same_rows_give_the_same_bytes(tmp_path, rows):
    for name, chunks in (("one.npz", 1), ("many.npz", 9)):
        write_in_chunks(tmp_path / name, rows, chunks)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "many.npz").read_bytes()
    # Not much larger than numpy's own file of the same rows, which is compressed more slowly.
    assert (tmp_path / "one.npz").stat().st_size < 1.2 * samples.VALIDATION.stat().st_size


def test_provenance_comes_back_and_is_shown(tmp_path, rows):
    path = tmp_path / "new" / "hits.npz"
    write_in_chunks(path, rows, 2)
    assert read_provenance(path) == PROVENANCE
    with np.load(path, allow_pickle=False) as archive:
        assert archive["provenance"].shape == ()
        assert archive["provenance"].dtype.kind == "U"
    text = inspect_hits(path).render()
    for part in ("engine: fast", "seed: 3", 'beam: {"energy": 230.0}'):
        assert f"provenance         {part}" in text


def test_files_of_others_have_no_provenance(tmp_path):
    assert read_provenance(samples.VALIDATION) is None
    contents = ("no JSON", "[1, 2]", [1.5, 2.0], np.array({"a": 1}, dtype=object))
    for number, content in enumerate(contents):
        path = tmp_path / f"{number}.npz"
        np.savez(path, arr_0=np.zeros(1), provenance=np.array(content))
        assert read_provenance(path) is None
    np.save(tmp_path / "hits.npy", np.zeros(1))
    assert read_provenance(tmp_path / "hits.npy") is None
    assert inspect_hits(samples.VALIDATION).provenance is None


def write_until(reason: type[BaseException], path, rows: np.ndarray) -> None:
    with hit_stream(path, rows.dtype, provenance={}) as add:
        add(rows)
        raise reason


def test_an_interruption_at_the_end_leaves_no_file_either(tmp_path, rows, monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "copyfileobj", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_in_chunks(tmp_path / "hits.npz", rows, 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("reason", [KeyboardInterrupt, RuntimeError, DataError])
def test_an_interruption_leaves_the_folder_as_it_was(tmp_path, rows, reason):
    (tmp_path / "hits.npz").write_text("the old one")
    with pytest.raises(reason):
        write_until(reason, tmp_path / "hits.npz", rows)
    assert [path.name for path in tmp_path.iterdir()] == ["hits.npz"]
    assert (tmp_path / "hits.npz").read_text() == "the old one"


@pytest.mark.parametrize(
    "change", [lambda rows: rows["edep"], lambda rows: rows[["edep"]], lambda rows: rows[:4, None]]
)
def test_chunks_of_another_type_are_an_error_and_leave_no_file(tmp_path, rows, change):
    path = tmp_path / "hits.npz"
    with pytest.raises(DataError, match="Expected rows of the type"):
        write_chunks(path, [rows, change(rows)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [np.zeros(2), float("nan"), {1, 2}])
def test_provenance_that_json_cannot_hold_is_an_error_before_the_first_row(tmp_path, rows, value):
    with (
        pytest.raises(DataError, match="provenance"),
        hit_stream(tmp_path / "hits.npz", rows.dtype, provenance={"value": value}),
    ):
        pytest.fail("the stream must not open")
    assert list(tmp_path.iterdir()) == []


def test_only_npz_and_only_where_one_can_write(tmp_path, rows):
    (tmp_path / "file").touch()
    for path, message in ((tmp_path / "hits.csv", "npz"), (tmp_path / "file" / "h.npz", "file")):
        with (
            pytest.raises(FormatError, match=message),
            hit_stream(path, rows.dtype, provenance={}) as add,
        ):
            add(rows)


def test_memory_does_not_grow_with_the_rows(tmp_path, rows):
    chunk = np.resize(rows, 100_000)
    tracemalloc.start()
    with hit_stream(tmp_path / "hits.npz", rows.dtype, provenance={}) as add:
        for _ in range(20):
            add(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.1 * (20 * chunk.nbytes)
    with np.load(tmp_path / "hits.npz", allow_pickle=False) as archive:
        written = archive["arr_0"]
    assert len(written) == 2_000_000
    assert np.array_equal(written[-100_000:], chunk)
