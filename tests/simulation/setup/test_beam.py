"""Shares of the primaries, aim of the spots, and plans and beams that cannot be."""

import dataclasses
import math
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from trackscape.errors import ConfigError, FormatError
from trackscape.simulation import load_detector
from trackscape.simulation.setup.beam import (
    Beam,
    Plan,
    check_aim,
    parse_beam,
    read_plan,
    single_spot,
)

weights = st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(lambda w: sum(w) > 1e-3)


def plan(weight: list[float], *, x: float = 0.0, y: float = 0.0) -> Plan:
    spots = np.ones(len(weight))
    return Plan(x * spots, y * spots, 230 * spots, np.array(weight))


@given(weights, st.integers(0, 5000))
def test_every_spot_gets_its_share_within_one(weight, primaries):
    spots = plan(weight).spot_of(primaries)
    assert spots.dtype == np.int32
    assert len(spots) == primaries
    assert (np.diff(spots) >= 0).all()
    counts = np.bincount(spots, minlength=len(weight))
    share = primaries * np.array(weight) / sum(weight)
    assert (np.abs(counts - share) <= 1 + 1e-6).all()
    assert (counts[np.array(weight) == 0] == 0).all()


def test_whole_shares_are_exact():
    counts = np.bincount(plan([3.0, 0.0, 1.0]).spot_of(4000), minlength=3)
    assert counts.tolist() == [3000, 0, 1000]


def test_single_spot():
    one = single_spot(Beam(energy=150.0))
    assert (one.x, one.y, one.energy) == (0, 0, 150)
    assert one.spot_of(3).tolist() == [0, 0, 0]


def test_defaults_are_those_of_the_geant4_files():
    beam = Beam()
    assert (beam.energy, beam.energy_spread, beam.spot_size) == (230, 0.004, 3.8)
    assert (beam.divergence, beam.source, beam.magnet) == (0.002, -500, 6600)
    assert parse_beam("") == beam


def test_beam_of_the_command_line_has_units():
    text = "energy=250, spread=0.1, spot=3,divergence=3.3,source=-128,magnet=5000"
    values = dataclasses.astuple(parse_beam(text))
    assert values == pytest.approx((250.0, 1e-3, 3.0, 3.3e-3, -128.0, 5000.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("power=3", "energy, spread, spot, divergence, source, magnet, each once, got 'power=3'"),
        ("energy", "number for energy, got ''"),
        ("energy=fast", "number for energy, got 'fast'"),
        ("energy=1,energy=2", "each once"),
        ("energy=0", "more than 0 MeV"),
        ("energy=-5", "more than 0 MeV"),
        ("energy=nan", "more than 0 MeV"),
        ("energy=inf", "more than 0 MeV"),
        ("spread=-1", "spread"),
        ("spread=50", "0 to 0.1"),
        ("spot=-1", "spot size"),
        ("divergence=-1", "divergence"),
        ("divergence=2000", "less than 1 rad"),
        ("source=10", "negative z"),
        ("magnet=400", "further from the isocentre than 500 mm"),
    ],
)
def test_impossible_beams(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_beam(text)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0.0], [0.0], [200.0], [0.0]), "only 0"),
        (([0.0], [0.0], [200.0], [-1.0]), "0 or more, got weight = -1 for spot 0"),
        (([0.0], [0.0], [0.0], [1.0]), "more than 0 MeV"),
        (([math.nan], [0.0], [200.0], [1.0]), "finite position, got x"),
        (([0.0], [math.inf], [200.0], [1.0]), "finite position, got y"),
        (([0.0], [0.0, 1.0], [200.0], [1.0]), "one x, y, energy and weight each"),
        (([], [], [], []), "at least one spot"),
    ],
)
def test_impossible_plans(columns, message):
    with pytest.raises(ConfigError, match=message):
        Plan(*(np.array(column) for column in columns))


def test_the_beam_must_meet_the_detector():
    detector, beam = load_detector("bergen-auto"), Beam()
    check_aim(single_spot(beam), beam=beam, detector=detector)
    # An axis at x = 130 mm in the isocentre plane is at 130 (1 + 225 / 6600) = 134.4 mm there.
    check_aim(plan([1.0], x=130.0), beam=beam, detector=detector)
    for x, y in ((132.0, 0.0), (0.0, -82.0)):
        with pytest.raises(ConfigError, match="aimed at the detector"):
            check_aim(plan([1.0], x=x, y=y), beam=beam, detector=detector)


# Plans in files


def write(folder: Path, text: str) -> Path:
    path = folder / "plan.csv"
    path.write_text(text)
    return path


def test_plan_file(tmp_path):
    text = "spotX,spotY,energy,primaries\n-7,0,200,100\n0,3.5,210,300\n\n"
    spots = read_plan(write(tmp_path, text), Beam())
    assert spots.x.tolist() == [-7, 0]
    assert spots.y.tolist() == [0, 3.5]
    assert spots.energy.tolist() == [200, 210]
    assert np.bincount(spots.spot_of(400)).tolist() == [100, 300]


def test_plan_file_with_positions_only(tmp_path):
    spots = read_plan(write(tmp_path, "spotY, spotX\n1,2\n3,4\n"), Beam(energy=180.0))
    assert spots.x.tolist() == [2, 4]
    assert spots.energy.tolist() == [180, 180]
    assert spots.weight.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("", FormatError, "0 rows"),
        ("spotX,spotY\n", FormatError, "1 rows"),
        ("spotX,weight\n1,2\n", FormatError, "columns spotX, spotY"),
        ("spotX,spotY,dose\n1,2,3\n", FormatError, "got spotX, spotY, dose"),
        ("spotX,spotY,weight,primaries\n1,2,3,4\n", FormatError, "weight or primaries"),
        ("spotX,spotX,spotY\n1,2,3\n", FormatError, "each once"),
        ("spotX,spotY\n1,two\n", FormatError, "column spotY, spot 0.*'two'"),
        ("spotX,spotY\n1,2\n3\n", FormatError, "column spotY, spot 1.*nothing"),
        ("spotX,spotY\n1,nan\n", ConfigError, "finite position, got y"),
        ("spotX,spotY,weight\n1,2,-3\n", ConfigError, "0 or more"),
        ("spotX,spotY\n" + "1" * 200_000 + ",2\n", FormatError, "cannot be read"),
    ],
)
def test_impossible_plan_files(tmp_path, text, kind, message):
    with pytest.raises(kind, match=rf"plan.csv: .*{message}") as caught:
        read_plan(write(tmp_path, text), Beam())
    assert "\n" not in str(caught.value)


def test_files_that_are_no_plan(tmp_path):
    with pytest.raises(FormatError, match="No such file"):
        read_plan(tmp_path / "plan.csv", Beam())
    (tmp_path / "plan.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="CSV"):
        read_plan(tmp_path / "plan.csv", Beam())
