"""Volumes and places of the phantoms, and phantoms from files."""

import math
from collections.abc import Callable
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
import yaml
from hypothesis import given

from trackscape.errors import ConfigError, FormatError
from trackscape.simulation import parse_phantom, read_phantom, shipped_materials
from trackscape.simulation.setup.phantom import (
    INSERTS,
    Phantom,
    check_fits,
    ctp404,
    no_phantom,
    stepped_wedge,
)


def volume_of(phantom: Phantom, name: str) -> float:
    """Returns the volume of a material in mm3."""
    x, y, z = (np.diff(edges) for edges in phantom.edges)
    label = [material.name for material in phantom.materials].index(name)
    return float(np.einsum("i,j,k,ijk->", x, y, z, phantom.labels == label))


def material_at(phantom: Phantom, *point: float) -> str:
    at = tuple(
        int(np.searchsorted(edges, value)) - 1
        for edges, value in zip(phantom.edges, point, strict=True)
    )
    return phantom.materials[phantom.labels[at]].name


def test_a_box_of_water():
    box = parse_phantom("water:100")
    assert volume_of(box, "water") == pytest.approx(400 * 400 * 100)
    assert box.depth == (-50, 50)
    assert box.materials[0].excitation_energy == 78


def test_nothing_is_a_millimetre_of_air():
    assert no_phantom().depth == (-0.5, 0.5)
    assert [material.name for material in no_phantom().materials] == ["air"]


def test_wedge_gets_thicker_step_by_step():
    wedge = stepped_wedge(steps=10, depth=300, width=200, height=160)
    thickness = 30.0 * (wedge.labels[:, 0, :] == 1).sum(axis=1)
    assert thickness.tolist() == [30.0 * step for step in range(1, 11)]
    assert (wedge.labels[:, 0, -1] == 1).all()  # flat behind
    assert wedge.depth == (-150, 150)
    assert volume_of(wedge, "water") == pytest.approx(200 * 160 * 300 * 11 / 20)


def test_ctp404_has_its_volumes():
    phantom = ctp404()
    insert, rod = math.pi * 6.1**2 * 25, math.pi * 1.5**2 * 25
    spheres = sum(4 / 3 * math.pi * radius**3 for radius in range(1, 6))
    for name in ("polystyrene", "ldpe", "pmp", "delrin"):
        assert volume_of(phantom, name) == pytest.approx(insert, rel=0.015), name
    assert volume_of(phantom, "teflon") == pytest.approx(insert + rod, rel=0.02)
    assert volume_of(phantom, "pmma") == pytest.approx(insert + spheres, rel=0.015)
    cylinder = math.pi * 75**2 * 25
    rest = 8 * insert + 4 * rod + spheres
    assert volume_of(phantom, "epoxy") == pytest.approx(cylinder - rest, rel=1e-3)


def test_ctp404_has_its_inserts_in_place():
    phantom = ctp404()
    for direction, name in INSERTS.items():
        x, z = 58.5 * math.cos(math.radians(direction)), 58.5 * math.sin(math.radians(direction))
        for y in (-12.4, 0.1, 12.4):
            assert material_at(phantom, x, y, z) == name
    assert material_at(phantom, 0.1, 0.1, 0.1) == "epoxy"
    assert material_at(phantom, 74.0, 0.1, 74.0) == "air"
    assert material_at(phantom, -15.0, 4.9, 0.1) == "pmma"
    assert material_at(phantom, -15.0, 5.1, 0.1) == "epoxy"
    assert material_at(phantom, -25.0, 0.1, -25.0) == "teflon"
    assert material_at(phantom, 25.0, 0.1, -25.0) == "air"


def test_coarse_voxels_fill_the_same_cylinder():
    phantom = ctp404(voxel=4.0)
    assert [edges[-1] - edges[0] for edges in phantom.edges] == pytest.approx([150, 25, 150])
    for voxel in (0.01, 20.0, math.nan):
        with pytest.raises(ConfigError, match="ctp404: expected voxels"):
            ctp404(voxel)


@given(st.floats(-10, 10), st.floats(1, 300))
def test_a_turned_box_reaches_as_far_as_its_corners(angle, thickness):
    box = parse_phantom(f"water:{thickness!r}", angle=angle)
    reach = abs(thickness / 2 * math.cos(angle)) + abs(200 * math.sin(angle))
    assert box.depth == pytest.approx((-reach, reach))


def test_a_phantom_off_the_axis_turns_about_the_isocentre():
    labels = np.zeros((1, 1, 1), dtype=np.uint8)
    water = (shipped_materials()["water"],)
    edges = (np.array([50.0, 60.0]), np.array([-1.0, 1.0]), np.array([0.0, 2.0]))
    assert Phantom("side", labels, water, edges, 0.0).depth == (0, 2)
    # R_y turns x towards -z.
    turned = Phantom("side", labels, water, edges, math.pi / 2)
    assert turned.depth == pytest.approx((-60, -50))


def test_phantoms_must_fit_between_source_and_detector():
    check_fits(parse_phantom("water:200"), source=-500, front=225)
    with pytest.raises(ConfigError, match="-250 to 250 mm"):
        check_fits(parse_phantom("water:500"), source=-500, front=225)
    with pytest.raises(ConfigError, match="source at z = -90"):
        check_fits(parse_phantom("water:200"), source=-90, front=225)
    with pytest.raises(ConfigError, match="at 45 degrees"):
        check_fits(parse_phantom("water:200", angle=math.pi / 4), source=-500, front=200)


def test_words_of_the_command_line():
    assert parse_phantom("none").depth == (-0.5, 0.5)
    assert parse_phantom("wedge", angle=0.1).angle == 0.1
    assert parse_phantom("ctp404").labels.shape == (300, 50, 300)
    assert parse_phantom("water-75:250").materials[0].excitation_energy == 75
    assert parse_phantom("aluminium:1.5").depth == (-0.75, 0.75)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("watr", "none, wedge, ctp404"),
        ("watr:100", "did you mean 'water'"),
        ("water:", "thickness in mm behind the colon, got ''"),
        ("water:ten", "'ten'"),
        ("water:0", "more than 0 mm"),
        ("water:-3", "more than 0 mm"),
        ("water:nan", "more than 0 mm"),
        ("water:inf", "more than 0 mm"),
    ],
)
def test_impossible_words(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_phantom(text)
    with pytest.raises(FormatError, match="no file"):
        parse_phantom("absent.npz")
    with pytest.raises(ConfigError, match="angle in rad"):
        parse_phantom("none", angle=math.inf)


def test_impossible_parts():
    water = (shipped_materials()["water"],)
    labels = np.zeros((2, 1, 1), dtype=np.uint8)
    one = np.array([0.0, 1.0])
    two = np.array([0.0, 1.0, 2.0])
    Phantom("good", labels, water, (two, one, one))
    with pytest.raises(ConfigError, match="boxes between the edges"):
        Phantom("bad", labels, water, (one, one, one))
    with pytest.raises(ConfigError, match="uint8"):
        Phantom("bad", labels.astype(int), water, (two, one, one))  # pyright: ignore
    with pytest.raises(ConfigError, match="ascend"):
        Phantom("bad", labels, water, (two[::-1], one, one))
    with pytest.raises(ConfigError, match="labels below 1"):
        Phantom("bad", labels + np.uint8(1), water, (two, one, one))
    for wrong in ({"steps": 0}, {"depth": -1.0}, {"width": math.nan}):
        with pytest.raises(ConfigError, match="wedge"):
            stepped_wedge(**wrong)


# Voxel files


@pytest.fixture
def write(tmp_path) -> Callable[..., Path]:
    def write(labels, table=None, **arrays) -> Path:
        arrays = {"spacing": np.array([1.0, 2.0, 3.0])} | arrays
        np.savez(tmp_path / "head.npz", labels=labels, **arrays)
        if table is not None:
            (tmp_path / "head.yaml").write_text(yaml.safe_dump(table))
        return tmp_path / "head.npz"

    return write


def test_labels_with_names_in_the_file(write):
    labels = np.arange(24).reshape(2, 3, 4) % 3
    phantom = read_phantom(write(labels, materials=np.array(["air", "water", "pmma"])), angle=0.5)
    assert phantom.labels.tolist() == labels.tolist()
    assert [material.name for material in phantom.materials] == ["air", "water", "pmma"]
    assert phantom.angle == 0.5
    assert [edges.tolist() for edges in phantom.edges] == [
        [-1, 0, 1],
        [-3, -1, 1, 3],
        [-6, -3, 0, 3, 6],
    ]


def test_origin_is_the_middle_of_the_first_voxel(write):
    path = write(
        np.zeros((1, 1, 2), int), origin=np.array([10.0, 0.0, -3.0]), materials=np.array(["water"])
    )
    assert [edges.tolist() for edges in read_phantom(path).edges] == [
        [9.5, 10.5],
        [-1, 1],
        [-4.5, -1.5, 1.5],
    ]


def test_a_table_names_labels_and_defines_materials(write):
    table = {
        "labels": {-3: "air", 7: "foam", 1000: "air"},
        "materials": {"foam": {"density": 0.1, "elements": {"C": 1}, "reference": "C(graphite)"}},
    }
    phantom = parse_phantom(str(write(np.array([[[-3, 7, 1000]]]), table)))
    names = [phantom.materials[label].name for label in phantom.labels.ravel()]
    assert names == ["air", "foam", "air"]
    assert phantom.materials[phantom.labels[0, 0, 1]].density == 0.1


def test_bands_of_hounsfield_units_include_their_upper_limit(write):
    bands = [(-200, "air"), (40, "head-soft-tissue"), (2500, "head-enamel")]
    table = {"hounsfield": [{"up_to": limit, "material": name} for limit, name in bands]}
    values = np.array([[[-1024, -200, -199, 40, 41, 2500]]], dtype=np.int16)
    phantom = read_phantom(write(values, table))
    names = [phantom.materials[label].name for label in phantom.labels.ravel()]
    expected = ["air", "air", "head-soft-tissue", "head-soft-tissue", "head-enamel", "head-enamel"]
    assert names == expected


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"labels": {0: "air"}}, "head.npz: expected a material for every value .* but 5 has none"),
        ({"labels": {0: "air", 5: "watr"}}, "unknown material 'watr'; did you mean 'water'"),
        ({"hounsfield": [{"up_to": 4, "material": "air"}]}, "5 has none"),
        ({}, "head.yaml: expected either labels or hounsfield"),
        ({"labels": {"a": "air"}}, "head.yaml: labels.a"),
        ({"label": {0: "air"}}, "head.yaml: unknown key label; expected one of labels"),
        (
            {"hounsfield": [{"up_to": 4, "material": "air", "name": "a"}]},
            "unknown key hounsfield.0.name; expected one of up_to, material",
        ),
        (
            {"hounsfield": [{"up_to": 4, "material": "air"}, {"up_to": 3, "material": "air"}]},
            "ascend",
        ),
    ],
)
def test_tables_that_do_not_fit(write, table, message):
    with pytest.raises(ConfigError, match=message):
        read_phantom(write(np.array([[[0, 5]]]), table))


def test_volumes_that_do_not_fit(write):
    with pytest.raises(FormatError, match=r"head.yaml beside it"):
        read_phantom(write(np.zeros((1, 1, 1), int)))
    with pytest.raises(ConfigError, match="but 1 has none"):
        read_phantom(write(np.ones((1, 1, 1), int), materials=np.array(["air"])))
    for value in (10**12, -(2**60)):
        with pytest.raises(ConfigError, match="number the materials from 0"):
            read_phantom(write(np.full((1, 1, 1), value), materials=np.array(["air"])))
