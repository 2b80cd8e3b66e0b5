"""Numbers of verbs for programs: the option --json, its rule, and what its keys are."""

import json
import typing
from pathlib import Path

import numpy as np
import pytest
import typer

import trackscape as package
from trackscape import samples
from trackscape.cli.main import app
from trackscape.comparison import compare_files
from trackscape.formats import inspect_file, shipped_settings
from trackscape.imaging import read_calibration
from trackscape.simulation import load_detector, parse_phantom, relative_stopping_power

KEYS = {
    "inspect": {
        *("kind", "path", "columns", "ignored", "rows", "energy_range", "layers", "truth"),
        *("spots", "remarks", "provenance", "detector"),
    },
    "config list": {"settings"},
    "detector": {"name", "source", "energies", "modules", "all"},
    "phantom": {"name", "energy", "voxels", "size", "materials", "inserts"},
    "compare": {"A", "B", "pass", "within_noise", "fail", "numbers", "distances", "notes"},
    "doctor": {
        *("trackscape", "python", "system", "cores", "memory", "threads", "gpu", "compiled"),
        *("text", "packages", "extras"),
    },
}
"""Keys that programs may count on, of quick verbs; other tests have those of the rest."""
OTHERS = {
    *("evaluate", "train", "tune", "rsp", "calibrate", "align"),
    *(f"landscape {verb}" for verb in ("surface", "curvature", "connect", "similarity")),
    *(f"emulate {verb}" for verb in ("train", "evaluate", "rollout")),
}


@pytest.fixture
def numbers(trackscape) -> typing.Callable[..., dict[str, typing.Any]]:
    """Runs a verb that prints JSON alone, and reads that."""

    def run(*arguments: object) -> dict[str, typing.Any]:
        outcome = trackscape(*arguments, "--json", "-")
        assert outcome.status == 0, outcome.err
        return json.loads(outcome.out, parse_constant=pytest.fail)

    return run


def verbs(group: typing.Any, before: str = "") -> typing.Iterator[tuple[str, typing.Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from verbs(command, f"{name} ")
        else:
            yield f"{before}{name}", command


def test_every_verb_with_json_is_known_here():
    commands = verbs(typer.main.get_command(app))
    found = {
        name for name, command in commands if any("--json" in each.opts for each in command.params)
    }
    assert found == KEYS.keys() | OTHERS


def test_inspect(numbers):
    found, report = numbers("inspect", samples.VALIDATION), inspect_file(samples.VALIDATION)
    assert found.keys() == KEYS["inspect"]
    assert found["rows"] == report.rows == 18377
    assert found["layers"]["depths"] == {str(k): z for k, z in report.layers.depths.items()}
    assert found["truth"]["events"] == report.truth.events
    assert (found["kind"], found["detector"]) == ("hits", "bergen-auto")


def test_inspect_of_primaries(trackscape, numbers):
    made = ("simulate", "-n", 50, "-o", "hits.npz", "--truth", "truth.npz", "--threads", 1)
    assert trackscape(*made).status == 0
    found = numbers("inspect", "truth.npz")
    assert (found["kind"], found["primaries"]) == ("primaries", 50)
    assert sum(found["fates"].values()) == 50


def test_config_list(numbers):
    assert numbers("config", "list") == {"settings": shipped_settings()}


def test_detector(numbers):
    found, stack = (
        numbers("detector", "bergen-final", "--energy", 150),
        load_detector("bergen-final"),
    )
    assert found.keys() == KEYS["detector"]
    planes = [each["plane"] for each in found["modules"] if each["layer"] is not None]
    np.testing.assert_allclose(planes, stack.layer_z, rtol=0, atol=1e-9)
    total = sum(each["mass_thickness"] for each in found["modules"])
    assert found["all"]["mass_thickness"] == pytest.approx(total)
    assert found["energies"] == [150]


def test_phantom(numbers):
    found, phantom = numbers("phantom", "ctp404", "--energy", 100), parse_phantom("ctp404")
    assert found.keys() == KEYS["phantom"]
    rsp = {each["name"]: each["rsp"] for each in found["inserts"]}
    for insert in phantom.inserts:
        assert rsp[insert.name] == relative_stopping_power(insert.material, 100)


def test_compare(numbers, tmp_path):
    rows = np.load(samples.VALIDATION)["arr_0"]
    np.savez(tmp_path / "half.npz", arr_0=rows[rows["eventID"] < 430])
    found = numbers("compare", samples.VALIDATION, "half.npz")
    assert found.keys() == KEYS["compare"]
    direct = compare_files(samples.VALIDATION, tmp_path / "half.npz")
    verdicts = [row.verdict for row in direct.rows]
    assert [each["verdict"] for each in found["numbers"]] == verdicts
    assert found["fail"] == verdicts.count("fail")
    for one, row in zip(found["numbers"], direct.rows, strict=True):
        assert one["A"] == (None if np.isnan(row.a.value) else row.a.value)
    assert [each["ks"] for each in found["distances"]] == [gap.distance.ks for gap in direct.gaps]


def test_doctor(numbers):
    found = numbers("doctor")
    assert found.keys() == KEYS["doctor"]
    assert found["trackscape"] == package.__version__


def test_evaluate_prints_what_it_writes(trackscape, numbers, tmp_path):
    arguments = ("evaluate", samples.VALIDATION, "--per-frame", 200, "--method", "greedy")
    printed = numbers(*arguments)
    outcome = trackscape(*arguments, "--json", "out.json")
    written = json.loads((tmp_path / "out.json").read_text())
    assert "purity" in outcome.out  # for people, as without the option
    assert printed.pop("seconds_per_frame") > 0
    assert written.pop("seconds_per_frame") > 0
    assert printed == written
    assert list(tmp_path.iterdir()) == [tmp_path / "out.json"]


@pytest.mark.slow
def test_calibrate(numbers, tmp_path):
    found = numbers("calibrate", "--primaries", 1000, "-o", "c.npz")
    made = read_calibration(tmp_path / "c.npz")
    assert found["wepl"] == made.curve[1].tolist()
    assert found["boxes_wepl"] == made.spread[0].tolist()
    assert found["estimator"] == made.estimator


def test_a_place_that_cannot_be_written_to_is_told_before_any_work(trackscape, tmp_path):
    outcome = trackscape("inspect", samples.VALIDATION, "--json", tmp_path)
    assert outcome.status == 2
    assert "it is a folder" in outcome.err
    assert outcome.out == ""


def test_a_file_holds_what_is_printed(trackscape, tmp_path):
    outcome = trackscape("config", "list", "--json", "new/names.json")
    assert outcome.out.split() == shipped_settings()
    place = Path("new/names.json")
    printed = trackscape("config", "list", "--json", "-").out
    assert (tmp_path / place).read_text() == printed
