"""The geant4 engine, by a few hundred protons; skipped where geant4-pybind is not installed."""

import importlib.util
import multiprocessing
import subprocess
import sys

import numpy as np
import pytest

from trackscape.errors import ConfigError, TrackscapeError
from trackscape.simulation import (
    INELASTIC,
    LEFT,
    STOPPED,
    Phantom,
    Setup,
    load_detector,
    parse_phantom,
    shipped_materials,
)
from trackscape.simulation.geant4 import geant4_provenance, geometry, simulate_geant4, stub_data
from trackscape.simulation.setup.beam import Beam, Plan, single_spot

# Importing it here would make it look for data sets, and offer to download them.
missing = importlib.util.find_spec("geant4_pybind") is None
needs_geant4 = pytest.mark.skipif(missing, reason="geant4-pybind is not installed")

PROTONS = 300


def make_setup(phantom=None, **beam):
    beam = Beam(**beam)
    phantom = phantom or parse_phantom("water:100")
    return Setup(load_detector("bergen-auto"), phantom, beam, single_spot(beam))


def collect(*arguments, **options):
    chunks = list(simulate_geant4(*arguments, **options))
    hits = np.concatenate([chunk.hits for chunk in chunks])
    return hits, np.concatenate([chunk.primaries for chunk in chunks])


@pytest.fixture(scope="module")
def behind_water():
    return collect(make_setup(), PROTONS, 1, workers=2)


def within(values, expected, *, errors=4.0):
    """Whether a mean is as expected, within some standard errors."""
    return abs(np.mean(values) - expected) < errors * np.std(values) / np.sqrt(len(values))


@needs_geant4
def test_energy_and_survival_behind_100_mm_of_water(behind_water):
    _, primaries = behind_water
    survived = primaries["out_ekin"] > 0
    assert within(survived, 0.906)
    energy = primaries["out_ekin"][survived]
    core = energy[np.abs(energy - 186.1) < 6]
    assert abs(np.median(energy) - 186.1) < 4 * 1.25 * core.std() / np.sqrt(len(core))
    assert within(primaries["beam_ekin"], 230.0)


@needs_geant4
def test_hits_per_primary_and_their_kinds(behind_water):
    hits, primaries = behind_water
    counts = np.bincount(hits["eventID"], minlength=len(primaries))
    assert within(counts, 24.35)
    assert 0.02 < (hits["parentID"] > 0).mean() < 0.07
    assert (hits["edep"] > 0).all()
    assert set(np.unique(hits["pdg"])) >= {2212, 11}


@needs_geant4
def test_hits_lie_in_the_layers(behind_water):
    hits, _ = behind_water
    detector = load_detector("bergen-auto")
    layer = np.where(hits["level2ID"] < 0, hits["level1ID"], 2 + hits["level2ID"])
    away = np.abs(hits["posZ"] - detector.layer_z[layer])
    assert away.max() <= 0.0126
    assert np.median(away) < 1e-4
    assert np.abs(hits["posX"]).max() <= detector.width / 2
    assert np.abs(hits["posY"]).max() <= detector.height / 2
    row = np.stack([hits["eventID"], hits["trackID"], layer])
    assert len(np.unique(row, axis=1).T) == len(hits)
    assert (np.diff(hits["eventID"]) >= 0).all()


@needs_geant4
def test_primaries_tell_their_story(behind_water):
    _, primaries = behind_water
    assert (primaries["eventID"] == np.arange(PROTONS)).all()
    arrived = primaries[primaries["in_ekin"] > 0]
    assert np.allclose(arrived["in_z"], -50.01)
    left = arrived[(arrived["out_ekin"] > 0) & (arrived["out_dz"] > 0.9)]
    assert np.allclose(left["out_z"], 50.0)
    path = ("beam_ekin", "in_ekin", "out_ekin", "ekin_layer0", "ekin_layer1", "ekin_layer2")
    whole = left[left["ekin_layer2"] > 0]
    energies = np.stack([whole[name] for name in path])
    assert (np.diff(energies, axis=0) < 0).all()
    assert set(np.unique(primaries["fate"])) <= {INELASTIC, STOPPED, LEFT}
    assert within(primaries["fate"] == INELASTIC, 0.311)
    stopped = primaries[primaries["fate"] == STOPPED]
    assert abs(np.median(stopped["end_z"]) - 481.6) < 1.0


@needs_geant4
def test_the_seed_decides_and_not_the_workers(behind_water):
    hits, primaries = behind_water
    again, primaries_again = collect(make_setup(), 200, 1, workers=1)
    assert (again == hits[hits["eventID"] < 200]).all()
    assert (primaries_again == primaries[:200]).all()
    _, others = collect(make_setup(), 20, 2, workers=1)
    assert (others["beam_ekin"] != primaries["beam_ekin"][:20]).all()


@needs_geant4
@pytest.mark.parametrize(("degrees", "front"), [(90, -55.0), (-90, 5.0)])
def test_a_phantom_turns_about_the_vertical_axis(degrees, front):
    """A box beside the axis gets into the beam: at 90 degrees x turns towards -z."""
    edges = np.array([5.0, 55.0]), np.array([-50.0, 50.0]), np.array([-50.0, 50.0])
    water = shipped_materials()["water"]
    labels = np.zeros((1, 1, 1), np.uint8)
    phantom = Phantom("aside", labels, (water,), edges, np.deg2rad(degrees))
    _, primaries = collect(make_setup(phantom, spot_size=0.0), 20, 1, workers=1)
    assert np.allclose(primaries["in_z"], front - geometry.SHELL, atol=1e-3)
    loss = primaries["in_ekin"] - primaries["out_ekin"]
    assert np.median(loss) == pytest.approx(21.0, abs=1.0)  # PSTAR: 4.2 MeV cm2/g


@needs_geant4
def test_a_grid_of_many_boxes_is_as_thick_as_its_parts():
    """Layers of aluminium in water, cut into voxels that are checked to be where they should."""
    materials = (shipped_materials()["water"], shipped_materials()["aluminium"])
    labels = np.zeros((4, 4, 10), np.uint8)
    labels[:2, :, ::2] = 1
    edges = tuple(np.linspace(-50, 50, n + 1) for n in labels.shape)
    beam = Beam(spot_size=1.0, divergence=0.0)
    plan = Plan(*(np.array(v) for v in ([-30.0, 30.0], [5.0, 5.0], [230.0] * 2, [1.0, 1.0])))
    phantom = Phantom("grid", labels, materials, edges)
    _, primaries = collect(Setup(load_detector("bergen-auto"), phantom, beam, plan), 60, 1)
    out = primaries["out_ekin"]
    # 5 cm of each: the aluminium counts as 10.6 cm of water; range tables of PSTAR.
    assert np.median(out[:30][out[:30] > 0]) == pytest.approx(158.0, abs=1.5)
    assert np.median(out[30:][out[30:] > 0]) == pytest.approx(186.1, abs=1.5)


@needs_geant4
def test_provenance_says_what_was_used(monkeypatch):
    for variable in (*stub_data.DATA_SETS, "GEANT4_DATA_DIR"):
        monkeypatch.delenv(variable, raising=False)
    used = geant4_provenance()
    assert used["data-free"] is True
    assert str(used["geant4"]).startswith("geant4-")
    assert "QGSP_BIC" in str(used["physics"])
    assert used["range cut (mm)"] == 0.7


@needs_geant4
def test_an_abandoned_simulation_leaves_no_process():
    chunks = simulate_geant4(make_setup(), 100_000, 1, workers=2)
    next(chunks)
    chunks.close()
    assert multiprocessing.active_children() == []


@needs_geant4
def test_geant4_giving_up_is_an_error_with_its_words(monkeypatch, tmp_path):
    """Folders that hold something else than the data sets that they should."""
    for variable in stub_data.DATA_SETS:
        (tmp_path / variable).mkdir()
        (tmp_path / variable / "README").write_text("nothing")
        monkeypatch.setenv(variable, str(tmp_path / variable))
    with pytest.raises(TrackscapeError, match=r"(?s)gave up .* G4Exception|ENSDFSTATE|data"):
        list(simulate_geant4(make_setup(), 10, 1))


@needs_geant4
def test_geant4_prints_nothing(capfd):
    list(simulate_geant4(make_setup(), 5, 1, workers=1))
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err == ""


@needs_geant4
def test_the_table_of_reactions_is_what_geant4_gives(tmp_path):
    code = (
        "import sys, pathlib; from studies import reaction_tables; "
        "reaction_tables.make_tables(pathlib.Path(sys.argv[1]), reactions=2, elastic=2)"
    )
    path = tmp_path / "reactions.npz"
    subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True)
    shipped = importlib.resources.files("trackscape.simulation") / "tables" / "reactions.npz"
    with np.load(path) as fresh, np.load(str(shipped)) as table:
        assert sorted(fresh) == sorted(table)
        for name in ("elements", "energies", "inelastic", "elastic", "elastic_probabilities"):
            if table[name].dtype.kind == "f":  # processors round powers differently
                np.testing.assert_allclose(fresh[name], table[name], rtol=1e-6, err_msg=name)
            else:
                assert (fresh[name] == table[name]).all(), name


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install geant4-pybind"):
        next(simulate_geant4(make_setup(), 10, 1))


@needs_geant4
def test_a_phantom_of_too_many_boxes_is_refused(monkeypatch):
    monkeypatch.setattr(geometry, "MAX_BOXES", 10)
    labels = np.indices((4, 4, 4)).sum(axis=0).astype(np.uint8) % 2
    edges = (np.linspace(-10, 10, 5),) * 3
    materials = (shipped_materials()["water"], shipped_materials()["air"])
    with pytest.raises(ConfigError, match=r"checkers: expected at most 10 boxes.* takes 85"):
        next(simulate_geant4(make_setup(Phantom("checkers", labels, materials, edges)), 10, 1))


@needs_geant4
def test_a_phantom_that_reaches_into_the_detector_is_refused():
    with pytest.raises(ConfigError, match="between the source"):
        next(simulate_geant4(make_setup(parse_phantom("water:460")), 10, 1))
