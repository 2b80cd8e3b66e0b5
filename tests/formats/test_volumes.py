"""Voxel volumes: the axes, and files that are damaged or malicious."""

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from trackscape.errors import FormatError
from trackscape.formats import read_volume

VALUES = np.arange(24, dtype=np.int16).reshape(2, 3, 4) - 5


def header(**changes: str) -> str:
    keys = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "False",
        "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        "Offset": "100 -200 300",
        "ElementSpacing": "0.5 1 2.5",
        "DimSize": "2 3 4",
        "ElementType": "MET_SHORT",
    }
    keys |= changes
    keys["ElementDataFile"] = keys.pop("ElementDataFile", "volume.raw")
    return "".join(f"{key} = {value}\n" for key, value in keys.items() if value)


def write_mhd(folder: Path, *, data: bytes | None = None, **changes: str) -> Path:
    path = folder / "volume.mhd"
    path.write_text(header(**changes))
    stored = VALUES.tobytes(order="F") if data is None else data
    (folder / "volume.raw").write_bytes(stored)
    return path


def test_mhd_runs_fastest_along_x(tmp_path):
    volume = read_volume(write_mhd(tmp_path))
    assert volume.values.dtype == np.int16
    assert np.array_equal(volume.values, VALUES)
    assert volume.spacing.tolist() == [0.5, 1, 2.5]
    assert volume.origin is None
    assert volume.materials is None


def test_other_ways_to_store_the_same(tmp_path):
    big = VALUES.astype(">i2").tobytes(order="F")
    write_mhd(tmp_path, data=big, BinaryDataByteOrderMSB="True")
    assert np.array_equal(read_volume(tmp_path / "volume.mhd").values, VALUES)
    packed = zlib.compress(VALUES.tobytes(order="F"))
    write_mhd(tmp_path, data=packed, CompressedData="True", CompressedDataSize=str(len(packed)))
    assert np.array_equal(read_volume(tmp_path / "volume.mhd").values, VALUES)
    local = header(ElementDataFile="LOCAL").encode() + VALUES.tobytes(order="F")
    (tmp_path / "volume.mha").write_bytes(local)
    assert np.array_equal(read_volume(tmp_path / "volume.mha").values, VALUES)
    labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    write_mhd(tmp_path, data=labels.tobytes(order="F"), ElementType="MET_UCHAR")
    assert np.array_equal(read_volume(tmp_path / "volume.mhd").values, labels)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"DimSize": "2 3 5"}, "volume.raw: expected 60 bytes .* got 48"),
        ({"DimSize": "2 3 3"}, "volume.raw: expected 36 bytes .* got more"),
        ({"DimSize": "2 3"}, "DimSize: expected 3 numbers, got 2 3"),
        ({"DimSize": "2 3 0"}, "DimSize"),
        ({"DimSize": "2 3 1.5"}, "DimSize"),
        ({"DimSize": "-2 -3 4"}, "DimSize"),
        ({"DimSize": "2000 2000 2000"}, "at most 1,000,000,000 voxels"),
        ({"DimSize": ""}, "DimSize: expected 3 numbers, got nothing"),
        ({"ElementType": "MET_FLOAT"}, "ElementType: expected one of MET_UCHAR.* got MET_FLOAT"),
        ({"ElementSpacing": ""}, "ElementSize: expected 3 numbers"),
        ({"ElementSpacing": "1 1 nan"}, "ElementSpacing"),
        ({"ElementSpacing": "1 1 0"}, "spacings of more than 0 mm"),
        ({"ElementSpacing": "1 1 -1"}, "spacings of more than 0 mm"),
        ({"ElementNumberOfChannels": "3"}, "1 number for each voxel"),
        ({"TransformMatrix": "0 1 0 1 0 0 0 0 1"}, "axes along x, y and z"),
        ({"HeaderSize": "-1"}, "HeaderSize"),
        ({"ElementDataFile": "../volume.raw"}, "a file beside it"),
        ({"ElementDataFile": "/etc/passwd"}, "a file beside it"),
        ({"ElementDataFile": "LIST"}, "expected its data in LIST"),
        ({"ElementDataFile": "absent.raw"}, "expected its data in absent.raw"),
        ({"ElementDataFile": ""}, "ElementDataFile"),
        ({"CompressedData": "True"}, "zlib"),
    ],
)
def test_headers_that_do_not_fit(tmp_path, changes, message):
    with pytest.raises(FormatError, match=message) as caught:
        read_volume(write_mhd(tmp_path, **changes))
    assert "\n" not in str(caught.value)


def test_a_bomb_of_zeros_is_not_unpacked(tmp_path):
    bomb = zlib.compress(bytes(50_000_000))
    with pytest.raises(FormatError, match="got more"):
        read_volume(write_mhd(tmp_path, data=bomb, CompressedData="True"))


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff" * 1000, b"a" * 10**6, b"key\nvalue\n"])
def test_files_that_are_no_meta_image(tmp_path, content):
    path = tmp_path / "volume.mhd"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"volume.mhd"):
        read_volume(path)


def test_npz(tmp_path):
    path = tmp_path / "volume.npz"
    np.savez_compressed(
        path,
        labels=VALUES,
        spacing=np.array([1, 2, 3]),
        origin=np.zeros(3),
        materials=np.array(["air"]),
    )
    volume = read_volume(path)
    assert np.array_equal(volume.values, VALUES)
    assert volume.spacing.tolist() == [1, 2, 3]
    assert volume.origin is not None
    assert volume.materials == ("air",)


GOOD = {"labels": VALUES, "spacing": np.ones(3)}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"labels": VALUES}, "expected the arrays labels and spacing, got labels"),
        ({}, "got none"),
        (GOOD | {"labels": VALUES.astype(float)}, "whole numbers on three axes"),
        (GOOD | {"labels": VALUES[0]}, "three axes"),
        (GOOD | {"labels": VALUES[:0]}, "three axes"),
        (GOOD | {"labels": VALUES.astype(object)}, "pickled"),
        (GOOD | {"spacing": np.ones(2)}, "spacing: expected three numbers"),
        (GOOD | {"spacing": np.array(["a", "b", "c"])}, "spacing: expected three numbers"),
        (GOOD | {"spacing": np.array([1, 1, np.nan])}, "more than 0 mm"),
        (GOOD | {"spacing": -np.ones(3)}, "more than 0 mm"),
        (GOOD | {"origin": np.full(3, np.inf)}, "finite origin"),
        (GOOD | {"origin": np.float64(3)}, "origin: expected three numbers"),
        (GOOD | {"materials": np.array([1, 2])}, "list of names"),
        (GOOD | {"materials": np.array([{"a": 1}])}, "pickled"),
    ],
)
def test_npz_that_does_not_fit(tmp_path, arrays, message):
    path = tmp_path / "volume.npz"
    np.savez(path, **arrays)
    with pytest.raises(FormatError, match=rf"volume.npz: .*{message}") as caught:
        read_volume(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["labels.npy", "labels", "spacing.npy", "materials.npy"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_npz_with_two_members_of_one_name(tmp_path, name):
    path = tmp_path / "volume.npz"
    np.savez(path, labels=np.zeros((2, 2, 2), np.uint8), spacing=np.ones(3), materials=["air"])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, archive.read("spacing.npy"))
    member = name.removesuffix(".npy")
    with pytest.raises(FormatError, match=rf"volume\.npz: .*'{member}' is there twice"):
        read_volume(path)


def test_npz_that_claims_more_than_memory(tmp_path):
    path = tmp_path / "volume.npz"
    member = io.BytesIO()
    shape = {"descr": "|u1", "fortran_order": False, "shape": (10**6, 10**6, 10**6)}
    np.lib.format.write_array_header_1_0(member, shape)
    np.savez(path, spacing=np.ones(3))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.npy", member.getvalue() + bytes(100))
    with pytest.raises(FormatError, match="at most 268,435,456 bytes when unpacked"):
        read_volume(path)


def test_npz_cut_short_and_other_kinds(tmp_path):
    path = tmp_path / "volume.npz"
    np.savez(path, **GOOD)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FormatError, match="damaged"):
        read_volume(path)
    with pytest.raises(FormatError, match="no file is there"):
        read_volume(tmp_path / "absent.mhd")
    (tmp_path / "volume.dcm").touch()
    with pytest.raises(FormatError, match=r"\.npz, \.mhd or \.mha"):
        read_volume(tmp_path / "volume.dcm")


@pytest.mark.parametrize("name", ["", "a\0b.raw", "a\x1b[31m.raw", "..", "../x.raw", "x" * 5000])
def test_names_of_data_files_that_are_none(tmp_path, name):
    path = tmp_path / "volume.mhd"
    head = "DimSize = 2 3 4\nElementSpacing = 1 2 3\nElementType = MET_UCHAR\nElementDataFile = "
    path.write_text(f"{head}{name}\n")
    with pytest.raises(FormatError, match=r"expected its data|DataFile") as caught:
        read_volume(path)
    assert str(caught.value).isprintable()


def test_materials_that_are_no_text(tmp_path):
    materials = np.array([[2**31 - 1]], dtype=np.uint32).view("<U1")[0]
    np.savez(tmp_path / "volume.npz", **(GOOD | {"materials": materials}))
    with pytest.raises(FormatError, match="expected text in the array 'materials'"):
        read_volume(tmp_path / "volume.npz")
