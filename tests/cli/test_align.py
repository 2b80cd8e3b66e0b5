"""`trackscape align`."""

import dataclasses
import json
import re

import numpy as np
import pytest

from trackscape.alignment import displace_hits, no_alignment, read_alignment, start_alignment
from trackscape.data import Hits
from trackscape.evaluation import read_frames
from trackscape.formats import write_hits
from trackscape.samples import TRAIN


@pytest.fixture
def displaced_file(tmp_path):
    """Hits of the sample with layer 5 shifted by 0.1 mm in y."""
    frames = read_frames(TRAIN, per_frame=100)[:6]
    depth = start_alignment(frames).depth
    shift = np.zeros((len(depth), 2))
    shift[5, 1] = 0.1
    there = dataclasses.replace(no_alignment(depth), shift=shift)
    path = tmp_path / "hits.npz"
    write_hits(displace_hits(Hits.join(frames), there), path)
    return path


def test_a_displaced_layer_is_found(trackscape, displaced_file):
    options = ("--per-frame", 100, "-o", "alignment.yaml", "--json", "numbers.json")
    outcome = trackscape("align", displaced_file, *options)
    assert outcome.status == 0, outcome.err
    assert "alignment.yaml: 16 layers from 6 frames." in outcome.out
    assert "Left at 0, as too few protons reach them: layers 16 to " in outcome.out
    before, after = (float(number) for number in re.findall(r"\d\.\d{4}", outcome.out))
    assert after > before
    found = read_alignment(displaced_file.with_name("alignment.yaml"))
    numbers = json.loads(displaced_file.with_name("numbers.json").read_text())
    assert numbers["evidence_after"] == pytest.approx(after, abs=1e-4)
    assert [each["fitted"] for each in numbers["layers"]] == found.fitted.tolist()
    shift = [each["shift"] for each in numbers["layers"]]
    np.testing.assert_allclose(shift, found.shift, atol=1e-6)  # mm, as the file rounds
    neighbours = (found.shift[4, 1] + found.shift[6, 1]) / 2
    assert found.shift[5, 1] - neighbours == pytest.approx(0.1, abs=0.01)


def test_too_few_protons(trackscape, displaced_file):
    options = ("--per-frame", 100, "--frames", 2, "-o", "alignment.yaml")
    outcome = trackscape("align", displaced_file, *options)
    assert outcome.status == 2
    assert "got 0 in 2 frames; take more frames" in outcome.err
    assert not displaced_file.with_name("alignment.yaml").exists()


def test_a_file_of_another_kind_is_refused_before_work(trackscape, displaced_file):
    outcome = trackscape("align", displaced_file, "--per-frame", 100, "-o", "alignment.txt")
    assert outcome.status == 2
    assert "ends with .yaml, .yml" in outcome.err
