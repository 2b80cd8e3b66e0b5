"""The report says what was understood of a file."""

import numpy as np
import pytest

from trackscape.formats import inspect_hits
from trackscape.samples import VALIDATION


def test_counts(published, save_npz):
    # Rows 9 and 10 lie in one layer but belong to two tracks; row 1 is doubled.
    twice = {name: np.append(values, values[1]) for name, values in published.items()}
    report = inspect_hits(save_npz(twice))
    truth = report.truth
    assert truth is not None
    assert (report.rows, truth.hits, truth.primary_hits) == (13, 12, 11)
    assert (truth.events, truth.events_without_primary) == (2, 0)
    assert truth.hits_per_event == (6, 6.0, 6)
    assert truth.particles is None
    assert report.spots is None
    assert report.energy_range == pytest.approx((0.01, 0.12))


def test_layers(published, save_npz):
    layers = inspect_hits(save_npz(published)).layers
    assert (layers.count, layers.last) == (6, 5)
    assert layers.z_range == pytest.approx((225.2, 349.92), abs=1e-3)
    assert layers.pitch == pytest.approx((5.5, 5.5, 55.8), abs=0.03)
    assert layers.rule == "level1ID if level2ID is -1, else 2 + level2ID"
    assert layers.rejected == ()


def test_pitch_is_taken_between_neighbours_only(unnumbered, save_npz, layers):
    report = inspect_hits(save_npz(unnumbered | {"layer": 2 * np.array(layers)}))
    assert report.layers.pitch is None


def test_spots_and_particles(published, save_npz):
    spot = np.repeat([0.0, 7.0], 6)
    codes = np.where(np.arange(12) == 10, 11, 2212)
    report = inspect_hits(save_npz(published | {"spotX": spot, "spotY": spot, "pdg": codes}))
    assert report.spots == 2
    assert report.truth is not None
    assert report.truth.particles == {2212: 11, 11: 1}
    assert report.remarks == ()
    assert "proton 11, electron 1" in report.render()


def test_measured_hits(published, save_npz):
    names = ("posX", "posY", "posZ", "edep")
    report = inspect_hits(save_npz({name: published[name] for name in names}))
    assert report.truth is None
    assert report.layers.rejected == ()
    assert any(remark.startswith("no truth") for remark in report.remarks)


@pytest.mark.parametrize(("unit", "noted"), [(1.0, False), (1e3, True)])
def test_deposits_that_must_be_in_kev_are_noted(published, save_npz, unit, noted):
    report = inspect_hits(save_npz(published | {"edep": unit * np.array(published["edep"])}))
    assert any("in keV" in remark for remark in report.remarks) == noted


def test_text_names_columns_rule_and_what_is_missing(published, save_npz):
    path = save_npz(published | {"mass": np.zeros(12)})
    text = inspect_hits(path).render()
    assert text.startswith(str(path))
    for part in (
        "posX      x in mm",
        "ignored columns    mass",
        "layer rule         level1ID if level2ID is -1, else 2 + level2ID",
        "energy of a row    10 to 120 keV",
        "no particle codes (pdg)",
        "no beam spots (spotX, spotY)",
    ):
        assert part in text


def test_rejected_rules_are_told(unnumbered, save_npz, layers):
    levels = {"level1ID": np.zeros(12, dtype=int), "level2ID": np.zeros(12, dtype=int)}
    copies = {"PreStepVolumeCopyNo": np.array(layers)}
    text = inspect_hits(save_npz(unnumbered | levels | copies)).render()
    assert "rule not used      level1ID if level2ID is -1, else 2 + level2ID: layer 2" in text
    assert "layer rule         PreStepVolumeCopyNo" in text


def test_sample():
    report = inspect_hits(VALIDATION)
    assert report.truth is not None
    rows = np.load(VALIDATION)["arr_0"]
    assert report.truth.hits == report.rows == len(rows)
    assert report.truth.events == len(np.unique(rows["eventID"]))
    primaries = rows[rows["parentID"] == 0]
    without = len(np.unique(rows["eventID"])) - len(np.unique(primaries["eventID"]))
    assert report.truth.events_without_primary == without
    _, counts = np.unique(rows["eventID"], return_counts=True)
    assert report.truth.hits_per_event == (counts.min(), np.median(counts), counts.max())
    assert report.layers.pitch == pytest.approx((5.5, 5.5, 55.75), abs=0.03)


@pytest.mark.data
def test_real_gate_file_has_its_known_counts(shared_data):
    report = inspect_hits(shared_data / "gate" / "dtc_al3mm_degrader250mm_250MeV.npz")
    assert report.truth is not None
    assert (report.rows, report.truth.hits, report.truth.primary_hits) == (79_044, 71_369, 67_768)
    assert (report.truth.events, report.truth.events_without_primary) == (4163, 4163 - 3899)
    assert report.layers.pitch is not None
    assert report.layers.pitch[1] == pytest.approx(3.435, abs=0.01)
