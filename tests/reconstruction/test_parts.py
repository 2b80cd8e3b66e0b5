"""Files that are read chunk by chunk make the frames that they make when read whole."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trackscape import samples
from trackscape.data import Hits
from trackscape.errors import DataError, FormatError
from trackscape.evaluation import read_frames
from trackscape.formats import stream
from trackscape.reconstruction import FrameRule, find_files, parts
from trackscape.reconstruction.parts import Parts

ROWS = np.load(samples.VALIDATION)["arr_0"]
PER_FRAME = 50


def read(
    *paths: Path, rule: FrameRule | None = None, strict: bool = False
) -> tuple[list[Hits], Parts]:
    reader = Parts(list(paths), rule or FrameRule(per_frame=PER_FRAME), strict=strict)
    return [hits for part in reader for hits in part.hits()], reader


def same(one: list[Hits], other: list[Hits]) -> bool:
    return len(one) == len(other) and all(
        torch.equal(a.position, b.position)
        and torch.equal(a.energy, b.energy)
        and torch.equal(a.layer, b.layer)
        and torch.equal(a.known_truth.event, b.known_truth.event)
        for a, b in zip(one, other, strict=True)
    )


@pytest.fixture(scope="module")
def whole() -> list[Hits]:
    return read_frames(samples.VALIDATION, per_frame=PER_FRAME)


def write(path: Path, rows: np.ndarray) -> Path:
    table = pa.table({name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names})
    if path.suffix == ".parquet":
        arrow_parquet.write_table(table, path, row_group_size=3000)
    elif path.suffix == ".csv":
        arrow_csv.write_csv(table, path)
    elif path.suffix == ".npy":
        np.save(path, rows)
    elif path.suffix == ".root":
        uproot = pytest.importorskip("uproot")
        with uproot.recreate(path) as file:
            columns = {name: rows[name] for name in rows.dtype.names}
            file.mktree("Hits", {name: values.dtype for name, values in columns.items()})
            for begin in range(0, len(rows), 4000):
                file["Hits"].extend({n: v[begin : begin + 4000] for n, v in columns.items()})
    elif "columns" in path.name:
        np.savez(path, **{name: rows[name] for name in rows.dtype.names})
    else:
        np.savez(path, arr_0=rows)
    return path


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.npy", "a.npz", "columns.npz", "a.root"])
def test_every_format_gives_the_same_frames(name, tmp_path, monkeypatch, whole):
    monkeypatch.setattr(stream, "CHUNK", 5000)
    monkeypatch.setattr(stream, "_TEXT", 100_000)
    found, reader = read(write(tmp_path / name, ROWS))
    assert same(found, whole)
    assert reader.left_over == 877 % PER_FRAME
    assert reader.skipped == []


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunk=st.integers(300, 20_000), most=st.integers(1, 9), rows=st.integers(1, 20_000))
def test_neither_chunks_nor_parts_change_frames(chunk, most, rows, whole):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "CHUNK", chunk)
        patch.setattr(parts, "_MOST_FRAMES", most)
        patch.setattr(parts, "_MOST_ROWS", rows)
        reader = Parts([samples.VALIDATION], FrameRule(per_frame=PER_FRAME))
        found = list(reader)
    assert same([hits for part in found for hits in part.hits()], whole)
    assert [part.first_frame for part in found] == np.cumsum(
        [0, *(len(part.frames) for part in found[:-1])]
    ).tolist()


def test_memory_does_not_grow_with_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "CHUNK", 3000)
    noise = np.random.default_rng(0).random((4, 300_000), dtype=np.float32)
    names = ("posX", "posY", "posZ", "edep")
    table = pa.table(dict(zip(names, noise, strict=True)))
    arrow_parquet.write_table(table, tmp_path / "a.parquet", row_group_size=3000)
    del table
    before = pa.total_allocated_bytes()
    with stream.stream_columns(tmp_path / "a.parquet") as opened:
        taken = [pa.total_allocated_bytes() - before for _ in opened.chunks]
    assert len(taken) == 100
    assert max(taken) < noise.nbytes / 10


def test_parts_depend_on_the_frames_alone(monkeypatch):
    cuts = []
    for chunk in (700, 2**18):
        monkeypatch.setattr(stream, "CHUNK", chunk)
        monkeypatch.setattr(parts, "_MOST_FRAMES", 3)
        reader = Parts([samples.VALIDATION], FrameRule(per_frame=PER_FRAME))
        cuts.append([part.frames.start.tolist() for part in reader])
    assert cuts[0] == cuts[1]


def test_a_small_file_in_any_order_is_sorted(tmp_path, whole):
    shuffled = np.random.default_rng(0).permutation(ROWS)
    found, _ = read(write(tmp_path / "a.npz", shuffled))
    assert [len(each) for each in found] == [len(each) for each in whole]
    by_layer = ROWS[np.lexsort((ROWS["eventID"], ROWS["level2ID"]))]
    found, _ = read(write(tmp_path / "b.npz", by_layer))
    assert same(found, whole)


def test_rows_out_of_order_far_behind_are_told(tmp_path, monkeypatch, whole):
    monkeypatch.setattr(stream, "CHUNK", 5000)
    late = ROWS.copy()
    late[12_000:13_000] = late[12_000:13_000][::-1]
    path = write(tmp_path / "late.parquet", late)
    found, reader = read(path)
    assert same(found, whole[: len(found)])
    assert 3 <= len(found) < len(whole)
    assert "sort the rows" in reader.skipped[0].reason
    with pytest.raises(FormatError, match="in the order of events or frames, but"):
        read(path, strict=True)


def test_numbers_may_begin_anew_where_files_were_merged(tmp_path, monkeypatch, whole):
    monkeypatch.setattr(stream, "CHUNK", 5000)
    found, reader = read(write(tmp_path / "merged.parquet", np.concatenate([ROWS, ROWS[:9000]])))
    assert reader.skipped == []
    n = len(whole)
    assert same(found[:n], whole)
    # The last events of the first file are in a frame with the first ones of the second.
    assert len(found) > n + 3


def test_a_damaged_file_is_left_out_from_there(tmp_path, monkeypatch, whole):
    monkeypatch.setattr(stream, "CHUNK", 5000)
    whole_file, damaged = write(tmp_path / "a.parquet", ROWS), tmp_path / "damaged.parquet"
    group = arrow_parquet.ParquetFile(whole_file).metadata.row_group(3).column(0)
    content = bytearray(whole_file.read_bytes())
    content[group.data_page_offset : group.data_page_offset + 40] = bytes(40)
    damaged.write_bytes(content)
    found, reader = read(damaged, whole_file)
    assert [each.path for each in reader.skipped] == [str(damaged)]
    assert same(found[-len(whole) :], whole)
    n = len(found) - len(whole)
    assert n >= 3
    assert same(found[:n], whole[:n])
    with pytest.raises(FormatError, match=r"damaged\.parquet"):
        read(damaged, whole_file, strict=True)
    cut = tmp_path / "cut.npy"
    cut.write_bytes(write(tmp_path / "a.npy", ROWS).read_bytes()[:-5000])
    found, reader = read(cut)
    assert same(found, whole[: len(found)])
    assert "bytes are missing" in reader.skipped[0].reason


def test_rows_that_are_there_twice_are_refused(tmp_path):
    twice = np.insert(ROWS, 5000, ROWS[5000])
    reader = Parts([write(tmp_path / "a.npz", twice)], FrameRule(per_frame=PER_FRAME))
    with pytest.raises(DataError, match="each hit once, but in frame 4 1 are there again"):
        next(iter(reader)).hits()


def test_frames_of_too_many_hits_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("trackscape.reconstruction.cutting._MOST_ROWS", 3000)
    monkeypatch.setattr(stream, "CHUNK", 2000)
    with pytest.raises(DataError, match="frames of at most 3,000 hits"):
        read(write(tmp_path / "a.parquet", ROWS), rule=FrameRule(per_frame=800))


def test_files_are_found_by_folder_and_pattern(tmp_path):
    for name in ("b.npz", "a.npz", "c.txt"):
        (tmp_path / name).touch()
    names = [tmp_path / "a.npz", tmp_path / "b.npz"]
    assert find_files([tmp_path]) == find_files([tmp_path / "*.npz"]) == names
    assert find_files([tmp_path / "b.npz", tmp_path / "a.npz"]) == names[::-1]
    for wrong, told in {
        (tmp_path, tmp_path / "a.npz"): "each file once",
        (tmp_path / "x*",): "none",
        (tmp_path / "a.npz", tmp_path / "z.npz"): "but nothing is there",
    }.items():
        with pytest.raises(FormatError, match=told):
            find_files(wrong)
