"""The parts of the geant4 engine that work without Geant4."""

import importlib.resources
from pathlib import Path

import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import numpy as np
import pytest

from trackscape.simulation import Beam, Plan, Setup, load_detector, parse_phantom
from trackscape.simulation.geant4.actions import sample_protons
from trackscape.simulation.geant4.geometry import merge_boxes
from trackscape.simulation.geant4.stub_data import (
    DATA_SETS,
    installed_data,
    mass_number,
    neutron_elastic,
    neutron_inelastic,
    write_stub_data,
)

PROTON, AMU = 938.272, 931.494


@pytest.mark.parametrize(
    ("energy", "barn"), [(1.0, 4.26), (5.0, 1.63), (14.1, 0.690), (50.0, 0.167)]
)
def test_neutrons_on_hydrogen(energy, barn):
    """Evaluated total cross sections (ENDF/B), all of it elastic."""
    assert neutron_elastic(np.array([energy]), 1)[0] == pytest.approx(1e3 * barn, rel=0.05)
    assert neutron_inelastic(np.array([energy]), 1)[0] == 0


@pytest.mark.parametrize(("mass", "barn"), [(12, 0.222), (16, 0.295), (27, 0.400), (28, 0.424)])
def test_inelastic_neutrons_on_nuclei(mass, barn):
    """At 200 MeV they are as absorbed as protons are (ICRU Report 63)."""
    assert neutron_inelastic(np.array([200.0]), mass)[0] == pytest.approx(1e3 * barn, rel=0.12)
    assert neutron_inelastic(np.array([4.9]), mass)[0] == 0


def test_a_black_disc_grows_with_the_wavelength():
    energy = np.geomspace(0.1, 300.0, 20)
    assert (np.diff(neutron_elastic(energy, 27)) < 0).all()
    disc = 10 * np.pi * (1.25 * 3) ** 2
    assert neutron_elastic(np.array([1e6]), 27)[0] == pytest.approx(disc, rel=1e-3)


@pytest.mark.parametrize(("charge", "mass"), [(1, 1), (6, 12), (14, 28), (29, 64), (74, 184)])
def test_the_valley_of_stability(charge, mass):
    assert mass_number(charge) == pytest.approx(mass, abs=2)


def test_stub_data_are_tables_that_geant4_reads(tmp_path):
    write_stub_data(tmp_path)
    states = [line.split() for line in (tmp_path / "ENSDFSTATE.dat").read_text().splitlines()]
    assert len(states) == 34
    assert all(len(state) == 7 for state in states)
    lines = (tmp_path / "neutron" / "el13").read_text().splitlines()
    first, last, count = lines[0].split()
    rows = np.array([line.split() for line in lines[2:]], float)
    assert int(count) == int(lines[1]) == len(rows)
    assert (rows[0, 0], rows[-1, 0]) == (float(first), float(last))
    assert np.diff(np.log(rows[:, 0])) == pytest.approx(np.log(rows[1, 0] / rows[0, 0]), rel=1e-6)


def test_data_sets_are_used_only_if_all_are_there(tmp_path):
    home = tmp_path / "home"
    environment = {}
    for variable in DATA_SETS:
        assert installed_data(environment, home=home) is None
        (tmp_path / variable).mkdir()
        environment[variable] = str(tmp_path / variable)
    assert installed_data(environment, home=home) is None  # they are empty
    for variable in DATA_SETS:
        (tmp_path / variable / "something").touch()
    expected = {variable: tmp_path / variable for variable in DATA_SETS}
    assert installed_data(environment, home=home) == expected


@pytest.mark.parametrize("in_home", [True, False])
def test_data_sets_are_found_in_one_folder(tmp_path, in_home):
    folder = tmp_path / ".geant4_pybind"
    for name in DATA_SETS.values():
        (folder / f"{name}1.2" / "file").mkdir(parents=True)
    environment = {} if in_home else {"GEANT4_DATA_DIR": str(folder)}
    found = installed_data(environment, home=tmp_path if in_home else Path("/nowhere"))
    assert found == {variable: folder / f"{name}1.2" for variable, name in DATA_SETS.items()}


@hypothesis.given(
    hypothesis.extra.numpy.arrays(
        np.uint8,
        hypothesis.extra.numpy.array_shapes(min_dims=3, max_dims=3, max_side=5),
        elements=st.integers(0, 2),
    )
)
def test_boxes_fill_the_grid_once_with_its_labels(labels):
    covered = np.zeros(labels.shape, int)
    for block in merge_boxes(labels):
        place = tuple(slice(*bounds) for bounds in block.ranges)
        if not block.parts:
            assert (labels[place] == block.label).all()
            covered[place] += 1
    assert (covered == 1).all()


def test_a_stack_of_slabs_is_a_box_for_each():
    labels = np.repeat(np.arange(5, dtype=np.uint8), 3)[None, None, :]
    blocks = list(merge_boxes(np.broadcast_to(labels, (7, 8, 15))))
    assert [block.label for block in blocks] == [-1, 0, 1, 2, 3, 4]


def test_protons_are_aimed_from_the_scanning_magnet():
    plan = Plan(*(np.array(v) for v in ([0.0, 66.0], [0.0, -33.0], [230.0, 100.0], [1.0, 1.0])))
    setup = Setup(load_detector("bergen-auto"), parse_phantom("water:100"), Beam(), plan)
    spots = np.repeat(np.arange(2, dtype=np.int32), 20_000)
    protons = sample_protons(setup, spots, np.random.default_rng(1))
    x, _, z, dx, dy, dz, energy = protons.T
    second = spots == 1
    assert (z == -500).all()
    assert np.allclose(dx**2 + dy**2 + dz**2, 1)
    assert x[second].mean() == pytest.approx(66 * (1 - 500 / 6600), abs=0.1)
    assert (dx / dz)[second].mean() == pytest.approx(66 / 6600, abs=5e-5)
    assert (dy / dz)[second].mean() == pytest.approx(-33 / 6600, abs=5e-5)
    assert x[~second].std() == pytest.approx(3.8, rel=0.02)
    assert (dx / dz)[~second].std() == pytest.approx(2e-3, rel=0.02)
    assert energy[second].std() == pytest.approx(0.4, rel=0.02)


@pytest.fixture(scope="module")
def table():
    path = importlib.resources.files("trackscape.simulation") / "tables" / "reactions.npz"
    with np.load(str(path)) as arrays:
        return dict(arrays)


@pytest.mark.parametrize(
    ("element", "energy", "barn"),
    [
        *(("O", 50, 0.401), ("O", 100, 0.297), ("O", 200, 0.295), ("C", 100, 0.227)),
        *(("Al", 50, 0.575), ("Al", 200, 0.400), ("Si", 100, 0.431), ("Si", 200, 0.424)),
        ("Ca", 100, 0.583),
    ],
)
def test_inelastic_cross_sections_are_near_the_evaluated_ones(table, element, energy, barn):
    """ICRU Report 63."""
    row = table["inelastic"][table["elements"].tolist().index(element)]
    assert np.interp(energy, table["energies"], row) == pytest.approx(1e3 * barn, rel=0.07)


def test_reactions_conserve_charge_and_energy(table):
    offsets = table["reaction_offsets"]
    charges = {"C": 6, "N": 7, "O": 8, "Al": 13, "Si": 14, "Ca": 20, "Cu": 29}
    targets, energies = table["reaction_targets"], table["reaction_energies"]
    count = (len(offsets) - 1) // (len(targets) * len(energies))
    shape = (len(targets), len(energies), count)
    charge = np.add.reduceat(table["secondary_charge"].astype(int), offsets[:-1]).reshape(shape)
    expected = np.array([1 + charges[target] for target in targets])[:, None, None]
    assert (charge == expected).mean() > 0.99  # but for a rare pion
    energy = np.add.reduceat(table["secondary_energy"].astype(float), offsets[:-1])
    # The most is set free by 27Al(p, photons)28Si: 11.6 MeV.
    assert (energy.reshape(shape) < energies[:, None] + 12).all()


def test_two_protons_collide_isotropically(table):
    """So that the energy that one loses is evenly distributed."""
    loss = table["elastic_loss"][table["elastic_targets"].tolist().index("H")]
    for energy, quantiles in zip(table["elastic_energies"], loss, strict=True):
        if energy >= 10:
            assert np.abs(quantiles / energy - table["elastic_probabilities"]).max() < 0.05
