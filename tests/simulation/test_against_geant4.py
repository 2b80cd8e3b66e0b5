"""The fast engine against Geant4 hits: no number of the comparison is out of tolerance."""

import pytest

from trackscape import samples
from trackscape.comparison import compare_files
from trackscape.simulation import make_setup, simulate


def failures(comparison):
    """Numbers beyond their limit by four standard deviations: two are not rare among hundreds."""
    return [
        row
        for row in comparison.rows
        if row.verdict == "fail" and abs(row.difference) - row.quantity.limit > 4 * row.error
    ]


def test_nothing_is_out_of_tolerance_behind_150_mm(tmp_path):
    """Against the 1,900 protons that the package ships."""
    path = tmp_path / "fast.npz"
    simulate(make_setup(phantom="water:150"), path, primaries=10_000, seed=5)
    comparison = compare_files(samples.TRAIN, path)
    assert len(comparison.rows) > 200
    assert failures(comparison) == []


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("thickness", [100, 150, 200])
def test_nothing_is_out_of_tolerance_against_the_full_files(shared_data, tmp_path, thickness):
    """Against 60,000 protons, with the energies and angles behind the phantom."""
    path, truth = tmp_path / "fast.npz", tmp_path / "fast_truth.npz"
    setup = make_setup(phantom=f"water:{thickness}")
    simulate(setup, path, primaries=20_000, seed=5, truth=truth)
    comparison = compare_files(shared_data / "geant4" / f"water_{thickness}_train.npz", path)
    assert any(row.key.quantity == "survival" for row in comparison.rows)
    assert failures(comparison) == []
