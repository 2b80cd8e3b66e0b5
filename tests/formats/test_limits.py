"""Small files that unpack to much are refused before they are unpacked, in every format."""

import io
import tracemalloc
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet
import pytest

from trackscape.errors import ConfigError, FormatError
from trackscape.formats import (
    Strict,
    inspect_file,
    read_hits,
    read_provenance,
    read_settings,
    read_volume,
)
from trackscape.formats.files import ALWAYS

ROWS = 6_000_000
NAMES = ("posX", "posY", "posZ", "edep")


def zeros_in_zip(path, member, shape, dtype="<f4", *, rows=ROWS):
    """Writes an archive whose member claims `shape` and unpacks to as many zeros as `rows` need."""
    header = io.BytesIO()
    kind = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False}
    np.lib.format.write_array_header_1_0(header, kind | {"shape": shape})
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(member, "w") as file,
    ):
        file.write(header.getvalue())
        for _ in range(rows * np.dtype(dtype).itemsize // 2**20):
            file.write(bytes(2**20))


def structured_npz(path):
    zeros_in_zip(path, "arr_0.npy", (ROWS,), [(name, "<f4") for name in NAMES])


def claiming_npz(path):
    zeros_in_zip(path, "arr_0.npy", (2**60,), [(name, "<f4") for name in NAMES], rows=0)


def rows_without_bytes(path):
    zeros_in_zip(path, "arr_0.npy", (2**40,), "S0", rows=0)


def claiming_npy(path):
    header = io.BytesIO()
    kind = {"descr": [(name, "<f4") for name in NAMES], "fortran_order": False}
    np.lib.format.write_array_header_1_0(header, kind | {"shape": (2**50,)})
    path.write_bytes(header.getvalue())


def constant_parquet(path):
    column = pa.array(np.zeros(ROWS, np.float32))
    arrow_parquet.write_table(pa.table([column] * 4, names=NAMES), path, compression="zstd")


def constant_root(path):
    uproot = pytest.importorskip("uproot")
    with uproot.recreate(path, compression=uproot.LZMA(1)) as file:
        tree = file.mktree("Hits", dict.fromkeys(NAMES, "f4"))
        for _ in range(6):
            tree.extend(dict.fromkeys(NAMES, np.zeros(ROWS // 6, np.float32)))


def constant_ntuple(path):
    uproot = pytest.importorskip("uproot")
    with uproot.recreate(path, compression=uproot.ZSTD(1)) as file:
        file["Hits"] = dict.fromkeys(NAMES, np.zeros(ROWS, np.float32))


BOMBS = {
    "structured.npz": structured_npz,
    "claiming.npz": claiming_npz,
    "without_bytes.npz": rows_without_bytes,
    "claiming.npy": claiming_npy,
    "constant.parquet": constant_parquet,
    "constant.root": constant_root,
    "ntuple.root": constant_ntuple,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, name):
    path = tmp_path / name
    BOMBS[name](path)
    tracemalloc.start()
    for read in (read_hits, inspect_file):
        with pytest.raises(FormatError, match=r"at most [\d,]+ bytes when unpacked.*--max-bytes"):
            read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < ALWAYS / 2


def test_an_option_raises_the_limit(published, save_npz):
    path = save_npz(published)
    with pytest.raises(FormatError, match=r"at most 100 bytes.*allow more with --max-bytes"):
        read_hits(path, max_bytes=100)
    assert len(read_hits(path, max_bytes=10_000)) == 12


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_the_limit_holds_for_tables(published, tmp_path, suffix):
    path = tmp_path / f"hits.{suffix}"
    if suffix == "csv":
        arrow_csv.write_csv(pa.table(published), path)
    else:
        arrow_parquet.write_table(pa.table(published), path)
    assert len(read_hits(path)) == 12
    with pytest.raises(FormatError, match="at most 100 bytes when unpacked"):
        read_hits(path, max_bytes=100)


def test_compressed_hits_of_usual_size_are_read(published, save_npz, tmp_path):
    many = {name: np.tile(values, 10_000) for name, values in published.items()}
    many["eventID"] = np.repeat(np.arange(20_000), 6).astype(np.int32)
    np.savez_compressed(tmp_path / "hits.npz", **many)
    assert len(read_hits(tmp_path / "hits.npz")) == 120_000


def test_members_are_what_is_checked(tmp_path, published):
    np.savez(tmp_path / "hits.npz", **published)
    with (
        zipfile.ZipFile(tmp_path / "hits.npz", "a") as archive,
        pytest.warns(UserWarning, match="Dup"),
    ):
        archive.writestr("posX.npy", b"something else")
    with pytest.raises(FormatError, match="'posX' is there twice"):
        read_hits(tmp_path / "hits.npz")


def test_a_header_that_unpacks_to_much_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "hits.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        start = b"\x93NUMPY\x02\x00" + (2**30).to_bytes(4, "little")
        archive.writestr("arr_0.npy", start + b" " * 2**20)
    with pytest.raises(FormatError, match="header of at most 10,000 bytes"):
        read_hits(tmp_path / "hits.npz")


def test_volumes_and_provenance_are_bounded(tmp_path):
    zeros_in_zip(tmp_path / "volume.npz", "labels.npy", (700, 700, 700), "u1", rows=0)
    with (
        zipfile.ZipFile(tmp_path / "volume.npz", "a") as archive,
        archive.open("spacing.npy", "w") as file,
    ):
        np.save(file, np.ones(3))
    with pytest.raises(FormatError, match="store it without compression"):
        read_volume(tmp_path / "volume.npz")
    (tmp_path / "volume.mha").write_text(
        "DimSize = 900 900 900\nElementSpacing = 1 1 1\nElementType = MET_UCHAR\n"
        "CompressedData = True\nElementDataFile = LOCAL\n"
    )
    with pytest.raises(FormatError, match="DimSize 900 900 900 brings it to 729,000,000"):
        read_volume(tmp_path / "volume.mha")
    zeros_in_zip(tmp_path / "hits.npz", "provenance.npy", (), "<U99999999", rows=0)
    with pytest.raises(FormatError, match="array 'provenance'"):
        read_provenance(tmp_path / "hits.npz")


class _Table(Strict):
    """Settings of these tests."""

    values: list[int]


MERGED = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], k{n}: 1}}\n" for n in range(1, 9)
)
NESTED = "values: &a [" + "[" * 30 + "1" + "]" * 30 + "]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MERGED, "more than 100,000 values when references are written out"),
        ("values: &a [*a]\n", "nested more than|more than 100,000 values"),
        ("values: " + "[" * 60 + "]" * 60, "nested more than 50 times"),
        ("values: " + "[" * 50_000, "cannot be parsed"),
        ("values: [" + "1, " * 100_001 + "1]", "less than 100 kB|more than 100,000 values"),
        ("...", "cannot be parsed|got no mapping"),
        ("...\n...\n? \n...", "cannot be parsed|got no mapping"),
        (": 1", "cannot be parsed"),
        ("? [a]\n: 1", "cannot be parsed"),
        ("values: [" + "9" * 5000 + "]", "cannot be parsed|Correct"),
        ("values: 0x" + "f" * 5000, "number of many digits"),
        ("values: !!int x", "cannot be parsed"),
        ("values: 2001-99-99", "cannot be parsed"),
        ("values: [1]\nk\x85\u202e\n: 1", "cannot be parsed"),
        ("[red]a\\nb: 1", "cannot be parsed"),
        (
            '? "a\\n\\e[31m' + "b" * 5000 + '"\n: 1\nvalues: [1]',
            r"unknown key a\\n\\x1b\[31mb.*5,00",
        ),
    ],
)
def test_settings_from_anywhere_give_one_bounded_sentence(tmp_path, text, message):
    path = tmp_path / "table.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_settings(path, _Table, described_in="here")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 2000


def test_references_in_settings_are_read(tmp_path):
    (tmp_path / "table.yaml").write_text("values: [&one 1, *one, 2]\n")
    table = read_settings(tmp_path / "table.yaml", _Table, described_in="here")
    assert table.values == [1, 1, 2]
