"""Every tutorial runs; each checks itself."""

import runpy
from pathlib import Path

import pytest

TUTORIALS = sorted((Path(__file__).parents[1] / "docs" / "tutorials").glob("*.py"))
NEEDS = {
    "06_the_landscape_of_a_jax_model": "jax",
    "07_the_landscape_of_a_keras_model": "tensorflow",
    "08_tune_any_model": "sklearn",
}
"""Packages of other models; the first two are in `requirements/foreign.txt` only."""


def test_there_are_tutorials():
    assert len(TUTORIALS) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial(path):
    if path.stem in NEEDS:
        pytest.importorskip(NEEDS[path.stem])
    runpy.run_path(str(path), run_name="__main__")
