"""What is written is read back equal, and nothing is half written."""

import numpy as np
import pyarrow.parquet as arrow_parquet
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trackscape.data import Hits, Tracks, Truth
from trackscape.errors import DataError, FormatError
from trackscape.formats import read_hits, write_hits, write_tracks
from trackscape.samples import VALIDATION

uproot = pytest.importorskip("uproot")

SUFFIXES = ("npz", "parquet", "csv", "root")


def tensors(rows: int, dtype, elements) -> st.SearchStrategy[torch.Tensor]:
    return hnp.arrays(dtype, rows, elements=elements).map(torch.from_numpy)


@st.composite
def any_hits(draw) -> Hits:
    rows = draw(st.integers(1, 20))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    width = 8 * np.dtype(dtype).itemsize
    numbers = tensors(rows, dtype, st.floats(-200, 200, width=width))
    whole = tensors(rows, np.int64, st.integers(-(2**63), 2**63 - 1))
    events = st.lists(st.integers(0, 2**62), min_size=rows, max_size=rows, unique=True)
    numbers_of = tensors(rows, np.int64, st.integers(0, 2**63 - 1))
    layer = draw(tensors(rows, np.int64, st.integers(0, 42)))
    depth = draw(tensors(rows, dtype, st.floats(0, 0.03125, width=width)))
    truth = Truth(
        event=torch.tensor(draw(events)),
        track=draw(numbers_of),
        parent=draw(numbers_of),
        pdg=draw(st.none() | whole),
    )
    return Hits(
        position=torch.stack([draw(numbers), draw(numbers), 5.5 * layer + depth], dim=1),
        energy=draw(tensors(rows, dtype, st.floats(0, 200, width=width))),
        layer=layer,
        spot=torch.stack([draw(numbers), draw(numbers)], dim=1) if draw(st.booleans()) else None,
        truth=truth if draw(st.booleans()) else None,
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(hits=any_hits())
def test_round_trip(tmp_path, same_hits, hits, suffix):
    path = tmp_path / f"hits.{suffix}"
    write_hits(hits, path)
    back = read_hits(path)
    same_hits(back, hits.to(torch.float32))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    path.unlink()


def test_published_columns(published, save_npz, tmp_path):
    hits = read_hits(save_npz(published))
    write_hits(hits, tmp_path / "again.npz")
    array = np.load(tmp_path / "again.npz", allow_pickle=False)["arr_0"]
    assert array.dtype.names == tuple(published)
    for name, values in published.items():
        assert array[name].tolist() == values.tolist()


def test_sample_round_trip(tmp_path, same_hits):
    hits = read_hits(VALIDATION)
    write_hits(hits, tmp_path / "hits.parquet")
    same_hits(read_hits(tmp_path / "hits.parquet"), hits)


def test_old_file_is_replaced_whole(published, save_npz, tmp_path):
    path = save_npz(published)
    hits = read_hits(path)
    write_hits(hits.select(hits.layer == 0), path)
    assert len(read_hits(path)) == 2


@pytest.mark.parametrize("name", ["hits.npy", "hits.txt", "hits"])
def test_unknown_suffix(name, tmp_path):
    hits = read_hits(VALIDATION)
    with pytest.raises(FormatError, match=r"can write files named \.npz, \.parquet, \.csv"):
        write_hits(hits, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_missing_folders_are_made(tmp_path):
    path = tmp_path / "new" / "hits.npz"
    write_hits(read_hits(VALIDATION), path)
    assert [file.name for file in path.parent.iterdir()] == ["hits.npz"]


def test_a_place_below_a_file(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "hits.npz"
    with pytest.raises(FormatError, match=r"hits\.npz: expected a place to write to"):
        write_hits(read_hits(VALIDATION), path)


@pytest.fixture
def tracks(published, save_npz) -> Tracks:
    """Two tracks of five and four hits; row 10 and two others have none."""
    return Tracks(
        hits=read_hits(save_npz(published)),
        index=torch.tensor([0, 1, 2, 3, 4, 6, 7, 8, 9]),
        offset=torch.tensor([0, 5, 9]),
    )


def read_rows(path) -> dict[str, list]:
    if path.suffix == ".parquet":
        return arrow_parquet.read_table(path).to_pydict()
    if path.suffix == ".root":
        with uproot.open({path: None}) as file:
            [tree] = file.values()
            arrays = tree.arrays(library="np")
        return {name: values.tolist() for name, values in arrays.items()}
    if path.suffix == ".npz":
        array = np.load(path, allow_pickle=False)["arr_0"]
    else:
        array = np.genfromtxt(path, delimiter=",", names=True, encoding="utf-8", deletechars='"')
    return {name.strip('"'): array[name].tolist() for name in array.dtype.names}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tracks(tracks, published, tmp_path, suffix):
    path = tmp_path / f"tracks.{suffix}"
    write_tracks(iter([(3, tracks), (5, tracks)]), path)
    rows = read_rows(path)
    assert rows["frame"] == [3] * 9 + [5] * 9
    assert rows["track"] == ([0] * 5 + [1] * 4) * 2
    assert rows["step"] == [0, 1, 2, 3, 4, 0, 1, 2, 3] * 2
    assert rows["layer"] == [0, 1, 2, 3, 4, 0, 1, 2, 3] * 2
    for name in ("posX", "posY", "posZ", "edep", "eventID", "trackID", "parentID"):
        expected = np.tile(published[name][tracks.index.numpy()], 2)
        assert rows[name] == pytest.approx(expected.tolist())
    assert len(rows) == 11


def test_a_root_file_holds_a_plain_tree(tracks, published, save_npz, tmp_path, same_hits):
    write_tracks([(0, tracks)], tmp_path / "tracks:1.root")
    write_tracks([(0, tracks)], tmp_path / "tracks.parquet")
    with (tmp_path / "tracks:1.root").open("rb") as content, uproot.open(content) as file:
        assert file.classnames() == {"Tracks;1": "TTree"}
        types = {name: branch.typename for name, branch in file["Tracks"].items()}
        arrays = file["Tracks"].arrays(library="np")
    assert types["track"] == "int64_t"
    assert types["edep"] == "float"
    table = arrow_parquet.read_table(tmp_path / "tracks.parquet")
    assert list(arrays) == table.column_names
    for name, values in arrays.items():  # to the bit
        assert values.dtype == table.column(name).to_numpy().dtype
        assert values.tobytes() == table.column(name).to_numpy().tobytes()
    same_hits(read_hits(tmp_path / "tracks:1.root"), tracks.hits.select(tracks.index))
    hits = read_hits(save_npz(published))
    write_hits(hits, tmp_path / "hits.root")
    with uproot.open(tmp_path / "hits.root") as file:
        assert file.classnames() == {"Hits;1": "TTree"}


def test_many_frames_are_one_tree_of_several_parts(tracks, tmp_path, monkeypatch):
    monkeypatch.setattr("trackscape.formats.write._GROUP", 100)
    monkeypatch.setattr("trackscape.formats.write._BATCH", 7)
    write_tracks(((number, tracks) for number in range(60)), tmp_path / "tracks.root")
    with uproot.open(tmp_path / "tracks.root") as file:
        assert file.keys() == ["Tracks;1"]
        assert file["Tracks"]["frame"].num_baskets > 1
        frame = file["Tracks"]["frame"].array(library="np")
    assert frame.tolist() == [number for number in range(60) for _ in range(9)]


def test_a_full_disk_leaves_no_tree(tracks, tmp_path, full_disk):
    frames = ((number, tracks) for number in range(2000))
    with full_disk(10_000), pytest.raises(FormatError, match="make room there"):
        write_tracks(frames, tmp_path / "new" / "tracks.root")
    assert list((tmp_path / "new").iterdir()) == []


def test_tracks_of_measured_hits_have_no_truth(tracks, tmp_path):
    hits = Hits(position=tracks.hits.position, energy=tracks.hits.energy, layer=tracks.hits.layer)
    measured = Tracks(hits=hits, index=tracks.index, offset=tracks.offset)
    write_tracks([(0, measured)], tmp_path / "tracks.parquet")
    names = arrow_parquet.read_schema(tmp_path / "tracks.parquet").names
    assert names == ["frame", "track", "step", "layer", "posX", "posY", "posZ", "edep"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_frames_and_no_tracks(tracks, tmp_path, suffix):
    none = tracks.select(torch.zeros(2, dtype=torch.bool))
    write_tracks([], tmp_path / f"no_frames.{suffix}")
    write_tracks([(0, none)], tmp_path / f"no_tracks.{suffix}")
    if suffix == "csv":
        assert (tmp_path / "no_frames.csv").read_text().startswith('"frame","track","step"')
    else:
        assert read_rows(tmp_path / f"no_frames.{suffix}")["frame"] == []
        assert read_rows(tmp_path / f"no_tracks.{suffix}")["eventID"] == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_is_left_of_a_failed_file(tracks, tmp_path, suffix):
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / f"tracks.{suffix}"
    path.write_text("old")

    def frames():
        yield 0, tracks
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_tracks(frames(), path)
    assert [file.name for file in folder.iterdir()] == [path.name]
    assert path.read_text() == "old"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_frames_with_and_without_truth_do_not_mix(tracks, tmp_path, suffix):
    hits = Hits(position=tracks.hits.position, energy=tracks.hits.energy, layer=tracks.hits.layer)
    measured = Tracks(hits=hits, index=tracks.index, offset=tracks.offset)
    with pytest.raises(DataError, match=r"part 1 has .*the truth to all or none"):
        write_tracks([(0, tracks), (1, measured)], tmp_path / f"tracks.{suffix}")
