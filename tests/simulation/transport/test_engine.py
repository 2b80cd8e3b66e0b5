"""The fast engine: physics behind water, reproducibility, and what its rows promise."""

import dataclasses

import numpy as np
import pytest

from trackscape.errors import ConfigError
from trackscape.simulation import (
    INELASTIC,
    LEFT,
    STOPPED,
    Beam,
    Phantom,
    Plan,
    make_setup,
    shipped_materials,
)
from trackscape.simulation.setup.phantom import stepped_wedge
from trackscape.simulation.transport import engine

PROTONS = 8000


def collect(setup, primaries=PROTONS, seed=1, **options):
    chunks = list(engine.simulate_fast(setup, primaries, seed, **options))
    hits = np.concatenate([chunk.hits for chunk in chunks])
    return hits, np.concatenate([chunk.primaries for chunk in chunks])


@pytest.fixture(scope="module", params=[100, 150, 200])
def behind_water(request):
    return request.param, *collect(make_setup(phantom=f"water:{request.param}"))


@pytest.fixture(scope="module")
def without_phantom():
    return collect(make_setup(phantom="none"))


def layer_of(hits):
    return np.where(hits["level2ID"] < 0, hits["level1ID"], hits["level2ID"] + 2)


def half_width(values):
    return np.diff(np.quantile(values, [0.15866, 0.84134]))[0] / 2


# What 60,000 protons of the shared Geant4 truth files have: median energy in MeV and its central
# half-width, half-width of the exit angle in mrad, share of angles beyond three of these, survival.
GEANT4 = {
    100: (186.07, 1.699, 18.44, 0.038, 0.9065),
    150: (161.55, 2.089, 24.5, 0.044, 0.862),
    200: (134.05, 2.545, 31.9, 0.051, 0.815),
}


def test_energy_angle_and_survival_behind_water_are_those_of_geant4(behind_water):
    thickness, _, primaries = behind_water
    energy, spread, angle, tail, survival = GEANT4[thickness]
    out = primaries[primaries["out_ekin"] > 0]
    slope = 1e3 * np.concatenate([out["out_dx"] / out["out_dz"], out["out_dy"] / out["out_dz"]])
    assert np.median(out["out_ekin"]) == pytest.approx(energy, rel=0.003)
    assert half_width(out["out_ekin"]) == pytest.approx(spread, rel=0.05)
    assert half_width(slope) == pytest.approx(angle, rel=0.03)
    assert (np.abs(slope) > 3 * half_width(slope)).mean() == pytest.approx(tail, rel=0.2)
    assert len(out) / PROTONS == pytest.approx(survival, abs=0.01)


def test_protons_without_phantom_stop_at_the_end_of_the_calorimeter(without_phantom):
    hits, primaries = without_phantom
    stopped = np.flatnonzero(primaries["fate"] == STOPPED)
    primary = hits[(hits["parentID"] == 0) & np.isin(hits["eventID"], stopped)]
    last = np.zeros(len(primaries), int)
    np.maximum.at(last, primary["eventID"], layer_of(primary))
    assert np.median(last[stopped]) - 2 == pytest.approx(39, abs=1)


def test_every_proton_has_a_fate_and_an_end(without_phantom):
    _, primaries = without_phantom
    assert set(primaries["fate"]) <= {INELASTIC, STOPPED, LEFT}
    # 33 g/cm² at about 1 % each, and a little of the aperture.
    assert (primaries["fate"] == INELASTIC).mean() == pytest.approx(0.33, abs=0.04)
    assert (primaries["end_z"] > -500).all()


def test_no_event_deposits_more_than_the_proton_had(behind_water):
    _, hits, primaries = behind_water
    deposited = np.zeros(len(primaries))
    np.add.at(deposited, hits["eventID"], hits["edep"])
    # Reactions set free 11.6 MeV at most, 27Al(p, photons)28Si.
    assert (deposited < primaries["beam_ekin"] + 12).all()


def test_rows_are_one_for_each_track_and_layer(behind_water):
    _, hits, _ = behind_water
    layer = layer_of(hits)
    detector = make_setup().detector
    assert (np.diff(hits["eventID"]) >= 0).all()
    rows = np.stack([hits["eventID"], hits["trackID"], layer])
    assert len(np.unique(rows, axis=1).T) == len(hits)
    np.testing.assert_allclose(hits["posZ"], detector.layer_z[layer], rtol=1e-6)
    assert (hits["edep"] > 0).all()
    assert np.abs(hits["posX"]).max() <= detector.width / 2
    assert np.abs(hits["posY"]).max() <= detector.height / 2
    assert ((hits["trackID"] == 1) == (hits["parentID"] == 0)).all()
    assert (hits["parentID"] < hits["trackID"]).all()
    assert set(hits["pdg"][hits["parentID"] == 0]) == {2212}
    assert {11, 2212} <= set(hits["pdg"][hits["parentID"] > 0])


def test_the_first_layers_are_entered_with_less_and_less_energy(behind_water):
    _, _, primaries = behind_water
    reached = primaries[primaries["ekin_layer2"] > 0]
    energies = [reached[f"ekin_layer{layer}"] for layer in range(3)]
    assert (energies[0] < reached["out_ekin"] + 0.5).all()
    assert np.median(energies[0]) > np.median(energies[1]) > np.median(energies[2])
    missed = primaries["ekin_layer0"] < 0
    assert (primaries["ekin_layer2"][missed] < 0).all()


@pytest.mark.parametrize("options", [{"threads": 1}, {"threads": 3}])
def test_the_result_does_not_depend_on_the_number_of_threads(options):
    setup = make_setup(phantom="water:200")
    hits, primaries = collect(setup, 2500, threads=2)
    again, same = collect(setup, 2500, **options)
    assert np.array_equal(hits, again)
    assert np.array_equal(primaries, same)


def test_a_longer_simulation_begins_like_a_shorter_one():
    setup = make_setup(phantom="water:200")
    short, _ = collect(setup, 1200)
    long, _ = collect(setup, 2300)
    assert np.array_equal(short, long[long["eventID"] < 1200])


def test_another_seed_gives_other_protons():
    setup = make_setup(phantom="water:200")
    assert collect(setup, 100, 1)[1]["beam_ekin"][0] != collect(setup, 100, 2)[1]["beam_ekin"][0]


def test_a_block_with_more_rows_than_expected_is_whole(monkeypatch):
    setup = make_setup(phantom="none")
    hits, _ = collect(setup, 100)
    monkeypatch.setattr(engine, "_ROWS", 1)
    again, _ = collect(setup, 100)
    assert np.array_equal(hits, again)


def test_the_law_of_theory_straggles_less_where_geant4_cuts_electrons(behind_water):
    thickness, _, primaries = behind_water
    if thickness != 100:
        return
    _, theory = collect(make_setup(phantom="water:100", condensed_history="theory"))

    def straggling(table):
        out = table[table["out_ekin"] > 0]
        return np.sqrt(half_width(out["out_ekin"]) ** 2 - (1.14 * 0.92) ** 2)

    # The beam itself spreads by 0.4 % of 230 MeV, times the growth on 100 mm.
    assert straggling(theory) / straggling(primaries) == pytest.approx(0.83, abs=0.05)


def turned(angle, x, z):
    water = shipped_materials()["water"]
    edges = tuple(np.array([-half, half]) for half in (x, 100.0, z))
    return Phantom("box", np.zeros((1, 1, 1), np.uint8), (water,), edges, angle)


@pytest.mark.parametrize("angle", [np.pi / 2, -np.pi / 2])
def test_a_box_on_its_side_is_as_deep_as_it_was_wide(angle):
    upright = dataclasses.replace(make_setup(), phantom=turned(0.0, 90.0, 60.0))
    lying = dataclasses.replace(make_setup(), phantom=turned(angle, 60.0, 90.0))
    energies = [collect(s, 4000)[1]["out_ekin"] for s in (upright, lying)]
    medians = [np.median(energy[energy > 0]) for energy in energies]
    assert medians[0] == pytest.approx(medians[1], abs=0.1)


def test_a_turned_wall_is_thicker_by_the_cosine():
    wall = dataclasses.replace(make_setup(), phantom=turned(np.pi / 3, 150.0, 25.0))
    straight = dataclasses.replace(make_setup(), phantom=turned(0.0, 150.0, 50.0))
    energies = [collect(s, 4000)[1]["out_ekin"] for s in (wall, straight)]
    medians = [np.median(energy[energy > 0]) for energy in energies]
    assert medians[0] == pytest.approx(medians[1], abs=0.15)


def test_a_box_of_voxels_is_a_box():
    water = shipped_materials()["water"]
    grid = [np.linspace(-half, half, 21) for half in (200.0, 200.0, 50.0)]
    voxels = Phantom("voxels", np.zeros((20, 20, 20), np.uint8), (water,), tuple(grid))
    setup = make_setup(phantom="water:100")
    energies = [
        collect(s, 6000)[1]["out_ekin"] for s in (setup, dataclasses.replace(setup, phantom=voxels))
    ]
    widths = [half_width(energy[energy > 0]) for energy in energies]
    medians = [np.median(energy[energy > 0]) for energy in energies]
    assert medians[0] == pytest.approx(medians[1], abs=0.1)
    assert widths[0] == pytest.approx(widths[1], rel=0.06)


def test_the_steps_of_a_wedge_are_seen():
    plan = Plan(np.array([-60.0, 60.0]), np.zeros(2), np.full(2, 230.0), np.ones(2))
    setup = dataclasses.replace(make_setup(), phantom=stepped_wedge(), plan=plan)
    _, primaries = collect(setup, 4000)
    spot = plan.spot_of(4000)
    low, high = (
        np.median(energy[energy > 0])
        for energy in (primaries["out_ekin"][spot == number] for number in (0, 1))
    )
    assert abs(high - low) > 20


def test_spots_are_aimed_at_the_isocentre_from_the_magnet():
    plan = Plan(np.array([-80.0, 50.0]), np.array([10.0, -20.0]), np.full(2, 230.0), np.ones(2))
    setup = dataclasses.replace(make_setup(phantom="none"), plan=plan)
    _, primaries = collect(setup, 4000)
    spot = plan.spot_of(4000)
    for number in (0, 1):
        mine = primaries[(spot == number) & (primaries["in_ekin"] > 0)]
        error = 4 * 4.0 / np.sqrt(len(mine))
        assert mine["in_x"].mean() == pytest.approx(plan.x[number], abs=error)
        assert mine["in_y"].mean() == pytest.approx(plan.y[number], abs=error)
        slope = (mine["in_dx"] / mine["in_dz"]).mean()
        assert slope == pytest.approx(plan.x[number] / 6600, abs=4 * 2.1e-3 / np.sqrt(len(mine)))


@pytest.mark.parametrize(
    ("beam", "expected"),
    [({"energy": 320.0}, "320"), ({"energy": 2.0}, "5"), ({"energy": 298.0}, "29")],
)
def test_energies_outside_of_the_tables_are_refused(beam, expected):
    setup = make_setup()
    plan = dataclasses.replace(setup.plan, energy=np.array([beam["energy"]]))
    setup = dataclasses.replace(setup, beam=Beam(**beam), plan=plan)
    with pytest.raises(ConfigError, match=expected):
        next(engine.simulate_fast(setup, 10, 1))
