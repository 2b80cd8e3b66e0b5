"""Images in files: what was written is read, damaged and hostile files are refused."""

import gzip
import sys

import numpy as np
import pytest

from trackscape.errors import FormatError, MissingPackageError
from trackscape.imaging.image import Image
from trackscape.imaging.image_files import picture_beside, read_image, write_image

SHAPE = (5, 2, 3)
KINDS = [
    "rsp.mhd",
    "rsp.npz",
    pytest.param("rsp.nii", id="nii"),
    pytest.param("rsp.nii.gz", id="gz"),
]


def make_image(*, error: bool = True) -> Image:
    value = np.arange(30, dtype=np.float32).reshape(SHAPE) / 7
    spread = value[::-1] / 100 if error else None
    return Image(
        value=value,
        spacing=(1.0, 20.0, 0.5),
        origin=(-2.0, -10.0, -0.25),
        error=spread,
        replicates=np.stack([value, value + 1]) if error else None,
    )


def assert_same(found: Image, image: Image) -> None:
    assert found.value.dtype == np.float32
    assert np.array_equal(found.value, image.value)
    assert found.spacing == pytest.approx(image.spacing)
    assert found.origin == pytest.approx(image.origin)
    assert (found.error is None) == (image.error is None)
    assert (found.replicates is None) == (image.replicates is None)
    if found.error is not None:
        assert np.array_equal(found.error, image.error)
        assert np.array_equal(found.replicates, image.replicates)


def need(name: str) -> None:
    if ".nii" in name:
        pytest.importorskip("nibabel")


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("error", [True, False])
def test_what_was_written_is_read(tmp_path, name, error):
    need(name)
    image = make_image(error=error)
    written = write_image(image, tmp_path / name)
    assert sorted(written) == sorted(tmp_path.iterdir())
    assert_same(read_image(tmp_path / name), image)


@pytest.mark.parametrize("name", KINDS)
def test_the_same_image_gives_the_same_bytes(tmp_path, name):
    need(name)
    first = {path.name: path.read_bytes() for path in write_image(make_image(), tmp_path / name)}
    again = {path.name: path.read_bytes() for path in write_image(make_image(), tmp_path / name)}
    assert first == again


@pytest.mark.parametrize("name", KINDS)
def test_an_old_error_does_not_outlive_its_image(tmp_path, name):
    need(name)
    write_image(make_image(), tmp_path / name)
    write_image(make_image(error=False), tmp_path / name)
    assert_same(read_image(tmp_path / name), make_image(error=False))
    assert len(list(tmp_path.iterdir())) == (2 if name.endswith(".mhd") else 1)


def test_the_header_and_the_order_of_the_voxels(tmp_path):
    image = make_image()
    write_image(image, tmp_path / "rsp.mhd")
    assert (tmp_path / "rsp.mhd").read_text("ascii") == (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
        "CompressedData = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = -2 -10 -0.25\n"
        "CenterOfRotation = 0 0 0\nElementSpacing = 1 20 0.5\nDimSize = 5 2 3\n"
        "ElementType = MET_FLOAT\nElementDataFile = rsp.raw\n"
    )
    raw = np.fromfile(tmp_path / "rsp.raw", dtype="<f4")
    assert np.array_equal(raw[:5], image.value[:, 0, 0])  # x runs fastest
    assert raw[5] == image.value[0, 1, 0]


def test_itk_reads_and_writes_it(tmp_path, run_itk):
    image = make_image()
    write_image(image, tmp_path / "rsp.mhd")
    run_itk(
        "image = itk.imread('rsp.mhd'); itk.imwrite(image, 'again.mhd')\n"
        "np.savez('seen.npz', a=itk.array_from_image(image), s=image.GetSpacing(), "
        "o=image.GetOrigin())"
    )
    with np.load(tmp_path / "seen.npz") as seen:
        assert np.array_equal(seen["a"], image.value.transpose(2, 1, 0))
        assert tuple(seen["s"]) == image.spacing
        assert tuple(seen["o"]) == image.origin
    assert_same(read_image(tmp_path / "again.mhd"), make_image(error=False))
    ours, theirs = ((tmp_path / name).read_text("ascii") for name in ("rsp.mhd", "again.mhd"))
    keys = {line.split(" = ")[0] for line in ours.splitlines()}  # it adds some for itself
    kept = [line for line in theirs.splitlines() if line.split(" = ")[0] in keys]
    assert ours.splitlines() == [line.replace("again.raw", "rsp.raw") for line in kept]


def test_nibabel_reads_the_grid(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    write_image(make_image(), tmp_path / "rsp.nii.gz")
    found = nibabel.load(tmp_path / "rsp.nii.gz")
    assert found.header.get_zooms() == pytest.approx((1.0, 20.0, 0.5))
    assert found.affine[:3, 3] == pytest.approx((-2.0, -10.0, -0.25))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("NDims", "2"),
        ("DimSize", "5 2"),
        ("DimSize", "5 2 4"),
        ("DimSize", "5 2 2"),
        ("DimSize", "0 2 3"),
        ("DimSize", "-5 -2 3"),
        ("DimSize", "100000 100000 100000"),
        ("DimSize", "1e400 2 3"),
        ("ElementSpacing", "0 1 1"),
        ("ElementSpacing", "nan 1 1"),
        ("Offset", "0 0"),
        ("Offset", "0 0 inf"),
        ("ElementType", "MET_LONG"),
        ("ElementType", "MET_DOUBLE"),
        ("ElementNumberOfChannels", "3"),
        ("TransformMatrix", "0 1 0 1 0 0 0 0 1"),
        ("CompressedData", "True"),
        ("ElementDataFile", "../rsp.raw"),
        ("ElementDataFile", "/etc/passwd"),
        ("ElementDataFile", "LIST"),
        ("ElementDataFile", "absent.raw"),
        ("BinaryDataByteOrderMSB", "True"),  # the numbers are then not finite
    ],
)
def test_a_header_that_lies_is_refused(tmp_path, key, value):
    image = make_image(error=False)
    if key.startswith("BinaryDataByteOrder"):
        image = image.like(np.full(SHAPE, np.frombuffer(b"\x7f\x80\x00\x01", "<f4")[0]))
    path = tmp_path / "rsp.mhd"
    write_image(image, path)
    lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{key} =")]
    path.write_text("\n".join([*lines[:-1], f"{key} = {value}", lines[-1], ""]))
    if key == "ElementDataFile":
        path.write_text("\n".join([*lines, f"{key} = {value}", ""]))
    with pytest.raises(FormatError, match=r"rsp.mhd|rsp.raw"):
        read_image(path)


def test_a_header_without_data_or_end_is_refused(tmp_path):
    write_image(make_image(error=False), tmp_path / "rsp.mhd")
    for content in (b"", b"\xff\xfe", b"ObjectType = Image\n", b"NDims = 3\n" * 100_000):
        (tmp_path / "rsp.mhd").write_bytes(content)
        with pytest.raises(FormatError, match=r"rsp.mhd"):
            read_image(tmp_path / "rsp.mhd")


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_was_cut_short_is_refused(tmp_path, name):
    need(name)
    path = max(
        write_image(make_image(error=False), tmp_path / name), key=lambda p: p.stat().st_size
    )
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FormatError, match=r"rsp"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_voxel_that_is_no_number_is_refused(tmp_path, name, wrong):
    need(name)
    image = make_image()
    image.value[1, 0, 2] = wrong
    write_image(image, tmp_path / name)
    with pytest.raises(FormatError, match=r"finite.*\[1, 0, 2\]"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("part", ["error", "replicates"])
def test_errors_on_another_grid_are_refused(tmp_path, name, part):
    need(name)
    image = make_image()
    for other in (
        image.like(image.value[1:], image.value[1:], image.replicates[:, 1:]),
        Image(**vars(image) | {"spacing": (2.0, 20.0, 0.5)}),
    ):
        if name.endswith(".npz"):
            whole = vars(image) | {part: other.replicates[..., :2]}
            np.savez(tmp_path / name, **whole)
        else:
            write_image(other, tmp_path / name)
            beside = [path for path in tmp_path.iterdir() if part in path.name]
            content = {path: path.read_bytes() for path in beside}
            write_image(image, tmp_path / name)
            for path in beside:
                path.write_bytes(content[path])
        with pytest.raises(FormatError, match=part):
            read_image(tmp_path / name)


@pytest.mark.parametrize("name", ["rsp", "rsp.txt", "rsp.mha", "rsp.gz", "rsp.dcm"])
def test_other_kinds_are_refused(tmp_path, name):
    for call in (lambda path: write_image(make_image(), path), read_image):
        with pytest.raises(FormatError, match=r"\.mhd, \.npz, \.nii, \.nii\.gz"):
            call(tmp_path / name)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_is_not_there(tmp_path, name):
    need(name)
    with pytest.raises(FormatError, match=r"rsp"):
        read_image(tmp_path / name)


def test_names_that_a_header_cannot_hold(tmp_path):
    with pytest.raises(FormatError, match=r"plain letters"):
        write_image(make_image(), tmp_path / "Bildfläche.mhd")
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_none(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FormatError, match=r"expected a place"):
        write_image(make_image(), tmp_path / "file" / "rsp.mhd")


def test_a_bomb_is_not_unpacked(tmp_path):
    pytest.importorskip("nibabel")
    write_image(make_image(error=False), tmp_path / "rsp.nii")
    content = (tmp_path / "rsp.nii").read_bytes() + bytes(2**28)
    (tmp_path / "rsp.nii.gz").write_bytes(gzip.compress(content, 1))
    with pytest.raises(FormatError, match=r"at most"):
        read_image(tmp_path / "rsp.nii.gz")


def test_nifti_with_axes_that_are_turned(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    turned = np.eye(4)[[1, 0, 2, 3]]
    nibabel.Nifti1Image(np.zeros((2, 2, 2), np.float32), turned).to_filename(tmp_path / "rsp.nii")
    with pytest.raises(FormatError, match=r"axes along x, y and z"):
        read_image(tmp_path / "rsp.nii")


def test_nifti_without_nibabel(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nibabel", None)
    for call in (lambda path: write_image(make_image(), path), read_image):
        with pytest.raises(MissingPackageError, match=r"pip install nibabel"):
            call(tmp_path / "rsp.nii")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.b.mhd", "a.b.npz", "a.b.nii", "a.b.nii.gz", "a.b.MHD"])
def test_a_picture_has_the_name_of_its_image(name, tmp_path):
    assert picture_beside(tmp_path / name) == tmp_path / "a.b.png"
