"""The shipped stacks against the data made with them, and what a detector file may not say."""

from collections.abc import Callable

import numpy as np
import pytest
import yaml

from trackscape.errors import ConfigError
from trackscape.simulation import load_detector, shipped_detectors, shipped_materials
from trackscape.simulation.setup.detector_view import (
    draw_detector,
    module_table,
    tabulate_modules,
)

WATER = shipped_materials()["water-75"]


@pytest.fixture(params=shipped_detectors())
def shipped(request):
    return load_detector(request.param)


def test_variants():
    assert shipped_detectors() == ["bergen-auto", "bergen-final", "gate-2017-al3mm"]


def test_every_shipped_stack_is_without_gaps(shipped):
    edges = shipped.edges
    assert edges[0] == shipped.front
    assert (np.diff(edges) > 0).all()
    assert len(edges) == len(shipped.slabs) + 1
    layers = shipped.layer_of_slab
    assert layers[layers >= 0].tolist() == list(range(len(shipped.layer_z)))
    assert [slab.sensitive for slab in shipped.slabs] == (layers >= 0).tolist()


def test_planes_of_the_stack_of_the_geant4_files():
    detector = load_detector("bergen-auto")
    assert len(detector.layer_z) == 43
    calorimeter = 333.3815 + 5.5 * np.arange(41)
    assert np.allclose(detector.layer_z, [225.2315, 277.6315, *calorimeter], atol=1e-9)
    assert detector.edges[-1] == pytest.approx(329.8 + 41 * 5.5)
    assert (detector.width, detector.height) == (270.8, 166.3)


def test_planes_of_the_stack_with_spacer():
    detector = load_detector("bergen-final")
    calorimeter = 329.8 + 3.7365 + 5.5 * np.arange(41)
    assert np.allclose(detector.layer_z, [225.2315, 277.6315, *calorimeter], atol=1e-9)


@pytest.mark.data
def test_hits_of_the_geant4_files_lie_in_the_sensitive_slabs(shared_data):
    hits = np.load(shared_data / "geant4" / "water_150_val.npz", allow_pickle=False)["arr_0"]
    detector = load_detector("bergen-auto")
    layer = np.where(hits["level2ID"] == -1, hits["level1ID"], 2 + hits["level2ID"])
    assert np.abs(hits["posZ"] - detector.layer_z[layer]).max() < 0.0125 + 1e-4
    assert np.abs(hits["posX"]).max() <= detector.width / 2 + 1e-3
    assert np.abs(hits["posY"]).max() <= detector.height / 2 + 1e-3


@pytest.mark.data
def test_hits_of_the_gate_file_lie_in_the_sensitive_slabs(shared_data):
    path = shared_data / "gate" / "dtc_al3mm_degrader250mm_250MeV.npz"
    hits = np.load(path, allow_pickle=False)["arr_0"]
    detector = load_detector("gate-2017-al3mm")
    planes = detector.layer_z - detector.front
    assert hits["layer"].max() < len(planes)
    assert np.abs(hits["posZ"] - planes[hits["layer"]]).max() < 0.0139 / 2 + 1e-4
    # Protons cross the sensitive slab almost at right angles, so their steps are as long as it is
    # thick.
    primary = hits[(hits["parentID"] == 0) & (hits["layer"] == 0)]
    thickness = detector.slabs[0].thickness
    assert np.median(primary["stepLength"]) == pytest.approx(thickness, rel=2e-3)


@pytest.mark.parametrize(
    ("variant", "module", "mass", "lengths", "at_200", "at_100"),
    [
        ("bergen-final", "tracker 0", 0.160, 0.0047, 1.388, 1.386),
        ("bergen-auto", "calorimeter 0", 1.034, 0.0428, 8.149, 8.088),
        ("bergen-final", "calorimeter 0", 1.064, 0.0441, 8.380, 8.317),
    ],
)
def test_integrals_of_a_module(variant, module, mass, lengths, at_200, at_100):
    rows = tabulate_modules(load_detector(variant), energies=(200.0, 100.0), water=WATER)
    row = next(row for row in rows if row.name == module)
    assert row.mass_thickness == pytest.approx(mass, abs=6e-4)
    assert row.radiation_lengths == pytest.approx(lengths, abs=6e-5)
    assert row.water_equivalent == pytest.approx((at_200, at_100), rel=1e-3)


def test_the_tracker_of_the_geant4_files_has_a_cable_more():
    thin, thick = (
        tabulate_modules(load_detector(name), energies=[200.0], water=WATER)[0]
        for name in ("bergen-final", "bergen-auto")
    )
    # 0.03 mm of aluminium, 0.02 mm of Kapton and 0.005 mm of glue; a front of silicon.
    materials = shipped_materials()
    cable = [("aluminium", 0.019), ("kapton", 0.020), ("glue", 0.005), ("silicon", 0.011)]
    cable.append(("air", -0.055))
    difference = sum(materials[name].density * t / 10 for name, t in cable)
    assert thick.mass_thickness - thin.mass_thickness == pytest.approx(difference, abs=1e-9)


def test_the_table_has_a_line_for_each_module_and_the_sum(shipped):
    rows = tabulate_modules(shipped, energies=[150.0], water=WATER)
    lines = module_table(rows, energies=[150.0], water=WATER).splitlines()
    assert [row.layer for row in rows] == list(range(len(shipped.layer_z)))
    assert [row.plane for row in rows] == pytest.approx(shipped.layer_z.tolist())
    depth = shipped.edges[-1] - shipped.front
    assert sum(row.thickness for row in rows) == pytest.approx(depth)
    assert f"{depth:.3f}" in lines[len(rows) + 2]
    assert len({len(line) for line in lines[: len(rows) + 3]}) == 1


def test_the_picture_says_what_each_slab_is(shipped):
    figure = draw_detector(shipped)
    side, *strips = figure.axes
    assert side.get_aspect() == 1
    assert len(strips) == 2
    texts = [text.get_text() for strip in strips for text in strip.texts]
    assert sum("(sensitive)" in text for text in texts) == 2
    first = shipped.slabs[0]
    assert first.material.name in texts[0]
    assert f"{first.thickness:.4g} mm" in texts[0]


# Files of one's own


def settings() -> dict:
    slabs = [{"material": "aluminium", "thickness": 2.0}]
    slabs.append({"material": "silicon", "thickness": 0.05, "sensitive": True})
    module = {"name": "layer", "repeat": 3, "pitch": 3.0, "slabs": slabs}
    whole = {"name": "toy", "source": "none", "width": 100, "height": 50, "front": 10.0}
    return {**whole, "air": "air", "modules": [module]}


@pytest.fixture
def load(tmp_path) -> Callable:
    def load(content: dict | str):
        path = tmp_path / "mine.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return load_detector(path)

    return load


def test_own_stack_and_material(load):
    content = settings()
    content["materials"] = {
        "scintillator": {"density": 1.03, "elements": {"C": 0.915, "H": 0.085}, "reference": "PS"},
        "aluminium": {"density": 2.5, "elements": {"Al": 1}, "reference": "Al"},
    }
    content["modules"][0]["slabs"].insert(1, {"material": "scintillator", "thickness": 0.5})
    detector = load(content)
    names = [slab.material.name for slab in detector.slabs[:4]]
    assert names == ["aluminium", "scintillator", "silicon", "air"]
    assert detector.slabs[0].material.density == 2.5
    assert detector.slabs[0].material.excitation_energy == 166
    assert detector.layer_z == pytest.approx([12.525, 15.525, 18.525])
    assert list(detector.modules) == ["layer 0", "layer 1", "layer 2"]


def test_a_pitch_that_is_full_gets_no_air(load):
    content = settings()
    content["modules"][0] |= {"pitch": 2.05, "repeat": 1}
    detector = load(content)
    assert [slab.material.name for slab in detector.slabs] == ["aluminium", "silicon"]
    assert list(detector.modules) == ["layer"]


def spoil(place: str, value: object) -> dict:
    *path, last = place.split(".")
    content: dict = settings()
    part = content
    for key in path:
        part = part[int(key)] if isinstance(part, list) else part[key]
    part[last] = value
    return content


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("modules.0.slabs.0.material", "aluminum", "aluminum.*did you mean 'aluminium'"),
        ("air", "helium", "unknown material 'helium'"),
        ("modules.0.slabs.0.thickness", -1.0, r"modules.0.slabs.0.thickness is -1.0"),
        ("modules.0.slabs.0.thickness", 0, r"modules.0.slabs.0.thickness is 0"),
        ("modules.0.slabs.0.thickness", float("nan"), "finite"),
        ("modules.0.slabs.0.thickness", "thick", "valid number"),
        ("modules.0.slabs.0.thickness", 2.96, "layer are 3.01 mm thick.*overlap at a pitch of 3"),
        ("modules.0.slabs.0.sensitive", True, "one sensitive slab at most in the module layer"),
        ("modules.0.slabs.1.sensitive", False, "no slab is"),
        ("modules.0.slabs.0.thicknes", 1.0, "unknown key .*thicknes; expected one of material"),
        ("modules.0.repeat", 0, "modules.0.repeat is 0"),
        ("modules.0.repeat", 10**9, "1000"),
        ("modules.0.pitches", 1, "unknown key .*expected one of name, repeat, pitch, slabs"),
        ("modules", [], "modules is"),
        ("modules", 2 * settings()["modules"], "different names"),
        ("depth", 1.0, "unknown key depth; expected one of name, source"),
        ("width", float("inf"), "width is inf"),
        ("materials", {"a": {"density": 1}}, "materials.a.elements is missing"),
        (
            "materials",
            {"a": {"density": 1, "elements": {"Xx": 1}, "reference": "water"}},
            "unknown element Xx",
        ),
        (
            "materials",
            {"a": {"density": 1, "elements": {"H": 0.5, "C": 0.49}, "reference": "water"}},
            "sum to 0.99",
        ),
        (
            "materials",
            {"a": {"density": -1, "elements": {"H": 1}, "reference": "water"}},
            "materials.a.density is -1",
        ),
        (
            "materials",
            {"a": {"density": 1, "elements": {"H": 1}, "reference": "mercury"}},
            "materials.a.reference is 'mercury'.*'water'",
        ),
    ],
)
def test_impossible_detectors(load, place, value, message):
    with pytest.raises(ConfigError, match=rf"mine.yaml: .*{message}") as caught:
        load(spoil(place, value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "\x00", "name: !!python/object:os.system {}"])
def test_files_that_are_no_detector(load, text):
    with pytest.raises(ConfigError, match=r"mine.yaml"):
        load(text)


def test_deep_and_large_files(load):
    doubled = "".join(f"x{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    with pytest.raises(ConfigError, match="when references are written out") as caught:
        load(f"x0: &a0 [1]\n{doubled}name: *a59\n")
    assert len(str(caught.value)) < 1000
    with pytest.raises(ConfigError, match="cannot be parsed"):
        load("[" * 3000)
    with pytest.raises(ConfigError, match="kB"):
        load("#" * 10_000_001)


def test_missing_files_and_variants(tmp_path):
    with pytest.raises(ConfigError, match="bergen-auto, bergen-final, gate-2017-al3mm"):
        load_detector("bergen-aut")
    with pytest.raises(ConfigError, match="No such file"):
        load_detector(tmp_path / "absent.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ConfigError, match="expected a YAML file"):
        load_detector(tmp_path / "folder.yaml")
