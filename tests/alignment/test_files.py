"""Alignments as YAML."""

import dataclasses

import numpy as np
import pytest

from trackscape.alignment import WEAK_MODES, displacements, read_alignment, write_alignment
from trackscape.errors import ConfigError

DEPTH = np.array([225.2315, 277.6315, 333.3815])


@pytest.fixture
def written(tmp_path, displaced):
    """An alignment, and its file."""
    alignment = dataclasses.replace(
        displaced(DEPTH, 0),
        shift_error=np.full((3, 2), 0.0012),
        rotation_error=np.full(3, 2e-5),
        fitted=np.array([True, True, False]),
    )
    path = tmp_path / "alignment.yaml"
    write_alignment(alignment, path)
    return alignment, path


def test_what_is_written_is_read(written):
    alignment, path = written
    read = read_alignment(path)
    np.testing.assert_allclose(displacements(read), displacements(alignment), atol=1e-6)
    np.testing.assert_allclose(read.depth, DEPTH)
    np.testing.assert_allclose(read.shift_error, 0.0012)
    np.testing.assert_allclose(read.rotation_error, 2e-5)
    assert read.unfitted == [2]
    write_alignment(read, path.with_name("again.yaml"))
    assert path.with_name("again.yaml").read_text("utf-8") == path.read_text("utf-8")


def test_the_file_names_units_and_weak_modes(written):
    alignment, path = written
    text = path.read_text("utf-8")
    assert all(f"- {mode}\n" in text for mode in WEAK_MODES)
    assert f"shift_x_mm: {alignment.shift[0, 0]:.6f}" in text
    assert f"rotation_mrad: {1000 * alignment.rotation[0]:.5f}" in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("detector_layers: 3", "detector_layers: 4", "the layers 0 to 3 in their order.*got 3"),
        ("layer: 1,", "layer: 2,", "the layers 0 to 2 in their order"),
        ("alignment 1", "alignment 2", "format is 'trackscape alignment 2'"),
        ("layer: 0,", "stave: 4, layer: 0,", "unknown key layers.0.stave"),
        ("layer: 0,", "", "the key layers.0.layer is missing"),
        ("fitted: false", "fitted: maybe", "layers.2.fitted is 'maybe'"),
        ("depth_mm: 225.2315", "depth_mm: .nan", "layers.0.depth_mm is nan"),
        ("shift_x_error_um: 1.20", "shift_x_error_um: -1", "shift_x_error_um is -1"),
        ("layers:", "layers: [", "expected YAML"),
    ],
)
def test_a_file_that_is_wrong_is_refused(written, old, new, message):
    _, path = written
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError, match=message):
        read_alignment(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="expected a YAML file"):
        read_alignment(tmp_path / "none.yaml")
