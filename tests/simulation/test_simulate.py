"""Files of simulated hits: what is in them, and that there are none when something goes wrong."""

import dataclasses

import numpy as np
import pytest

from trackscape.errors import ConfigError, FormatError
from trackscape.formats import inspect_file, read_hits, read_provenance
from trackscape.simulation import HIT, PRIMARY, Plan, make_setup, simulate
from trackscape.simulation.transport.engine import simulate_fast

PROTONS = 1500


@pytest.fixture
def setup():
    return make_setup(phantom="water:200")


def test_the_file_holds_what_the_engine_gives(setup, tmp_path):
    path, truth = tmp_path / "hits.npz", tmp_path / "hits_truth.npz"
    rows = simulate(setup, path, primaries=PROTONS, seed=3, truth=truth)
    chunks = list(simulate_fast(setup, PROTONS, 3))
    hits = np.load(path, allow_pickle=False)["arr_0"]
    assert hits.dtype == HIT
    assert rows == len(hits)
    assert np.array_equal(hits, np.concatenate([chunk.hits for chunk in chunks]))
    primaries = np.load(truth, allow_pickle=False)["arr_0"]
    assert primaries.dtype == PRIMARY
    assert np.array_equal(primaries, np.concatenate([chunk.primaries for chunk in chunks]))
    assert np.array_equal(primaries["eventID"], np.arange(PROTONS))


def test_readers_understand_the_files(setup, tmp_path):
    path, truth = tmp_path / "hits.npz", tmp_path / "hits_truth.npz"
    simulate(setup, path, primaries=200, seed=3, truth=truth)
    hits = read_hits(path)
    assert hits.truth is not None
    assert hits.truth.pdg is not None
    assert int(hits.layer.max()) < 43
    assert "fast" in inspect_file(path).render()
    assert "primaries       200" in inspect_file(truth).render()


def test_the_provenance_says_how_to_do_it_again(setup, tmp_path):
    path = tmp_path / "hits.npz"
    simulate(setup, path, primaries=10, seed=3)
    origin = read_provenance(path)
    assert origin is not None
    assert origin["engine"] == "fast"
    assert origin["law"] == "geant4"
    assert origin["detector"] == "bergen-auto"
    assert origin["beam"]["energy"] == 230.0
    assert (origin["primaries"], origin["seed"]) == (10, 3)


def test_several_spots_are_columns(setup, tmp_path):
    plan = Plan(np.array([-20.0, 30.0]), np.array([5.0, 0.0]), np.full(2, 230.0), np.array([1, 3]))
    path = tmp_path / "hits.npz"
    simulate(dataclasses.replace(setup, plan=plan), path, primaries=400, seed=1)
    hits = np.load(path, allow_pickle=False)["arr_0"]
    first = hits["eventID"] < 100
    assert set(hits["spotX"][first]) == {-20.0}
    assert set(hits["spotX"][~first]) == {30.0}
    assert set(hits["spotY"][first]) == {5.0}
    spot = read_hits(path).spot
    assert spot is not None
    assert spot.shape == (len(hits), 2)


class StopError(Exception):
    pass


@pytest.mark.parametrize("stop", [KeyboardInterrupt, StopError])
def test_an_interrupted_simulation_leaves_no_file(setup, tmp_path, stop):
    def progress(chunks, _):
        yield next(iter(chunks))
        raise stop

    with pytest.raises(stop):
        simulate(
            setup,
            tmp_path / "hits.npz",
            primaries=5000,
            seed=1,
            truth=tmp_path / "truth.npz",
            progress=progress,
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"phantom": make_setup(phantom="water:500").phantom}, "water"),
        ({"plan": Plan(np.array([300.0]), np.zeros(1), np.full(1, 230.0), np.ones(1))}, "aimed"),
        ({"plan": Plan(np.zeros(1), np.zeros(1), np.full(1, 400.0), np.ones(1))}, "400"),
    ],
)
def test_an_impossible_setup_is_refused_before_transport(setup, tmp_path, change, expected):
    with pytest.raises(ConfigError, match=expected):
        simulate(dataclasses.replace(setup, **change), tmp_path / "hits.npz", primaries=10, seed=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"primaries": 0}, "0"), ({"primaries": 2**31}, "primaries"), ({"seed": -1}, "-1")],
)
def test_impossible_numbers_are_refused(setup, tmp_path, options, expected):
    with pytest.raises(ConfigError, match=expected):
        simulate(setup, tmp_path / "hits.npz", **{"primaries": 10, "seed": 1} | options)


def test_unknown_engines_and_suffixes_are_refused(setup, tmp_path):
    with pytest.raises(ConfigError, match="fast, geant4"):
        simulate(setup, tmp_path / "hits.npz", primaries=10, seed=1, engine="fluka")
    with pytest.raises(FormatError, match=r"\.npz"):
        simulate(setup, tmp_path / "hits.csv", primaries=10, seed=1)
