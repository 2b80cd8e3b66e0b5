"""Files of each kind give the hits that were put into them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet
import pytest
import torch

from trackscape.errors import FormatError
from trackscape.formats import inspect_file, read_hits
from trackscape.samples import TRAIN, VALIDATION


def test_published_array(published, save_npz, layers):
    hits = read_hits(save_npz(published))
    assert hits.layer.tolist() == layers
    assert (
        hits.position.numpy().tolist()
        == np.stack([published["posX"], published["posY"], published["posZ"]], axis=1).tolist()
    )
    assert hits.energy.numpy().tolist() == published["edep"].tolist()
    assert hits.known_truth.event.tolist() == published["eventID"].tolist()
    assert hits.known_truth.track.tolist() == published["trackID"].tolist()
    assert hits.known_truth.primary.tolist() == (published["parentID"] == 0).tolist()
    assert hits.known_truth.pdg is None
    assert hits.spot is None


def test_every_kind_of_file_gives_the_same(published, save_npz, same_hits, tmp_path):
    expected = read_hits(save_npz(published))
    np.savez(tmp_path / "plain.npz", **published)
    np.save(tmp_path / "hits.npy", np.load(tmp_path / "hits.npz")["arr_0"])
    arrow_parquet.write_table(pa.table(published), tmp_path / "hits.parquet")
    for name in ("plain.npz", "hits.npy", "hits.parquet"):
        same_hits(read_hits(tmp_path / name), expected)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_csv_gives_the_same(published, save_npz, same_hits, tmp_path, delimiter):
    expected = read_hits(save_npz(published))
    path = tmp_path / "hits.csv"
    options = arrow_csv.WriteOptions(delimiter=delimiter)
    arrow_csv.write_csv(pa.table(published | {"note": ["a,b"] * 12}), path, options)
    same_hits(read_hits(path), expected)


def test_hits_have_the_type_that_networks_compute_in(published, save_npz):
    double = published | {"posZ": published["posZ"].astype(np.float64), "edep": np.arange(12)}
    hits = read_hits(save_npz(double))
    assert hits.position.dtype == hits.energy.dtype == torch.float32
    assert hits.layer.dtype == hits.known_truth.event.dtype == torch.int64


def test_whole_numbers_may_be_stored_as_floats(published, save_npz, same_hits):
    floats = {name: values.astype(np.float32) for name, values in published.items()}
    same_hits(read_hits(save_npz(floats)), read_hits(save_npz(published)))


def test_spots_and_particles(published, save_npz):
    extra = {
        "spotX": np.full(12, 7.0, dtype=np.float32),
        "spotY": np.full(12, -14.0, dtype=np.float32),
        "PDGEncoding": np.where(np.arange(12) == 10, 11, 2212),
    }
    hits = read_hits(save_npz(published | extra))
    assert hits.spot is not None
    assert hits.spot.unique(dim=0).tolist() == [[7.0, -14.0]]
    assert hits.known_truth.pdg is not None
    assert hits.known_truth.pdg.tolist() == extra["PDGEncoding"].tolist()


def test_measured_hits_have_no_truth(published, save_npz):
    names = ("posX", "posY", "posZ", "edep", "level1ID", "level2ID")
    assert read_hits(save_npz({name: published[name] for name in names})).truth is None


def test_names_of_gate_10(published, save_npz, same_hits):
    names = {
        "posX": "PostPosition_X",
        "posY": "PostPosition_Y",
        "posZ": "PostPosition_Z",
        "edep": "TotalEnergyDeposit",
        "eventID": "EventID",
        "trackID": "TrackID",
        "parentID": "ParentID",
    }
    path = save_npz(published)
    expected = read_hits(path)
    np.savez(path, **{names.get(name, name): values for name, values in published.items()})
    same_hits(read_hits(path), expected)


def test_end_of_the_step_is_taken_before_its_start(published, tmp_path):
    start = {f"PrePosition_{axis}": published[f"pos{axis}"] - 0.01 for axis in "XYZ"}
    np.savez(tmp_path / "hits.npz", **(published | start))
    assert torch.equal(
        read_hits(tmp_path / "hits.npz").position[:, 0], torch.from_numpy(published["posX"])
    )


@pytest.mark.parametrize(
    ("sample", "rows"), [(TRAIN, 34_751), (VALIDATION, 18_377)], ids=["train", "val"]
)
def test_sample(sample: Path, rows: int):
    hits = read_hits(sample)
    assert len(hits) == rows
    # Two trackers with a pitch of 52.4 mm, then calorimeter layers every 5.5 mm.
    expected = np.concatenate([[225.2315, 277.6315], 333.3815 + 5.5 * np.arange(41)])
    assert np.abs(hits.position[:, 2].numpy() - expected[hits.layer.numpy()]).max() < 0.0126


@pytest.mark.data
@pytest.mark.parametrize("water", [100, 150, 200])
def test_full_simulated_files(shared_data: Path, water: int):
    hits = read_hits(shared_data / "geant4" / f"water_{water}_val.npz")
    assert hits.layer.unique().tolist()[:30] == list(range(30))
    assert int(hits.layer.max()) <= 42
    assert int(hits.known_truth.event.max()) < 5000
    # Medians of the deposit in the first layer, in MeV: slower protons lose more.
    first = float(hits.energy[(hits.layer == 0) & hits.known_truth.primary].median())
    assert 0.010 < first < 0.030


def test_of_names_that_differ_in_capitals_the_exact_one_is_taken(published, save_npz, tmp_path):
    for order in (("posX", "PosX"), ("PosX", "posX")):
        other = {"PosX": published["posX"] + 100, "posX": published["posX"]}
        columns = {name: other[name] for name in order} | published
        hits = read_hits(save_npz(columns))
        assert hits.position[:, 0].tolist() == published["posX"].tolist()
        arrow_parquet.write_table(pa.table(columns), tmp_path / "hits.parquet")
        hits = read_hits(tmp_path / "hits.parquet")
        assert hits.position[:, 0].tolist() == published["posX"].tolist()


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_two_columns_of_one_meaning_are_refused(published, tmp_path, suffix):
    path = tmp_path / f"hits.{suffix}"
    for names in (["posX", "posX"], ["POSX", "PosX"]):
        others = {name: values for name, values in published.items() if name != "posX"}
        arrays = [pa.array(v) for v in (published["posX"], published["posX"], *others.values())]
        table = pa.table(arrays, names=[*names, *others])
        (arrow_csv.write_csv if suffix == "csv" else arrow_parquet.write_table)(table, path)
        with pytest.raises(
            FormatError, match=f"one column for each quantity, but {', '.join(names)}"
        ):
            read_hits(path)


@pytest.mark.parametrize("type_", ["list", "text", "time", "bool", "decimal"])
def test_columns_of_other_kinds_are_refused(published, tmp_path, type_):
    values = {
        "list": pa.array([[1.0]] * 12),
        "text": pa.array(["1"] * 12),
        "time": pa.array([0] * 12, pa.timestamp("s")),
        "bool": pa.array([True] * 12),
        "decimal": pa.array([1] * 12, pa.decimal128(20)),
    }
    arrow_parquet.write_table(
        pa.table(published | {"edep": values[type_]}), tmp_path / "hits.parquet"
    )
    with pytest.raises(FormatError, match=r"column edep: expected numbers \(deposited energy"):
        read_hits(tmp_path / "hits.parquet")


def test_foreign_names_reach_people_as_one_bounded_line(published, tmp_path):
    names = ["a\x1b[2Jb", "c\nd", "e\u202ef", "x" * 60_000]
    columns = published | dict.fromkeys(names, np.zeros(12))
    arrow_parquet.write_table(pa.table(columns), tmp_path / "a\nb.parquet")
    text = inspect_file(tmp_path / "a\nb.parquet").render()
    assert all(line.isprintable() for line in text.split("\n"))
    assert r"a\x1b[2Jb, c\nd, e\u202ef, xxx" in text
    assert len(text) < 5000
    del columns["posX"]
    arrow_parquet.write_table(pa.table(columns), tmp_path / "a\nb.parquet")
    with pytest.raises(FormatError) as caught:
        read_hits(tmp_path / "a\nb.parquet")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 2000
