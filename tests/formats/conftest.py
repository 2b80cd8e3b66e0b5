"""Hits and columns that the tests of `trackscape.formats` share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from trackscape.data import Hits, Truth

LAYER_Z = np.array([225.2, 277.6, 333.4, 338.9, 344.4, 349.9])
"""mm; two trackers and four calorimeter layers."""
LAYERS = np.array([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 3, 5])


@pytest.fixture
def published() -> dict[str, np.ndarray]:
    """Columns of the published format: two protons and one electron (in row 10)."""
    return {
        "posX": np.linspace(-3, 3, 12, dtype=np.float32),
        "posY": np.linspace(5, -5, 12, dtype=np.float32),
        "posZ": (LAYER_Z[LAYERS] + np.linspace(0, 0.02, 12)).astype(np.float32),
        "edep": np.linspace(0.01, 0.12, 12, dtype=np.float32),
        "eventID": np.repeat([4, 7], 6).astype(np.int32),
        "trackID": np.where(np.arange(12) == 10, 2, 1).astype(np.int32),
        "parentID": np.where(np.arange(12) == 10, 1, 0).astype(np.int32),
        "level1ID": np.where(LAYERS < 2, LAYERS, 0).astype(np.int32),
        "level2ID": np.where(LAYERS < 2, -1, LAYERS - 2).astype(np.int32),
    }


@pytest.fixture
def layers() -> list[int]:
    """The layers of `published`."""
    return LAYERS.tolist()


@pytest.fixture
def unnumbered(published: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`published` without volume numbers."""
    return {name: values for name, values in published.items() if not name.startswith("level")}


@pytest.fixture
def save_npz(tmp_path: Path) -> Callable[[dict[str, np.ndarray]], Path]:
    """Writes columns as a structured array under `arr_0`."""

    def save(columns: dict[str, np.ndarray]) -> Path:
        rows = len(columns["posX"])
        array = np.empty(rows, dtype=[(name, values.dtype) for name, values in columns.items()])
        for name, values in columns.items():
            array[name] = values
        np.savez(tmp_path / "hits.npz", array)
        return tmp_path / "hits.npz"

    return save


@pytest.fixture
def same_hits() -> Callable[[Hits, Hits], None]:
    """Asserts that hits agree in all fields, types included."""

    def check(first: Hits, second: Hits) -> None:
        assert torch.equal(first.position, second.position)
        assert first.position.dtype == second.position.dtype
        assert torch.equal(first.energy, second.energy)
        assert first.energy.dtype == second.energy.dtype
        assert torch.equal(first.layer, second.layer)
        assert (first.spot is None) == (second.spot is None)
        assert first.spot is None or second.spot is None or torch.equal(first.spot, second.spot)
        assert (first.truth is None) == (second.truth is None)
        if first.truth is not None and second.truth is not None:
            same_truth(first.truth, second.truth)

    def same_truth(first: Truth, second: Truth) -> None:
        assert torch.equal(first.event, second.event)
        assert torch.equal(first.track, second.track)
        assert torch.equal(first.parent, second.parent)
        assert (first.pdg is None) == (second.pdg is None)
        assert first.pdg is None or second.pdg is None or torch.equal(first.pdg, second.pdg)

    return check
