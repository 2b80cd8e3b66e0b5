"""Every kind of bad file gives one clear sentence."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as arrow_parquet
import pytest

from trackscape.errors import FormatError
from trackscape.files import check_place
from trackscape.formats import inspect_hits, read_hits, read_volume


def refused(path, message):
    with pytest.raises(FormatError, match=message) as error:
        read_hits(path)
    text = str(error.value)
    assert text.startswith(str(path))
    assert text.endswith(".")
    assert "\n" not in text


def test_absent(tmp_path):
    refused(tmp_path / "hits.npz", "nothing is there; check the path")


def test_folder(tmp_path):
    refused(tmp_path, "it is a folder; name one file")


@pytest.mark.parametrize("name", ["hits.dat", "hits"])
def test_unknown_suffix(tmp_path, name):
    (tmp_path / name).write_text("posX")
    refused(tmp_path / name, r"can read files named \.npz, .*choose one of these")


@pytest.mark.parametrize("suffix", ["npz", "npy", "root", "parquet", "csv"])
def test_empty_file(tmp_path, suffix):
    (tmp_path / f"hits.{suffix}").touch()
    refused(tmp_path / f"hits.{suffix}", r"the file is empty \(0 bytes\)")


@pytest.mark.parametrize("suffix", ["npz", "npy", "root", "parquet"])
def test_renamed_text(tmp_path, suffix):
    (tmp_path / f"hits.{suffix}").write_text("posX,posY,posZ,edep\n")
    refused(tmp_path / f"hits.{suffix}", rf"content of a \.{suffix} file.*something else")


def test_misnamed(published, save_npz, tmp_path):
    path = save_npz(published).rename(tmp_path / "hits.csv")
    refused(path, r"content of a \.csv file, but .*those of a \.npz file; give the file its true")


@pytest.mark.parametrize("kept", [20, 300, 0.5, 0.99])
def test_truncated_npz(published, save_npz, kept):
    path = save_npz(published)
    content = path.read_bytes()
    path.write_bytes(content[: kept if kept > 1 else int(kept * len(content))])
    refused(path, "damaged or cut short")


def test_truncated_npy(tmp_path):
    np.save(tmp_path / "hits.npy", np.zeros(100, dtype=[("posX", "f4")]))
    content = (tmp_path / "hits.npy").read_bytes()
    (tmp_path / "hits.npy").write_bytes(content[:-100])
    refused(tmp_path / "hits.npy", "damaged or cut short")


def test_truncated_parquet(published, tmp_path):
    path = tmp_path / "hits.parquet"
    arrow_parquet.write_table(pa.table(published), path)
    path.write_bytes(path.read_bytes()[:-50])
    refused(path, "damaged or cut short")


def test_array_larger_than_any_memory(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": [("posX", "<f4")], "fortran_order": False, "shape": (2**55,)}
    )
    with zipfile.ZipFile(tmp_path / "hits.npz", "w") as archive:
        archive.writestr("arr_0.npy", header.getvalue())
    refused(tmp_path / "hits.npz", "at most 67,108,864 bytes when unpacked")


def test_pickled_columns(published, tmp_path):
    np.savez(tmp_path / "hits.npz", **(published | {"posX": np.array([None] * 12)}))
    refused(tmp_path / "hits.npz", "pickled Python objects")


def test_pickled_array(tmp_path):
    np.save(tmp_path / "hits.npy", np.array([{"posX": 1}]))
    refused(tmp_path / "hits.npy", "pickled Python objects")


@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_array_without_names(tmp_path, suffix):
    path = tmp_path / f"hits.{suffix}"
    (np.savez if suffix == "npz" else np.save)(path, np.zeros((5, 4)))
    refused(path, "has the type float64, without names")


def test_zip_of_other_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "hits.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused(tmp_path / "hits.npz", r"posX, posY, posZ, edep are missing.*readme\.txt")


def test_wrong_columns(tmp_path):
    names = [f"feature{number}" for number in range(30)]
    np.save(tmp_path / "hits.npy", np.zeros(3, dtype=[(name, "f4") for name in names]))
    refused(
        tmp_path / "hits.npy",
        "posX, posY, posZ, edep are missing among the columns feature0, .* and 10 more; let ",
    )


def test_missing_columns_with_near_names(published, tmp_path):
    renamed = {{"posZ": "pozZ", "edep": "edeps"}.get(n, n): v for n, v in published.items()}
    np.savez(tmp_path / "hits.npz", **renamed)
    refused(
        tmp_path / "hits.npz",
        "posZ, edep are missing .*; rename 'pozZ' to 'posZ', 'edeps' to 'edep'",
    )


def test_part_of_the_truth(published, save_npz):
    del published["parentID"]
    refused(save_npz(published), "parentID is missing among the columns posX")


@pytest.mark.parametrize("suffix", ["npz", "parquet", "csv"])
def test_no_rows(published, save_npz, tmp_path, suffix):
    empty = {name: values[:0] for name, values in published.items()}
    path = tmp_path / f"hits.{suffix}"
    if suffix == "npz":
        save_npz(empty)
    elif suffix == "parquet":
        arrow_parquet.write_table(pa.table(empty), path)
    else:
        path.write_text(",".join(published) + "\n")
    refused(path, "its columns have no rows")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("column", ["posX", "posY", "posZ", "edep"])
def test_not_finite(published, save_npz, column, value):
    published[column][[4, 7]] = value
    refused(
        save_npz(published),
        rf"column {column}, row 4 \(counted from 0\): expected a finite number, but got "
        rf"{value}; .*\(2 in all\)",
    )


def test_negative_energy(published, save_npz):
    published["edep"][9] = -0.5
    refused(save_npz(published), r"column edep, row 9 .* of 0 MeV or more, but got -0\.5")


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.5, 1e30])
def test_event_numbers_that_are_not_whole(published, save_npz, value):
    published["eventID"] = published["eventID"].astype(np.float64)
    published["eventID"][2] = value
    message = re.escape(f"expected a whole number, but got {value}")
    refused(save_npz(published), rf"column eventID, row 2 .*{message}")


def test_text_in_a_column(published, tmp_path):
    lines = [",".join(published), *["1,2,3,many,0,1,0,0,-1"] * 3]
    (tmp_path / "hits.csv").write_text("\n".join(lines))
    refused(tmp_path / "hits.csv", "column edep: expected numbers .*in MeV")


def test_gap_in_a_column(published, tmp_path):
    lines = [",".join(published), "1,2,3,0.1,0,1,0,0,-1", "1,2,3,,0,1,0,0,-1"]
    (tmp_path / "hits.csv").write_text("\n".join(lines))
    refused(tmp_path / "hits.csv", "column edep, row 1 .* a finite number, but got nan")


def test_ragged_csv(published, tmp_path):
    lines = [",".join(published), "1,2,3"]
    (tmp_path / "hits.csv").write_text("\n".join(lines))
    refused(tmp_path / "hits.csv", "Expected 9 columns, got 3")


def test_binary_csv(tmp_path):
    (tmp_path / "hits.csv").write_bytes(bytes(range(256)))
    refused(tmp_path / "hits.csv", "cannot be read|are missing")


@pytest.mark.parametrize("shape", [(11,), (12, 2), ()])
def test_columns_of_different_shapes(published, tmp_path, shape):
    np.savez(tmp_path / "hits.npz", **(published | {"edep": np.ones(shape, dtype=np.float32)}))
    got = re.escape(str(shape))
    refused(tmp_path / "hits.npz", rf"column edep: .*shape \(12,\), but its shape is {got}")


def test_no_primaries_is_no_error(published, save_npz):
    published["parentID"][:] = 1
    path = save_npz(published)
    assert not bool(read_hits(path).known_truth.primary.any())
    report = inspect_hits(path)
    assert report.truth is not None
    assert report.truth.primary_hits == 0
    assert report.truth.events_without_primary == report.truth.events == 2
    assert "no row has parentID 0" in report.render()


def test_a_name_that_is_too_long_for_the_disk_is_no_file():
    path = Path("a" * 5000 + ".npz")
    for call in (read_hits, read_volume, check_place):
        with pytest.raises(FormatError, match=r"check the path|choose another name") as error:
            call(path)
        assert "\n" not in str(error.value)
