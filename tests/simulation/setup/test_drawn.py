"""Drawn phantoms, their stopping powers, and their files."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from trackscape.errors import ConfigError
from trackscape.simulation import (
    Phantom,
    parse_phantom,
    read_phantom,
    relative_stopping_power,
    rsp_image,
    shipped_materials,
    write_phantom,
)
from trackscape.simulation.physics.stopping import csda_range
from trackscape.simulation.record import make_setup
from trackscape.simulation.setup.drawn import LINE_PAIRS
from trackscape.simulation.setup.scan import digest_phantom
from trackscape.simulation.transport.engine import simulate_fast

CYLINDER = """
radius: 75
height: 30
material: epoxy
voxel: 0.5
inserts:
  - {name: left, centre: [-40, 0], radius: 10, material: pmma}
  - {name: own, centre: [0, 40], radius: 8, material: heavy}
materials:
  heavy: {density: 3.0, elements: {H: 0.2, C: 0.8}, reference: PE}
"""


@pytest.fixture
def write(tmp_path):
    def cylinder(text: str = CYLINDER) -> str:
        path = tmp_path / "drawn.yaml"
        path.write_text(text)
        return str(path)

    return cylinder


@pytest.mark.parametrize(
    ("name", "energy", "expected"),
    [
        ("epoxy", 190, 1.1408),
        ("polystyrene", 190, 1.0424),
        ("ldpe", 190, 1.0013),
        ("pmp", 190, 0.8860),
        ("pmma", 190, 1.1636),
        ("delrin", 190, 1.3548),
        ("teflon", 190, 1.8475),
        ("epoxy", 230, 1.1404),
        ("epoxy", 50, 1.1436),
        ("teflon", 100, 1.8434),
        ("water", 190, 1.0),
    ],
)
def test_stopping_powers_relative_to_water_of_78_ev(name, energy, expected):
    found = relative_stopping_power(shipped_materials()[name], energy)
    assert found == pytest.approx(expected, abs=6e-5)


def test_a_proton_through_150_mm_of_epoxy_loses_as_much_as_in_171_mm_of_water(write):
    plain = CYLINDER[: CYLINDER.index("inserts")]
    setup = make_setup(phantom=write(plain), beam="spread=0,spot=0,divergence=0")
    chunks = list(simulate_fast(setup, 400, 1))
    rows = np.concatenate([chunk.primaries for chunk in chunks])
    rows = rows[rows["out_ekin"] > 0]
    assert len(rows) > 300
    water = shipped_materials()["water"]
    ranges = [
        csda_range(water, torch.from_numpy(rows[f"{face}_ekin"].astype(float)))
        for face in ("in", "out")
    ]
    # 10 mm to the cm; mean stopping power from 230 to 145 MeV, about that at 190.
    wet = 10 * float((ranges[0] - ranges[1]).median())
    assert wet == pytest.approx(150 * 1.1408, abs=0.5)


def test_the_true_image_of_ctp404_shows_each_insert_as_it_is():
    phantom = parse_phantom("ctp404", angle=1.0)
    assert len(phantom.inserts) == 12
    assert len({insert.name for insert in phantom.inserts}) == 12
    edges = np.arange(-90.0, 90.5, 1.0)
    image = rsp_image(phantom, (edges, np.array([-10.0, 10.0]), edges))
    assert image.shape == (180, 1, 180)
    middle = 0.5 * (edges[:-1] + edges[1:])
    x, z = np.meshgrid(middle, middle, indexing="ij")
    for insert in phantom.inserts:
        inside = np.hypot(x - insert.x, z - insert.z) < insert.radius - 1.0
        expected = relative_stopping_power(insert.material)
        assert image[:, 0][inside] == pytest.approx(expected), insert.name
    around = np.hypot(x, z)
    assert image[:, 0][(around > 25) & (around < 30) & (abs(x) < 10)] == pytest.approx(
        1.14080, abs=5e-5
    )
    assert image[:, 0][around > 77] == pytest.approx(
        relative_stopping_power(shipped_materials()["air"])
    )


def test_voxels_of_any_size_hold_as_much_stopping_power():
    phantom = parse_phantom("head")
    whole = [np.array([-100.0, 100.0])] * 3
    fine = [np.linspace(-100, 100, n + 1) for n in (31, 7, 50)]
    total = rsp_image(phantom, (whole[0], whole[1], whole[2]), energy=100)
    parts = rsp_image(phantom, (fine[0], fine[1], fine[2]), energy=100)
    assert parts.mean() == pytest.approx(float(total[0, 0, 0]), rel=1e-12)


def test_a_cylinder_has_its_inserts_in_place(write):
    phantom = parse_phantom(write(), angle=0.25)
    assert (phantom.name, phantom.angle) == ("drawn", 0.25)
    assert phantom.labels.shape == (300, 1, 300)
    names = [material.name for material in phantom.materials]
    assert names == ["air", "epoxy", "pmma", "heavy"]
    boxes = np.bincount(phantom.labels.ravel()) * 0.25
    expected = [150**2 - math.pi * 75**2, math.pi * (75**2 - 164), math.pi * 100, math.pi * 64]
    assert boxes == pytest.approx(expected, rel=0.01)
    assert names[phantom.labels[70, 0, 150]] == "pmma"  # x = -40
    assert names[phantom.labels[150, 0, 230]] == "heavy"  # z = 40


def test_line_pairs_are_as_wide_as_their_gaps():
    phantom = parse_phantom("line-pairs")
    bars = [material.name for material in phantom.materials].index("aluminium")
    middle = 0.5 * (phantom.edges[0][:-1] + phantom.edges[0][1:])
    x, z = np.meshgrid(middle, middle, indexing="ij")
    for frequency, (at_x, at_z) in LINE_PAIRS.items():
        near = np.hypot(x - at_x, z - at_z) < 20
        area = 0.25**2 * (near & (phantom.labels[:, 0] == bars)).sum()
        assert area == pytest.approx(4 * 10 * 5 / frequency, rel=0.06)
    # The third group is at x = -47.5: its bars follow each other along z.
    column = phantom.labels[int((75 - 47.5) / 0.25), 0, :] == bars
    assert np.abs(np.diff(column.astype(int))).sum() == 8


def test_the_head_is_symmetric_but_for_the_tumour():
    labels = parse_phantom("head").labels
    assert labels.shape == (72, 50, 90)
    differ = (labels != labels[::-1]).sum() / 2
    assert differ * 8 == pytest.approx(4 / 3 * math.pi * 12**3, rel=0.1)


@pytest.mark.parametrize("name", ["ctp404", "head", "line-pairs", "wedge", "water:100", "own"])
def test_a_written_phantom_is_read_as_it_was(name, write, tmp_path):
    phantom = parse_phantom(write() if name == "own" else name, angle=1.0)
    write_phantom(phantom, tmp_path / "written.npz")
    again = read_phantom(tmp_path / "written.npz")
    assert digest_phantom(again) == digest_phantom(phantom)
    assert again.inserts == phantom.inserts
    assert again.angle == 0
    first = (tmp_path / "written.npz").read_bytes(), (tmp_path / "written.yaml").read_bytes()
    write_phantom(again, tmp_path / "again.npz")
    second = (tmp_path / "again.npz").read_bytes(), (tmp_path / "again.yaml").read_bytes()
    assert first == second


def test_the_digest_tells_phantoms_apart():
    phantom = parse_phantom("head")
    other = phantom.labels.copy()
    other[0, 0, 0] = 1
    edges = (phantom.edges[0] + 1e-3, *phantom.edges[1:])
    heavier = dataclasses.replace(phantom.materials[1], density=1.07)
    changed = [
        dataclasses.replace(phantom, labels=other),
        dataclasses.replace(phantom, edges=edges),
        dataclasses.replace(
            phantom, materials=(phantom.materials[0], heavier, *phantom.materials[2:])
        ),
    ]
    assert len({digest_phantom(each) for each in [phantom, *changed]}) == 4
    turned = dataclasses.replace(phantom, angle=1.0, name="another")
    assert digest_phantom(turned) == digest_phantom(phantom)


def test_what_a_voxel_file_cannot_hold_is_told(tmp_path):
    water, air = (shipped_materials()[name] for name in ("water", "air"))
    labels = np.zeros((2, 1, 1), dtype=np.uint8)
    steps = (np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    even = (np.array([0.0, 1.0, 2.0]), *steps[1:])
    for phantom in (
        Phantom("steps", labels, (water,), steps),
        Phantom("twins", labels, (water, dataclasses.replace(air, name="water")), even),
    ):
        with pytest.raises(ConfigError, match=f"phantom {phantom.name}"):
            write_phantom(phantom, tmp_path / "written.npz")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: own", "name: left", "different names"),
        ("[-40, 0]", "[-70, 0]", "left reaches beyond"),
        ("[-40, 0]", "[-40, 0, 1]", "inserts.0.centre"),
        ("material: pmma", "material: butter", "butter"),
        ("voxel: 0.5", "voxel: 0.001", "150,000"),
        ("radius: 75", "radius: .inf", "radius"),
        ("voxel: 0.5", "voxels: 0.5", "unknown key voxels"),
    ],
)
def test_a_wrong_cylinder_is_told(write, old, new, message):
    with pytest.raises(ConfigError, match=message):
        parse_phantom(write(CYLINDER.replace(old, new, 1)))
