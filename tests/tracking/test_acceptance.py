"""The cut follows the detector, it is said why, and methods of another detector are warned of."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from trackscape import samples, simulation
from trackscape.cli.main import app
from trackscape.data import Hits
from trackscape.errors import DataError
from trackscape.evaluation.evaluate import read_frames, split_file
from trackscape.scoring import build_network, save_network
from trackscape.simulation import describe_detector, geometry_of, mismatch
from trackscape.tracking import Acceptance
from trackscape.tracking.acceptance import (
    DETECTOR,
    choose_cut,
    describe_acceptance,
    trained_for,
)
from trackscape.units import keV

AUTO = dict(enumerate(geometry_of("bergen-auto").layer_z[:30]))
GATE = dict(enumerate(geometry_of("gate-2017-al3mm").layer_z[:60]))
OTHER = {k: 4.0 * k for k in range(20)}


@pytest.mark.parametrize(
    ("depths", "options", "deposit", "reason"),
    [
        (AUTO, {}, 62.5, "of bergen-auto, recognised"),
        (GATE, {}, 34.75, "13.9 um of silicon of gate-2017-al3mm, recognised"),
        (OTHER, {}, 62.5, "detector of these hits is not known"),
        (OTHER, {"detector": "gate-2017-al3mm"}, 34.75, "as chosen"),
        (GATE, {"detector": "bergen-auto"}, 62.5, "as chosen"),
        (GATE, {"detector": "bergen-auto", "min_last_deposit": 20 * keV}, 20, "as chosen"),
    ],
)
def test_the_cut_follows_the_detector_of_the_hits(
    depths: dict[int, float], options: dict, deposit: float, reason: str
):
    cut = choose_cut(depths, **options)
    assert cut.min_last_deposit / keV == pytest.approx(deposit)
    assert reason in str(cut)
    assert f"more than {deposit:.4g} keV" in str(cut)


@pytest.mark.parametrize("deposit", [-1.0, float("nan"), float("inf")])
def test_a_cut_that_is_no_deposit_is_refused(deposit: float):
    with pytest.raises(DataError, match="deposit of 0 keV or more"):
        choose_cut(AUTO, min_last_deposit=deposit)


def test_a_method_for_another_detector_is_warned_of():
    assert mismatch(AUTO, trained_for(), what="trackscape") is None
    warning = mismatch(GATE, trained_for(), what="trackscape")
    assert "trackscape was made for the detector bergen-auto (43 layers, 5.5 mm apart" in warning
    assert "these hits are of gate-2017-al3mm (101 layers, 3.435 mm apart" in warning
    assert "unknown (20 layers, 4 mm apart)" in mismatch(OTHER, trained_for(), what="kalman")
    said = {"what": "kalman", "detector": "bergen-auto"}  # which is not true
    assert "these hits are of gate-2017-al3mm" in mismatch(GATE, trained_for(), **said)
    assert describe_detector(AUTO)[1:] == []
    assert "every shipped method" in describe_detector(GATE)[1]


def test_a_detector_that_is_named_is_called_by_its_name(tmp_path: Path):
    path = tmp_path / "toy.yaml"
    shipped = Path(simulation.__file__).parent / "detectors" / "gate-2017-al3mm.yaml"
    path.write_text(shipped.read_text().replace("name: gate-2017-al3mm", "name: toy"))
    warning = mismatch(GATE, trained_for(), what="kalman", detector=str(path))
    assert warning is not None
    assert "these hits are of toy (101 layers" in warning


def test_weights_know_their_detector(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    gate = geometry_of("gate-2017-al3mm")
    save_network(build_network("belief"), path, about={DETECTOR: gate.to_json()})
    assert trained_for(path) == gate
    assert mismatch(GATE, trained_for(path), what="w") is None
    assert "w was made for the detector gate-2017" in mismatch(AUTO, trained_for(path), what="w")


@pytest.mark.parametrize("about", [{}, {DETECTOR: "no json"}, {DETECTOR: 3}, {DETECTOR: "{}"}])
def test_weights_that_do_not_name_a_detector_are_not_judged(tmp_path: Path, about: dict):
    path = tmp_path / "w.safetensors"
    save_network(build_network("belief"), path, about=about)
    assert trained_for(path) is None
    assert mismatch(GATE, trained_for(path), what="w") is None


def test_what_the_cuts_did_is_told_in_a_sentence():
    text = describe_acceptance(Acceptance(5647, 3374, 1740, 533), left_over=63)
    assert text == (
        "5,647 chains: 3,374 accepted, 1,740 rejected with fewer than 5 hits, 533 with too little "
        "deposit in the last layer. 63 events were left over, too few for a frame."
    )


def test_events_that_are_in_no_frame_are_counted():
    found = split_file(samples.VALIDATION, per_frame=100)
    assert (len(found.frames), found.left_over) == (8, 77)
    assert len(read_frames(samples.VALIDATION, per_frame=100)) == 8
    spots = torch.unique(torch.cat([hits.known_truth.event for hits in found.frames]))
    assert len(spots) == 800


@pytest.fixture
def thin_file(tmp_path: Path, straight_tracks: Callable[..., Hits]) -> Path:
    """Protons in the layers of gate-2017-al3mm that leave 50 keV where they stop."""
    from trackscape.formats import write_hits

    hits = straight_tracks(12, n_layers=8)
    z = torch.tensor(geometry_of("gate-2017-al3mm").layer_z)[hits.layer].float()
    position = torch.stack([hits.position[:, 0], hits.position[:, 1], z], dim=1)
    energy = torch.where(hits.layer == 7, 0.05, 0.03).float()
    path = tmp_path / "thin.npz"
    write_hits(Hits(position=position, energy=energy, layer=hits.layer, truth=hits.truth), path)
    return path


@pytest.mark.parametrize("verb", ["reconstruct", "evaluate", "display"])
def test_every_verb_says_what_it_rejected_and_why(thin_file: Path, tmp_path: Path, verb: str):
    outputs = {"reconstruct": ["-o", str(tmp_path / "t.csv")], "evaluate": []}
    outputs["display"] = ["-o", str(tmp_path / "frame.png")]
    command = [verb, str(thin_file), "--per-frame", "5", "--method", "greedy", *outputs[verb]]

    def said(*options: str) -> str:
        result = CliRunner().invoke(app, [*command, *options])
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    n = 5 if verb == "display" else 10
    text = said()
    assert "more than 34.75 keV in the last layer" in text
    assert "gate-2017-al3mm, recognised by the depths of its layers" in text
    assert "Warning: greedy was made for the detector bergen-auto" in text
    assert f"{n} accepted" in text
    assert ("2 events were left over" in text) == (verb != "display")
    for options in (["--min-last-deposit", "62.5"], ["--detector", "bergen-auto"]):
        text = said(*options)
        assert ": 0 accepted" in text
        assert f"{n} with too little deposit" in text
