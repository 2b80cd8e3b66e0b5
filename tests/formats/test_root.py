"""Trees of GATE 8, 9.1 and 10."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from trackscape.errors import FormatError
from trackscape.formats import inspect_hits, read_hits

uproot = pytest.importorskip("uproot")

GATE_10 = {
    "posX": "PostPosition_X",
    "posY": "PostPosition_Y",
    "posZ": "PostPosition_Z",
    "edep": "TotalEnergyDeposit",
    "eventID": "EventID",
    "trackID": "TrackID",
    "parentID": "ParentID",
}


def write_tree(path: Path, trees: dict[str, dict[str, np.ndarray]]) -> Path:
    with uproot.recreate(path) as file:
        for name, columns in trees.items():
            tree = file.mktree(
                name, {column: (v.dtype, v.shape[1:]) for column, v in columns.items()}
            )
            tree.extend(columns)
    return path


@pytest.fixture
def gate_10(unnumbered) -> dict[str, np.ndarray]:
    renamed = {GATE_10[name]: values for name, values in unnumbered.items()}
    for name in renamed:
        if renamed[name].dtype == np.float32:
            renamed[name] = renamed[name].astype(np.float64)
    return renamed | {"PDGCode": np.full(12, 2212), "GlobalTime": np.zeros(12)}


def test_gate_8_volume_ids(unnumbered, layers, tmp_path):
    layer = np.array(layers)
    volume = np.full((12, 10), -1, dtype=np.int32)
    volume[:, 2] = np.where(layer < 2, 0, 1)
    volume[:, 3] = np.where(layer < 2, layer, layer - 2)
    columns = unnumbered | {"volumeID": volume, "mass": np.zeros(12)}
    path = write_tree(tmp_path / "hits.root", {"Hits": columns})
    assert read_hits(path).layer.tolist() == layers
    report = inspect_hits(path)
    assert report.layers.rule == "2 * volumeID[2] + volumeID[3]"
    assert report.ignored == ("mass",)


def test_gate_9_cumulative_base(unnumbered, layers, tmp_path, same_hits, published, save_npz):
    layer = np.array(layers)
    columns = unnumbered | {
        "baseID": np.where(layer < 2, 1, 2).astype(np.int32),
        "level1ID": np.where(layer < 2, layer, layer - 2).astype(np.int32),
        "level2ID": np.zeros(12, dtype=np.int32),
    }
    path = write_tree(tmp_path / "hits.root", {"Hits": columns})
    same_hits(read_hits(path), read_hits(save_npz(published)))
    report = inspect_hits(path)
    assert report.layers.rule == "level1ID, counted on from one baseID to the next"
    assert len(report.layers.rejected) == 1
    assert "both at posZ" in report.layers.rejected[0] or "followed" in report.layers.rejected[0]


def test_gate_10_without_copy_numbers_uses_positions(gate_10, layers, tmp_path):
    columns = gate_10 | {"TrackVolumeCopyNo": np.zeros(12, dtype=np.int32)}
    path = write_tree(tmp_path / "hits.root", {"PhaseSpace": columns})
    hits = read_hits(path)
    assert hits.layer.tolist() == layers
    assert hits.position.dtype == torch.float32
    report = inspect_hits(path)
    assert report.layers.rule.startswith("planes in posZ")
    assert "TrackVolumeCopyNo" in report.layers.rejected[0]
    assert report.truth is not None
    assert report.truth.particles == {2212: 12}


def test_gate_10_copy_numbers(gate_10, layers, tmp_path):
    copies = np.array(layers, dtype=np.int32) + 1
    path = write_tree(
        tmp_path / "hits.root",
        {"any_name": gate_10 | {"PreStepVolumeCopyNo": copies, "PostStepVolumeCopyNo": copies * 0}},
    )
    assert read_hits(path).layer.tolist() == layers
    assert inspect_hits(path).layers.rule == "PreStepVolumeCopyNo"


def test_newest_cycle_and_named_tree_win(published, tmp_path):
    other = published | {"posX": published["posX"] + 100}
    path = tmp_path / "a:b.root"
    with uproot.recreate(path) as file:
        for columns in ({n: v[:5] for n, v in published.items()}, published):
            file.mktree("Hits", {n: v.dtype for n, v in columns.items()}).extend(columns)
        file.mktree("Others", {n: v.dtype for n, v in other.items()}).extend(other)
    with uproot.open({path: None}) as file:
        assert {"Hits;1", "Hits;2", "Others;1"} <= set(file.keys())
    hits = read_hits(path)
    assert len(hits) == 12
    assert float(hits.position[:, 0].max()) == 3.0


def test_only_fitting_tree_is_found(published, tmp_path):
    other = {"time": np.zeros(3)}
    path = write_tree(tmp_path / "hits.root", {"Hits": other, "detector": published})
    assert len(read_hits(path)) == 12


@pytest.mark.parametrize(
    ("trees", "message"),
    [
        ({"Hits": ["time"], "b": ["time"]}, "posX, posY, posZ, edep are missing"),
        ({"a": ["time"]}, "posX, posY, posZ, edep are missing"),
        ({"a": ["time"], "b": ["time"]}, "but found a, b"),
        ({}, "but found no tree"),
    ],
)
def test_no_tree_of_hits(tmp_path, trees, message):
    columns = {tree: {name: np.zeros(3) for name in names} for tree, names in trees.items()}
    path = write_tree(tmp_path / "hits.root", columns)
    with pytest.raises(FormatError, match=message):
        read_hits(path)


def test_two_fitting_trees_are_ambiguous(published, tmp_path):
    path = write_tree(tmp_path / "hits.root", {"a": published, "b": published})
    with pytest.raises(FormatError, match=r"hits\.root: expected one tree.*found a, b"):
        read_hits(path)


def test_empty_tree(published, tmp_path):
    path = tmp_path / "hits.root"
    with uproot.recreate(path) as file:
        file.mktree("Hits", {name: values.dtype for name, values in published.items()})
    with pytest.raises(FormatError, match="no rows"):
        read_hits(path)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
def test_truncated(published, tmp_path, kept):
    many = {name: np.tile(values, 5000) for name, values in published.items()}
    path = write_tree(tmp_path / "hits.root", {"Hits": many})
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(FormatError, match=r"hits\.root: .*damaged or cut short"):
        read_hits(path)


def test_without_uproot(tmp_path, monkeypatch):
    (tmp_path / "hits.root").write_bytes(b"root and more")
    monkeypatch.setitem(sys.modules, "uproot", None)
    with pytest.raises(FormatError, match=r"pip install uproot"):
        read_hits(tmp_path / "hits.root")


@pytest.mark.data
def test_real_file_agrees_with_its_conversion(shared_data, same_hits):
    root = read_hits(shared_data / "gate" / "DTC_Aluminium_Absorber3mm_Degrader250mm_250MeV.root")
    converted = shared_data / "gate" / "dtc_al3mm_degrader250mm_250MeV.npz"
    same_hits(root, read_hits(converted))
    assert root.layer.tolist() == np.load(converted)["arr_0"]["layer"].tolist()


def test_a_tree_for_each_run_is_read_as_one_file(published, tmp_path):
    trees = {f"Hits{end}": published for end in ("_run10", "", "_run2", "_run1")}
    shifted = {name: c | {"posX": c["posX"] + 9 * n} for n, (name, c) in enumerate(trees.items())}
    path = write_tree(tmp_path / "hits.root", shifted | {"Others": published})
    hits = read_hits(path)
    assert len(hits) == 48
    assert hits.position[::12, 0].tolist() == [-3 + 9 * n for n in (1, 3, 2, 0)]
    assert hits.known_truth.event[::6].tolist() == [4, 7, 12, 15, 20, 23, 28, 31]
    text = inspect_hits(path).render()
    assert "the trees Hits, Hits_run1, Hits_run2, Hits_run10 are read as one file" in text
    assert "not read, though they hold hits as well: the trees Others" in text


def test_trees_of_runs_with_other_columns_are_refused(published, unnumbered, tmp_path):
    path = write_tree(tmp_path / "hits.root", {"Hits": published, "Hits_run1": unnumbered})
    with pytest.raises(FormatError, match="the same columns in the trees of all runs"):
        read_hits(path)


def test_an_ntuple_is_read(published, unnumbered, layers, tmp_path, same_hits, save_npz):
    with uproot.recreate(tmp_path / "hits.root") as file:
        file["Hits"] = published
    same_hits(read_hits(tmp_path / "hits.root"), read_hits(save_npz(published)))
    volume = np.zeros((12, 10), dtype=np.int32)
    volume[:, 2:4] = np.stack(np.divmod(layers, 2), axis=1)
    with uproot.recreate(tmp_path / "volume.root") as file:
        file["Hits"] = unnumbered | {"volumeID": volume}
    assert read_hits(tmp_path / "volume.root").layer.tolist() == layers


def test_branches_whose_own_names_have_brackets_are_read(unnumbered, layers, tmp_path):
    depths = np.divmod(np.array(layers, dtype=np.int32), 2)
    columns = unnumbered | {f"volumeIDx{depth + 2}y": v for depth, v in enumerate(depths)}
    with uproot.recreate(tmp_path / "hits.root", compression=None) as file:
        file.mktree("tree", {name: v.dtype for name, v in columns.items()}).extend(columns)
    content = (tmp_path / "hits.root").read_bytes()
    for depth in (b"2", b"3"):
        content = content.replace(b"volumeIDx" + depth + b"y", b"volumeID[" + depth + b"]", 1)
    (tmp_path / "hits.root").write_bytes(content)
    assert read_hits(tmp_path / "hits.root").layer.tolist() == layers


@pytest.mark.parametrize("kind", ["vector", "fixed", "ntuple"])
def test_branches_of_vectors_are_refused_with_the_reason(published, tmp_path, kind):
    awkward = pytest.importorskip("awkward")
    with uproot.recreate(tmp_path / "hits.root") as file:
        jagged = awkward.Array([[1.0]] * 11 + [[1.0, 2.0]])
        columns = published | {"posX": np.ones((12, 3)) if kind == "fixed" else jagged}
        if kind == "ntuple":
            file["Hits"] = awkward.zip(columns, depth_limit=1)
        else:
            types = {name: v.dtype for name, v in published.items()}
            types["posX"] = ("f8", (3,)) if kind == "fixed" else "var * float64"
            file.mktree("Hits", types).extend(columns)
    with pytest.raises(FormatError, match="branch posX: expected one number in each entry, but it"):
        read_hits(tmp_path / "hits.root")


def test_a_short_volume_id_is_refused(unnumbered, tmp_path):
    columns = unnumbered | {"volumeID": np.zeros((12, 3), dtype=np.int32)}
    with pytest.raises(FormatError, match="more than 3 numbers in each entry, but it holds 3"):
        read_hits(write_tree(tmp_path / "hits.root", {"Hits": columns}))


@pytest.mark.parametrize(
    "name", ["a::b.root", "root:::host:1::x.root", "file::x.root", "x:Hits.root"]
)
def test_colons_in_names_are_no_protocols(published, tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path / "plain.root", {"Hits": published}).rename(tmp_path / name)
    assert len(read_hits(Path(name))) == len(read_hits(tmp_path / name)) == 12


CODE = b"x')\nopen('done','w')\nclass Y:\n    @classmethod\n    def f(cls):\n        raise Z('"


def with_another_name(streamer: bytes, old: bytes, new: bytes) -> bytes:
    """Renames a member in a streamer, whose parts say in front how long they are."""
    at = streamer.index(old)
    for place in range(at - 3):
        (word,) = struct.unpack(">I", streamer[place : place + 4])
        length = word & ~0x40000000
        if word >> 28 == 4 and at + len(old) <= place + 4 + length <= len(streamer):
            word = struct.pack(">I", word + len(new) - len(old))
            streamer = streamer[:place] + word + streamer[place + 4 :]
    return streamer[:at] + new + streamer[at + len(old) :]


def test_names_that_are_code_are_refused(published, tmp_path, monkeypatch):
    from uproot.models.TTree import Model_TTree_v20 as Model

    streamers = list(Model.class_rawstreamers)
    at = next(number for number, entry in enumerate(streamers) if entry[2] == "TTree")
    start, content, *rest = streamers[at]
    new = bytes([len(CODE)]) + CODE
    streamers[at] = start, with_another_name(content, b"\x10fClusterRangeEnd", new), *rest
    monkeypatch.setattr(Model, "class_rawstreamers", tuple(streamers))
    monkeypatch.chdir(tmp_path)
    path = write_tree(tmp_path / "hits.root", {"Hits": published})
    with pytest.raises(FormatError, match=r"names of classes and members .* run as code") as caught:
        read_hits(path)
    assert str(caught.value).isprintable()
    assert not (tmp_path / "done").exists()
