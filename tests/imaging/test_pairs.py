"""Proton pairs: exact layout, round trips, damaged files, and the images that they give."""

import numpy as np
import pytest
import torch

from trackscape.errors import DataError, FormatError
from trackscape.imaging.binning import Bins, bin_protons
from trackscape.imaging.hull import Cylinder
from trackscape.imaging.image import Grid
from trackscape.imaging.pair_binning import bin_pairs, pair_optics
from trackscape.imaging.pairs import (
    Pairs,
    make_pairs,
    read_pairs,
    write_pairs,
    write_scan_pairs,
)
from trackscape.imaging.path_table import PathTable
from trackscape.imaging.paths import Optics, path_weights
from trackscape.imaging.protons import PathModel, Protons
from trackscape.imaging.rtk_geometry import read_geometry
from trackscape.simulation import Beam

GEOMETRY = PathModel.of(Optics(stopping=1.12), Cylinder(75.0))
ANGLE = 0.4


def make_protons(n: int = 400, *, seed: int = 0) -> Protons:
    random = np.random.default_rng(seed)
    spot = np.stack([random.uniform(-70, 70, n), np.zeros(n)], axis=1)
    slope = spot / 6600 + random.normal(0, 0.015, (n, 2))
    place = spot * (1 + 225 / 6600) + random.normal(0, 4, (n, 2))
    half = np.sqrt(75**2 - spot[:, 0] ** 2)
    return Protons(
        angle=ANGLE,
        known=np.stack([spot, place, slope], axis=2),
        entrance=-half,
        exit=half,
        wepl=2 * half + random.normal(0, 4, n),
        weight=np.ones(n),
        sd=np.full(n, 4.5),
        group=np.zeros(n, dtype=np.int64),
        row=np.arange(n),
    )


def make() -> Pairs:
    return make_pairs(make_protons(), GEOMETRY)


def test_layout_of_the_file(tmp_path):
    pairs = make()
    written = write_pairs(pairs, tmp_path / "pairs0000.mhd")
    assert [path.name for path in written] == ["pairs0000.mhd", "pairs0000.raw"]
    assert (tmp_path / "pairs0000.mhd").read_text("ascii") == (
        "ObjectType = Image\nNDims = 2\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
        "CompressedData = False\nTransformMatrix = 1 0 0 1\nOffset = 0 0\n"
        "CenterOfRotation = 0 0\nElementSpacing = 1 1\nDimSize = 5 400\n"
        "ElementNumberOfChannels = 3\nElementType = MET_FLOAT\nElementDataFile = pairs0000.raw\n"
    )
    raw = np.fromfile(tmp_path / "pairs0000.raw", dtype="<f4").reshape(-1, 5, 3)
    assert np.array_equal(raw, pairs.rows)


def test_what_the_vectors_say():
    protons, pairs = make_protons(), make()
    rows = pairs.rows
    assert pairs.planes == (-110, 110)
    assert np.allclose(np.linalg.norm(rows[:, 2:4], axis=2), 1, atol=1e-6)
    assert (rows[:, 2:4, 2] > 0).all()
    assert (rows[:, 4, 0] == 0).all()
    assert np.array_equal(rows[:, 4, 1], protons.wepl.astype(np.float32))
    assert np.array_equal(pairs.track, protons.row)
    rear = pairs.rear  # goes through what was measured
    at = rear[:, :, 0] + rear[:, :, 1] * GEOMETRY.optics.rear
    assert np.allclose(at, protons.known[:, :, 1], atol=1e-3)
    assert np.allclose(rear[:, :, 1], protons.known[:, :, 2], atol=1e-6)
    # The line before the object meets the most likely path where that enters it.
    start, end = (torch.from_numpy(z) for z in (protons.entrance, protons.exit))
    paths = path_weights(start, start, end, optics=GEOMETRY.optics, moments=GEOMETRY.moments)
    entrance = (paths.weight.numpy()[:, None] * protons.known).sum(axis=2)
    front = pairs.front
    assert np.allclose(
        front[:, :, 0] + front[:, :, 1] * protons.entrance[:, None], entrance, atol=1e-3
    )


def test_reading_and_writing_keeps_every_byte(tmp_path):
    rows = np.concatenate([make().rows, np.full((400, 1, 3), 7, np.float32)], axis=1)
    for number, pairs in enumerate((make(), Pairs(rows))):
        first, again = (tmp_path / f"{name}{number}.mhd" for name in ("first", "again"))
        write_pairs(pairs, first)
        write_pairs(read_pairs(first), again)
        raw = first.with_suffix(".raw").read_bytes()
        assert raw == again.with_suffix(".raw").read_bytes()
        assert len(raw) == 400 * (5 + number) * 12
        assert first.read_text() == again.read_text().replace("again", "first")


def test_itk_reads_the_layout(tmp_path, run_itk):
    pairs = make()
    write_pairs(pairs, tmp_path / "pairs.mhd")
    run_itk("np.save('seen.npy', itk.array_from_image(itk.imread('pairs.mhd')))")
    seen = np.load(tmp_path / "seen.npy")
    assert seen.dtype == np.float32
    assert np.array_equal(seen, pairs.rows)


def test_astra_takes_the_mean_of_pairs(tmp_path):
    """Three lines from pairs to a sinogram of astra's; it holds what was binned."""
    astra = pytest.importorskip("astra")
    write_pairs(make(), tmp_path / "pairs.mhd")
    pairs = read_pairs(tmp_path / "pairs.mhd")
    place = (pairs.front[:, 0, 0] + pairs.rear[:, 0, 0]) / 2
    total = np.histogram(place, 30, (-90, 90), weights=pairs.wepl)[0]
    count = np.histogram(place, 30, (-90, 90))[0]
    shape = astra.create_proj_geom("parallel", 6.0, 30, np.array([ANGLE]))
    number = astra.data2d.create("-sino", shape, (total / np.maximum(count, 1))[None])
    seen = astra.data2d.get(number)[0]
    astra.data2d.delete(number)
    u = np.arange(-87, 90, 6)
    inside = np.abs(u) < 40
    assert np.allclose(seen[inside], 2 * np.sqrt(75**2 - u[inside] ** 2), atol=8)


def test_a_folder_of_a_scan(tmp_path):
    parts = [make_protons(seed=seed) for seed in range(3)]
    written = write_scan_pairs(parts, GEOMETRY, tmp_path)
    assert sorted(written) == sorted(tmp_path.iterdir())
    assert written[2].name == "pairs0001.mhd"
    geometry = read_geometry(tmp_path / "geometry.xml")
    assert np.allclose(geometry.angles, ANGLE)
    assert (geometry.source, geometry.detector) == (6600, 6710)
    with pytest.raises(DataError, match="at least one angle"):
        write_scan_pairs([], GEOMETRY, tmp_path)


def test_energies_become_wepl():
    rows = make().rows[:3].copy()
    rows[:, 4, :2] = [[230, 100], [230, 200], [200, 150]]
    ranges = {100: 77.2, 150: 157.6, 200: 259.4, 230: 329.1}  # NIST PSTAR, mm
    expected = [ranges[230] - ranges[100], ranges[230] - ranges[200], ranges[200] - ranges[150]]
    assert Pairs(rows).wepl == pytest.approx(expected, rel=0.01)
    rows[1, 4, :2] = [0, 33]
    assert Pairs(rows).wepl[1] == 33


def test_planes_must_be_outside_of_the_object():
    for planes in ((-50.0, 110.0), (-110.0, 50.0), (110.0, -110.0)):
        with pytest.raises(DataError, match="planes before and behind"):
            make_pairs(make_protons(), GEOMETRY, planes=planes)
    with pytest.raises(DataError, match="protons"):
        make_pairs(make_protons(0), GEOMETRY)


def test_other_names_are_refused(tmp_path):
    with pytest.raises(FormatError, match=r"ends with \.mhd"):
        write_pairs(make(), tmp_path / "pairs.npz")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ((7, 0, 2), -109, "one plane"),
        ((7, 1, 0), np.nan, "finite"),
        ((7, 4, 1), np.inf, "finite"),
        ((7, 2, 2), -1, "directions"),
        ((7, 3, 0), 0.9, "directions"),
        ((7, 4, 0), -3, "energies"),
        ((slice(None), 1, 2), -110, "one plane"),
    ],
)
def test_impossible_pairs_are_refused(tmp_path, place, value, message):
    pairs = make()
    pairs.rows[place] = value
    write_pairs(pairs, tmp_path / "pairs.mhd")
    with pytest.raises(FormatError, match=rf"pairs.mhd.*{message}"):
        read_pairs(tmp_path / "pairs.mhd")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DimSize", "5 401"),
        ("DimSize", "5 399"),
        ("DimSize", "4 500"),
        ("DimSize", "5 400 1"),
        ("NDims", "3"),
        ("DimSize", "5 1000000000"),
        ("ElementNumberOfChannels", "1"),
        ("ElementType", "MET_DOUBLE"),
    ],
)
def test_headers_that_lie_are_refused(tmp_path, key, value):
    path = tmp_path / "pairs.mhd"
    write_pairs(make(), path)
    lines = path.read_text().splitlines()
    lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in lines]
    path.write_text("\n".join([*lines, ""]))
    with pytest.raises(FormatError, match=r"pairs\.(mhd|raw)"):
        read_pairs(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FormatError, match=r"absent\.mhd"):
        read_pairs(tmp_path / "absent.mhd")


def test_paths_between_lines_are_those_that_the_lines_came_from(tmp_path):
    """Our pairs, read back, lie in the same bins, since both lines hold all that was known."""
    protons = make_protons(3000)
    bins = Bins.for_grid(Grid(voxel=3.0))
    grouped = bin_protons(protons, PathTable(GEOMETRY, bins.z, from_magnet=True), bins)
    ours = grouped._replace(total=grouped.total[0], weight=grouped.weight[0])
    pairs = make_pairs(protons, GEOMETRY)
    # The front line is known exactly, the rear one as the trackers know it.
    optics = Optics(beam=Beam(spot_size=1e-3, divergence=1e-5, source=-110.0), stopping=1.12)
    there = bin_pairs(pairs, GEOMETRY._replace(optics=optics), bins, angle=ANGLE, cut=False)
    assert there.angle == ANGLE
    assert there.weight.sum() == pytest.approx(ours.weight.sum(), rel=0.002)
    moved = np.abs(there.weight - ours.weight).sum() / ours.weight.sum()
    assert moved < 0.01  # some cross a border of two bins for a rounding of their entrance
    close = bin_pairs(
        pairs, GEOMETRY._replace(optics=pair_optics(pairs)), bins, angle=ANGLE, cut=False
    )
    assert np.abs(close.weight - ours.weight).sum() / ours.weight.sum() < 0.06


def test_straight_protons_stay_straight():
    random = np.random.default_rng(0)
    rows = np.zeros((500, 5, 3), np.float32)
    slope = random.normal(0, 0.01, (500, 2))
    place = random.uniform(-60, 60, (500, 2)) * [1, 0.1]
    for side, z in enumerate((-110, 110)):
        rows[:, side] = np.column_stack([place + slope * z, np.full(500, z)])
        length = np.sqrt(1 + (slope**2).sum(axis=1))[:, None]
        rows[:, 2 + side] = np.column_stack([slope, np.ones(500)]) / length
    rows[:, 4, 1] = 100
    pairs, bins = Pairs(rows), Bins(3, 60, 40, 10.0, 3.0, 4.0)
    geometry = PathModel.of(pair_optics(pairs), Cylinder(75.0))
    found = bin_pairs(pairs, geometry, bins, angle=0.0, cut=False)
    for plane in (0, 17, 39):
        z = bins.z[plane]
        at = (place + slope * z) * 6600 / (6600 + z)
        expected = np.histogram2d(at[:, 1], at[:, 0], [3, 60], [(-15, 15), (-90, 90)])[0]
        assert np.abs(found.weight[:, :, plane] - expected).sum() <= 2
        assert found.total[:, :, plane] == pytest.approx(100 * found.weight[:, :, plane])


def test_cuts_leave_out_who_differs_from_the_neighbours():
    pairs = make_pairs(make_protons(2000), GEOMETRY)
    pairs.rows[5, 4, 1] += 150
    bins = Bins.for_grid(Grid(voxel=3.0))
    geometry = GEOMETRY._replace(optics=pair_optics(pairs))
    every, kept = (
        bin_pairs(pairs, geometry, bins, angle=0.0, cut=cut).weight[0, :, 45].sum()
        for cut in (False, True)
    )
    assert 0.9 * every < kept < every
