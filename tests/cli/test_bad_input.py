"""Whatever a user gets wrong ends in one sentence and status 2, and leaves nothing behind."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file

from trackscape import samples
from trackscape.scoring import HitGraphNetwork, save_network

Change = Callable[[np.ndarray], np.ndarray]
CONFIG = Path(__file__).parents[2] / "configs" / "cpu" / "line-graph-ptt-soap-plateau.yaml"


def rows(n_events: int = 30) -> np.ndarray:
    array = np.load(samples.VALIDATION, allow_pickle=False)["arr_0"]
    return array[array["eventID"] < n_events]


def put(column: str, value: float) -> Change:
    def change(array: np.ndarray) -> np.ndarray:
        array[column][3] = value
        return array

    return change


DAMAGES: dict[str, tuple[Change, str]] = {
    "no rows": (lambda array: array[:0], "row"),
    "column missing": (lambda array: array[[*array.dtype.names[:3], "eventID"]], "edep"),
    "NaN position": (put("posX", np.nan), "posX"),
    "infinite position": (put("posZ", np.inf), "posZ"),
    "negative energy": (put("edep", -1.0), "edep"),
    "unknown layer": (put("level2ID", -7), "layer"),
}


def the_only_sentence(outcome, *, names: str) -> str:
    """Returns the message, after checking what holds for all of them."""
    assert outcome.status == 2, outcome
    assert "Traceback" not in outcome.err
    assert names in outcome.err
    assert outcome.err.startswith("Error: ")
    assert len(outcome.err.strip().splitlines()) == 1
    return outcome.err


@pytest.fixture(params=["inspect", "reconstruct", "evaluate", "display"])
def verb(request) -> tuple[str, list[object]]:
    arguments: dict[str, list[object]] = {
        "inspect": [],
        "reconstruct": ["--per-frame", 10, "-o", "out.parquet"],
        "evaluate": ["--per-frame", 10, "--json", "out.json"],
        "display": ["--per-frame", 10, "-o", "out.png"],
    }
    return request.param, arguments[request.param]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_hits(trackscape, tmp_path, verb, damage):
    change, place = DAMAGES[damage]
    np.savez(tmp_path / "bad.npz", arr_0=change(rows()))
    name, arguments = verb
    if name in ("reconstruct", "evaluate"):
        arguments = [*arguments, "--strict"]
    message = the_only_sentence(trackscape(name, "bad.npz", *arguments), names="bad.npz")
    assert place in message
    assert [path.name for path in tmp_path.iterdir()] == ["bad.npz"]


def truncated(path: Path) -> None:
    path.write_bytes(samples.VALIDATION.read_bytes()[:5000])


def pickled(path: Path) -> None:
    np.savez(path, arr_0=np.array([{"a": 1}], dtype=object))


def other_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "no arrays")


@pytest.mark.parametrize("write", [Path.touch, truncated, pickled, other_archive])
def test_files_that_are_no_hits(trackscape, tmp_path, verb, write):
    write(tmp_path / "bad.npz")
    name, arguments = verb
    the_only_sentence(trackscape(name, "bad.npz", *arguments), names="bad.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.npz"]


def test_more_protons_in_a_frame_than_in_the_file(trackscape, tmp_path):
    outcome = trackscape(
        "reconstruct", samples.VALIDATION, "--per-frame", 5000, "-o", "out.parquet"
    )
    assert "877" in the_only_sentence(outcome, names=samples.VALIDATION.name)
    assert list(tmp_path.iterdir()) == []


def test_no_primaries(trackscape, tmp_path):
    array = rows()
    array["parentID"] = 1
    np.savez(tmp_path / "secondaries.npz", arr_0=array)
    outcome = trackscape("evaluate", "secondaries.npz", "--per-frame", 10, "--json", "out.json")
    the_only_sentence(outcome, names="parentID")
    assert not (tmp_path / "out.json").exists()
    assert "without a primary" in trackscape("inspect", "secondaries.npz").out
    assert (
        trackscape("reconstruct", "secondaries.npz", "--per-frame", 10, "-o", "t.csv").status == 0
    )


def test_hits_without_truth(trackscape, tmp_path):
    array = rows()
    names = [name for name in array.dtype.names if name not in ("eventID", "trackID", "parentID")]
    np.savez(tmp_path / "measured.npz", arr_0=array[names])
    assert trackscape("inspect", "measured.npz").status == 0
    outcome = trackscape("reconstruct", "measured.npz", "--per-frame", 10, "-o", "t.csv")
    the_only_sentence(outcome, names="measured.npz")


ODD_FRAMES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "one hit": lambda array: array[:1],
    "one layer": lambda array: array[(array["level1ID"] == 0) & (array["level2ID"] == -1)],
    "two protons in one place": lambda array: twice(array[:20]),
}


def twice(array: np.ndarray) -> np.ndarray:
    other = array.copy()
    other["eventID"] += array["eventID"].max() + 1
    return np.concatenate([array, other])


@pytest.mark.parametrize("kind", ODD_FRAMES)
def test_odd_frames_are_no_error(trackscape, tmp_path, kind):
    np.savez(tmp_path / "odd.npz", arr_0=ODD_FRAMES[kind](rows()))
    for method in ("line-graph-ptt", "line-graph-pat"):
        arguments = ("--per-frame", 1, "--method", method, "--json", "out.json")
        outcome = trackscape("evaluate", "odd.npz", *arguments)
        assert outcome.status == 0, outcome.err
        assert 0 <= json.loads((tmp_path / "out.json").read_text())["purity"] <= 1
    assert trackscape("display", "odd.npz", "--per-frame", 1).status == 0


def test_unknown_method_and_frame(trackscape):
    arguments = ("evaluate", samples.VALIDATION, "--per-frame", 50)
    the_only_sentence(trackscape(*arguments, "--method", "magic"), names="line-graph-pat")
    outcome = trackscape("display", samples.VALIDATION, "--per-frame", 50, "--frame", 99)
    the_only_sentence(outcome, names="0 to 16")


@pytest.mark.parametrize("frame", ["3-1", "-1", "a", "0,1", "1-", ""])
def test_frames_are_a_number_or_two(trackscape, frame):
    given = ("display", samples.VALIDATION, "--per-frame", 50, f"--frame={frame}")
    the_only_sentence(trackscape(*given), names="--frame: expected a number from 0 on")


def test_a_method_and_weights_are_not_taken_together(trackscape):
    given = ("evaluate", samples.VALIDATION, "--per-frame", 50, "--method", "kalman")
    the_only_sentence(trackscape(*given, "--weights", "my.safetensors"), names="leave one of them")


def test_weights_of_another_architecture(trackscape, tmp_path):
    save_network(HitGraphNetwork(hidden=8), tmp_path / "good.safetensors", about={})
    header, body = read_parts(tmp_path / "good.safetensors")
    about = json.loads(header["__metadata__"]["trackscape"])
    about["network"], about["sizes"] = "line_graph", {}
    header["__metadata__"]["trackscape"] = json.dumps(about)
    write_parts(tmp_path / "other.safetensors", header, body)
    save_file({"a": torch.zeros(2)}, tmp_path / "foreign.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"\x00" * 50)
    for name in ("other", "foreign", "broken", "absent"):
        outcome = trackscape(
            *("evaluate", samples.VALIDATION, "--per-frame", 50),
            *("--weights", f"{name}.safetensors"),
        )
        the_only_sentence(outcome, names=f"{name}.safetensors")


def read_parts(path: Path) -> tuple[dict, bytes]:
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def write_parts(path: Path, header: dict, body: bytes) -> None:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def spoil(settings: dict, place: str, value: object) -> dict:
    *path, last = place.split(".")
    part = settings
    for key in path:
        part = part[key]
    part[last] = value
    return settings


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("lerning", 1),
        ("optimiser.momentum", 0.9),
        ("optimiser.steps", 0),
        ("optimiser.steps", 75),
        ("optimiser.learning_rate", "fast"),
        ("loss.kind", "magic"),
        ("loss.strength", 25),
        ("network.kind", "transformer"),
        ("network.sizes", {"depth": 3}),
        ("data.training", []),
        ("name", "../elsewhere"),
    ],
)
def test_bad_settings(trackscape, tmp_path, place, value):
    settings = spoil(yaml.safe_load(CONFIG.read_text()), place, value)
    settings["data"] |= {"validation": [samples.VALIDATION.name]}
    if place != "data.training":
        settings["data"] |= {"training": [samples.TRAIN.name]}
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(settings))
    outcome = trackscape("train", "bad.yaml", "--data", samples.FOLDER)
    the_only_sentence(outcome, names="bad.yaml")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "\x00"])
def test_settings_that_are_no_mapping(trackscape, tmp_path, text):
    (tmp_path / "bad.yaml").write_text(text)
    outcome = trackscape("train", "bad.yaml", "--data", samples.FOLDER)
    the_only_sentence(outcome, names="bad.yaml")


def test_missing_settings_key_and_data(trackscape, tmp_path):
    settings = yaml.safe_load(CONFIG.read_text())
    del settings["optimiser"]["steps"]
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(settings))
    outcome = trackscape("train", "bad.yaml", "--data", samples.FOLDER)
    assert "optimiser.steps" in the_only_sentence(outcome, names="bad.yaml")
    outcome = trackscape("train", CONFIG, "--data", tmp_path / "empty")
    the_only_sentence(outcome, names="water_100_train.npz")
    assert not (tmp_path / "runs").exists()


def test_demo_needs_named_files(trackscape, tmp_path):
    (tmp_path / "mine").mkdir()
    outcome = trackscape("demo", "--data", "mine")
    assert "_train." in the_only_sentence(outcome, names="mine")
    assert not (tmp_path / "demo").exists()
