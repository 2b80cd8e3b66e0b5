"""Each verb on the shipped sample: what it prints, what it writes."""

import dataclasses
import json
import re

import numpy as np
import pyarrow.parquet
import pytest

import trackscape as package
from trackscape import samples
from trackscape.imaging import read_calibration, write_calibration


def test_version_and_help(trackscape):
    assert package.__version__ in trackscape("--version").out
    for verb in ("inspect", "train", "reconstruct", "evaluate", "display", "demo"):
        assert trackscape(verb, "--help").status == 0


def test_inspect_names_what_it_found(trackscape):
    outcome = trackscape("inspect", samples.VALIDATION)
    assert outcome.status == 0
    assert "18,377" in outcome.out  # rows of the sample
    assert "parent track" in outcome.out


def test_reconstruct_writes_one_row_for_each_hit_on_a_track(trackscape, tmp_path):
    outcome = trackscape(
        "reconstruct", samples.VALIDATION, "--per-frame", 50, "-o", "tracks.parquet"
    )
    assert outcome.status == 0, outcome.err
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["tracks.parquet", "tracks_ranges.parquet"]
    table = pyarrow.parquet.read_table(tmp_path / "tracks.parquet").to_pydict()
    steps, layers = table["step"], table["layer"]
    assert set(table["frame"]) == set(range(17))
    for row in range(1, len(steps)):  # a track passes layer by layer
        if steps[row] > 0:
            assert steps[row] == steps[row - 1] + 1
            assert layers[row] == layers[row - 1] + 1
            assert table["track"][row] == table["track"][row - 1]
    ranges = pyarrow.parquet.read_table(tmp_path / "tracks_ranges.parquet").to_pydict()
    assert len(ranges["track"]) == steps.count(0)
    assert sum(ranges["hits"]) == len(steps)
    wepl = np.array(ranges["wepl"])[np.array(ranges["right"]) == 1]
    assert np.median(wepl) == pytest.approx(150, abs=1)  # the sample is behind 150 mm of water


def test_reconstruct_says_why_there_are_no_ranges(trackscape, tmp_path):
    hits = dict(np.load(samples.VALIDATION))["arr_0"]
    hits["posZ"] *= 1.1  # of a detector that is not known
    np.savez(tmp_path / "other.npz", arr_0=hits)
    arguments = ("--per-frame", 50, "--method", "greedy", "-o", "t.csv")
    outcome = trackscape("reconstruct", "other.npz", *arguments)
    assert outcome.status == 0, outcome.err
    assert "No ranges: " in outcome.out
    assert "`trackscape calibrate`" in outcome.out
    assert not (tmp_path / "t_ranges.csv").exists()


@pytest.mark.parametrize("shift", [1.0, 1.1])
def test_a_calibration_of_another_detector_is_refused_before_any_work(trackscape, tmp_path, shift):
    made = read_calibration()
    fewer = dataclasses.replace(made, plane=made.plane[:20], provenance={"detector": "short"})
    write_calibration(fewer, tmp_path / "short.npz")
    hits = dict(np.load(samples.VALIDATION))["arr_0"]
    hits["posZ"] *= shift  # a detector that is known, and one that is not
    np.savez(tmp_path / "hits.npz", arr_0=hits)
    arguments = ("hits.npz", "--per-frame", 50, "--calibration", "short.npz", "-o", "t.csv")
    outcome = trackscape("reconstruct", *arguments)
    assert outcome.status == 2
    assert "short.npz is for short with 20 layers; make one with `trackscape calibr" in outcome.err
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize("method", ["line-graph-ptt", "line-graph-pat"])
def test_evaluate_prints_a_table_and_writes_json(trackscape, tmp_path, method):
    arguments = ("--per-frame", 100, "--method", method, "--json", "out.json")
    outcome = trackscape("evaluate", samples.VALIDATION, *arguments)
    assert outcome.status == 0, outcome.err
    assert "purity" in outcome.out
    result = json.loads((tmp_path / "out.json").read_text())
    assert result["method"] == method
    assert result["per_frame"] == 100
    assert result["frames"] == 8
    # The published purity on such frames is 92 %; the sample is small.
    assert 0.85 < result["purity"] < 1
    low, high = result["purity_ci"]
    assert low < result["purity"] < high
    assert 0.7 < result["efficiency"] < 1
    assert 0.98 < result["edge_tpr"] < 1
    assert 0 < result["edge_fpr"] < 0.01
    assert 0.95 < result["graph_ceiling"] < 1
    assert result["seconds_per_frame"] > 0
    assert len(result["efficiency_ci"]) == 2


def test_display_draws_a_picture_and_a_page(trackscape, tmp_path):
    outcome = trackscape("display", samples.VALIDATION, "--per-frame", 20, "-o", "pictures/f.png")
    assert outcome.status == 0, outcome.err
    assert (tmp_path / "pictures" / "f.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "pictures" / "f.html").read_text()
    assert "<canvas" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_display_puts_several_frames_on_one_page(trackscape, tmp_path):
    given = ("display", samples.VALIDATION, "--per-frame", 20, "--method", "greedy")
    outcome = trackscape(*given, "--frame", "2-4", "-o", "f.html")
    assert outcome.status == 0, outcome.err
    assert outcome.out.splitlines()[1].startswith("Frames 2 to 4: ")
    page = (tmp_path / "f.html").read_text("utf-8")
    assert "frames 2 to 4, 20 p+/F, greedy" in page
    assert re.findall(r'<tr><td class="number">(\d+)</td>', page) == ["2", "3", "4"]


def test_reconstruct_on_a_device_writes_the_same_tracks(trackscape, tmp_path):
    rows = np.load(samples.VALIDATION)["arr_0"]
    np.savez(tmp_path / "h.npz", arr_0=rows[rows["eventID"] < np.unique(rows["eventID"])[40]])
    tables = []
    for name, options in {"a": (), "b": ("--device", "cpu")}.items():
        output = tmp_path / f"{name}.parquet"
        given = ("reconstruct", tmp_path / "h.npz", "--per-frame", 10, "-o", output, *options)
        outcome = trackscape(*given)
        assert outcome.status == 0, outcome.err
        tables.append(pyarrow.parquet.read_table(output))
    assert tables[0].num_rows > 0
    assert tables[0].equals(tables[1])
    options = ("--min-probability", 0.95, "-o", tmp_path / "c.parquet")
    outcome = trackscape("reconstruct", tmp_path / "h.npz", "--per-frame", 10, *options)
    assert " with too small a probability." in outcome.out
    probability = pyarrow.parquet.read_table(tmp_path / "c_ranges.parquet")[
        "probability"
    ].to_numpy()
    assert probability.min() >= 0.95
    options = ("--device", "nonsense", "-o", tmp_path / "d.parquet")
    outcome = trackscape("reconstruct", tmp_path / "h.npz", "--per-frame", 10, *options)
    assert outcome.status == 2
    assert "Expected a device of this machine" in outcome.err


def test_shipped_settings_are_listed_and_shown(trackscape, tmp_path):
    assert "cpu/trackscape" in trackscape("config", "list").out.split()
    shown = trackscape("config", "show", "cpu/trackscape").out
    (tmp_path / "own.yaml").write_text(shown)
    outcome = trackscape("train", "own.yaml", "--data", "nowhere", "--set", "optimiser.steps=7")
    assert outcome.status == 2
    assert "optimiser: steps (7) must be a multiple" in outcome.err


def test_only_shipped_settings_are_shown(trackscape, tmp_path):
    (tmp_path / "own.yaml").write_bytes(b"\xf7")
    outcome = trackscape("config", "show", "own.yaml")
    assert outcome.status == 2
    assert "own.yaml: expected a YAML file or the name of shipped settings" in outcome.err


def test_doctor_knows_what_is_installed(trackscape):
    found = json.loads(trackscape("doctor", "--json", "-").out)
    assert found["trackscape"] == package.__version__
    assert found["packages"]["numpy"] == np.__version__
    assert found["extras"].keys() >= {"root", "cluster", "tuning"}
    assert str(found["cores"]) in trackscape("doctor").out
