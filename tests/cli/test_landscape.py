"""`trackscape landscape`: files of every kind from tiny grids; one sentence for what is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from trackscape import samples
from trackscape.cli.completion import LOSSES
from trackscape.landscape.output import load_surface, load_trajectory
from trackscape.scoring import HitGraphNetwork, save_network
from trackscape.training import TRAINABLE

HITS = (samples.VALIDATION, "--per-frame", 10, "--frames", 2)
VERBS = ("surface", "curvature", "connect", "similarity")


def the_only_sentence(outcome, folder: Path, *, names: str) -> None:
    """One sentence, status 2, and nothing written; the first call may say that it compiles."""
    said = [line for line in outcome.err.splitlines() if not line.startswith("Compiling, once")]
    assert outcome.status == 2, outcome
    assert said[0].startswith("Error: ")
    assert len(said) == 1
    assert names in said[0]
    assert list(folder.iterdir()) == []


def test_every_verb_explains_itself(trackscape):
    assert all(verb in trackscape("landscape", "--help").out for verb in VERBS)
    for verb in VERBS:
        assert trackscape("landscape", verb, "--help").status == 0


def test_a_surface_around_a_network_in_every_format(trackscape, tmp_path, trained):
    endings = ("npz", "csv", "json", "html", "vts", "png", "svg", "pdf")
    outputs = [argument for ending in endings for argument in ("-o", f"all.{ending}")]
    outcome = trackscape(
        *("landscape", "surface", *HITS, *outputs, "--weights", trained[0], "--steps", 3),
        *("--loss", "bce", "--loss", "hamming", "--json", "../numbers.json"),
    )
    assert outcome.status == 0, outcome.err
    # Each loss has a picture of its own.
    pictures = {f"all-hamming.{ending}" for ending in ("png", "svg", "pdf")}
    expected = {f"all.{ending}" for ending in endings} | pictures
    assert {path.name for path in tmp_path.iterdir()} == expected
    assert {Path(line).name for line in outcome.out.splitlines()} >= expected
    surface = load_surface(tmp_path / "all.npz")
    assert surface.names == ("bce", "hamming")
    assert surface.points.shape == (3, 3)
    assert surface.about["weights"] == [str(trained[0])]
    assert set(surface.about["inputs"]) == {samples.VALIDATION.name, trained[0].name}
    table = json.loads((tmp_path / "all.json").read_text())
    np.testing.assert_array_equal(table["losses"]["bce"]["mean"], surface.mean("bce").ravel())
    assert json.loads((tmp_path.parent / "numbers.json").read_text()) == table
    assert load_trajectory(tmp_path / "all.npz") is None


def test_a_surface_through_a_training(trackscape, tmp_path, trained):
    through = [argument for path in trained for argument in ("--through", path)]
    outcome = trackscape(
        *("landscape", "surface", *HITS, *through, "--steps", 3, "--loss", "bce"),
        *("-o", "all.npz", "-o", "all.html"),
    )
    assert outcome.status == 0, outcome.err
    route = load_trajectory(tmp_path / "all.npz")
    assert route is not None
    assert route.coordinates.shape == (3, 2)
    assert np.abs(route.residuals).max() < 1e-9


def test_a_line_between_two_networks(trackscape, tmp_path, trained):
    outcome = trackscape(
        *("landscape", "surface", *HITS, "--through", trained[0], "--through", trained[1]),
        *("--steps", 3, "-o", "line.npz", "-o", "line.png"),
    )
    assert outcome.status == 0, outcome.err
    assert load_surface(tmp_path / "line.npz").points.shape == (3,)


@pytest.mark.slow
def test_the_same_surface_from_other_processes_and_after_a_break(trackscape, tmp_path, trained):
    arguments = ("landscape", "surface", *HITS, "--weights", trained[0], "--steps", 3)
    assert trackscape(*arguments, "-o", "here.npz").status == 0
    others = ("--workers", 2, "--work", "kept", "-o", "there.npz")
    outcome = trackscape(*arguments, *others)
    assert outcome.status == 0, outcome.err
    here, there = (load_surface(tmp_path / f"{name}.npz") for name in ("here", "there"))
    np.testing.assert_array_equal(here.values, there.values)
    before = (tmp_path / "there.npz").read_bytes()
    for again in (others, ("--executor", "queue", "--work", "shared", "-o", "there.npz")):
        (tmp_path / "there.npz").unlink()
        assert trackscape(*arguments, *again).status == 0
        assert (tmp_path / "there.npz").read_bytes() == before


def test_curvature_prints_and_writes(trackscape, tmp_path, trained):
    outcome = trackscape(
        *("landscape", "curvature", *HITS, "--weights", trained[0], "--loss", "bce"),
        *("--eigenvalues", 2, "--products", 6, "--probes", 2),
        *("-o", "all.json", "-o", "all.npz", "-o", "all.png", "--json", "numbers.json"),
    )
    assert outcome.status == 0, outcome.err
    assert "exact Hessian of bce" in outcome.out
    found = json.loads((tmp_path / "all.json").read_text())
    assert len(found["eigenvalues"]) == 2
    assert found["trace"]["low"] < found["trace"]["value"] < found["trace"]["high"]
    del found["origin"]
    assert json.loads((tmp_path / "numbers.json").read_text()) == found


def test_connect_prints_and_writes(trackscape, tmp_path, trained):
    outcome = trackscape(
        *("landscape", "connect", *HITS, trained[0], trained[2], "--steps", 3, "--loss", "bce"),
        *("--curve", "bce", "--curve-steps", 2, "--json", "numbers.json"),
        *("-o", "all.json", "-o", "all.npz", "-o", "all.png"),
    )
    assert outcome.status == 0, outcome.err
    found = json.loads((tmp_path / "all.json").read_text())
    assert list(found["ways"]) == ["line", "aligned line", "curve of bce"]
    assert outcome.out.count("barrier") == 3
    assert found["distances"]["aligned"] <= found["distances"]["plain"]
    del found["origin"]
    assert json.loads((tmp_path / "numbers.json").read_text()) == found


def test_similarity_prints_and_writes(trackscape, tmp_path, trained):
    outcome = trackscape(
        *("landscape", "similarity", *HITS, trained[0], trained[2], "-o", "all.json"),
        *("--json", "-"),
    )
    assert outcome.status == 0, outcome.err
    found = json.loads((tmp_path / "all.json").read_text())
    assert "R1.2" in found["layers"]
    del found["origin"]
    assert json.loads(outcome.out) == found
    assert 0 <= found["disagreement"] <= 1


TINY = ("--steps", 2, "-o", "out.npz")
WRONG: dict[str, tuple[tuple[object, ...], str]] = {
    "loss": ((*TINY, "--loss", "magic"), "cross_entropy, track_likelihood"),
    "steps": (("--steps", 1, "-o", "out.npz"), "2 steps"),
    "ending": (("--steps", 2, "-o", "out.docx"), "out.docx"),
    "direction": ((*TINY, "--along", "sideways"), "'random', 'hessian'"),
    "scale": ((*TINY, "--scale", "huge"), "filter"),
    "norm": ((*TINY, "--norm", "magic"), "frozen"),
    "extent": ((*TINY, "--extent", -1), "extent"),
    "dimensions": ((*TINY, "--dimensions", 100_000), "directions"),
    "dimensions of a picture": (
        ("--steps", 2, "-o", "out.npz", "-o", "out.png", "--dimensions", 3),
        "out.png",
    ),
    "executor": ((*TINY, "--executor", "magic"), "serial, processes"),
    "queue without folder": ((*TINY, "--executor", "queue"), "--work"),
    "method without weights": ((*TINY, "--method", "kalman"), "line-graph-pat"),
    "reject": ((*TINY, "--reject", "nan"), "reject"),
}


@pytest.mark.parametrize("what", WRONG)
def test_settings_of_which_no_surface_can_be_made(trackscape, tmp_path, what):
    arguments, names = WRONG[what]
    outcome = trackscape("landscape", "surface", *HITS, *arguments)
    the_only_sentence(outcome, tmp_path, names=names)


@pytest.mark.parametrize("verb", ["surface", "curvature", "connect", "similarity"])
@pytest.mark.parametrize("damage", ["empty", "NaN", "no truth"])
def test_hits_of_which_no_landscape_can_be_made(
    trackscape, tmp_path, tmp_path_factory, trained, verb, damage
):
    with np.load(samples.VALIDATION, allow_pickle=False) as file:
        rows = file["arr_0"][:500]
    if damage == "empty":
        rows = rows[:0]
    elif damage == "NaN":
        rows["posX"][3] = np.nan
    else:
        truth = ("eventID", "trackID", "parentID")
        rows = rows[[name for name in rows.dtype.names if name not in truth]]
    file = tmp_path_factory.mktemp("hits") / "bad.npz"
    np.savez(file, arr_0=rows)
    networks = trained[:2] if verb in ("connect", "similarity") else ["--weights", trained[0]]
    outcome = trackscape(
        "landscape", verb, file, *networks, "--per-frame", 10, "-o", f"out.{_ending(verb)}"
    )
    the_only_sentence(outcome, tmp_path, names="bad.npz")


def _ending(verb: str) -> str:
    return "npz" if verb == "surface" else "json"


@pytest.mark.parametrize("verb", ["connect", "similarity"])
def test_networks_that_cannot_be_compared(trackscape, tmp_path, tmp_path_factory, trained, verb):
    folder = tmp_path_factory.mktemp("others")
    save_network(HitGraphNetwork(hidden=4), folder / "other.safetensors", about={})
    (folder / "broken.safetensors").write_bytes(b"\x00" * 50)
    for name in ("other", "broken", "absent"):
        path = folder / f"{name}.safetensors"
        outcome = trackscape("landscape", verb, *HITS, trained[0], path, "-o", "out.json")
        the_only_sentence(outcome, tmp_path, names=path.name)
    outcome = trackscape("landscape", verb, *HITS, trained[0], trained[0], "-o", "out.json")
    the_only_sentence(outcome, tmp_path, names="equal")


def test_curvature_of_what_has_none(trackscape, tmp_path):
    arguments = ("landscape", "curvature", *HITS, "--method", "line-graph-ptt", "-o", "out.json")
    outcome = trackscape(*arguments, "--loss", "hamming")
    the_only_sentence(outcome, tmp_path, names="piecewise")
    outcome = trackscape(*arguments, "--loss", "bce", "--eigenvalues", 100_000)
    the_only_sentence(outcome, tmp_path, names="eigenpairs")
    outcome = trackscape(*arguments, "--kind", "magic")
    the_only_sentence(outcome, tmp_path, names="gauss-newton")


def test_help_names_all_losses_that_can_be_trained():
    assert LOSSES == TRAINABLE


@pytest.mark.parametrize("loss", ["hinge", "lpgd", "sinkhorn"])
def test_a_surface_of_any_loss_of_a_training(trackscape, tmp_path, trained, loss):
    outcome = trackscape(
        *("landscape", "surface", *HITS, "--weights", trained[0], "--steps", 2, "--loss", loss),
        *("-o", "all.npz"),
    )
    assert outcome.status == 0, outcome.err
    assert load_surface(tmp_path / "all.npz").names == (loss,)


def test_curvature_of_a_loss_that_follows_a_decision(trackscape, tmp_path, trained):
    arguments = ("landscape", "curvature", *HITS, "--weights", trained[0], "--loss", "hinge")
    outcome = trackscape(*arguments, "-o", "out.json")
    the_only_sentence(outcome, tmp_path, names="piecewise linear")
    small = ("--eigenvalues", 1, "--products", 6, "--probes", 2)
    outcome = trackscape(*arguments, *small, "--kind", "difference", "-o", "out.json")
    assert outcome.status == 0, outcome.err
