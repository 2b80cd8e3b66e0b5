"""Engines of others show an object where it is: angles and axes mean the same to all."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.imaging.engines import ENGINES, SHAPE, SIZE
from imaging.conftest import chord
from trackscape.imaging import Grid

ROOT = Path(__file__).parents[2]
MODULES = {"itk-rtk": "itk", "astra-toolbox": "astra", "scikit-image": "skimage"}
DISCS = ((40.0, 25.0, 6.0, 1.0), (-10.0, 45.0, 8.0, 2.0))
"""x, z and radius in mm, and stopping power."""
ITERATIONS = {"astra-sirt": "100", "astra-cgls": "6", "scikit-sart": "3"}


def write_sinogram(folder: Path) -> None:
    angles, u = np.radians(np.arange(90) * 4.0), np.arange(-90.0, 91.0)
    wepl = np.zeros((90, 181), np.float32)
    for x, z, radius, value in DISCS:
        for row, angle in zip(wepl, angles, strict=True):
            row += value * chord(u, x=x, z=z, radius=radius, angle=angle)
    np.savez(folder / "sinogram.npz", wepl=wepl, angles=angles)


@pytest.mark.parametrize("name", [name for name in ENGINES if name not in ("ours", "ours-tv")])
def test_every_engine_shows_discs_where_they_are(tmp_path, name):
    module = MODULES.get(ENGINES[name].package)
    if module is not None and importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    write_sinogram(tmp_path)
    output = tmp_path / "image.npz"
    arguments = [name, str(tmp_path), ITERATIONS.get(name, "0"), str(output), "1"]
    # In a process of its own: ITK ends the one that imports it while warnings are errors.
    subprocess.run(
        [sys.executable, "-m", "benchmarks.imaging.engines", *arguments],
        cwd=ROOT,
        check=True,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )
    with np.load(output) as arrays:
        image = arrays["image"]
    assert image.shape == SHAPE
    grid = Grid(size=SIZE).empty()
    x, z = grid.axis(0)[:, None], grid.axis(2)[None, :]
    for at_x, at_z, radius, value in DISCS:
        distance = np.hypot(x - at_x, z - at_z)
        assert image[distance < radius - 3].mean() == pytest.approx(
            value, rel=0.1 if name in ITERATIONS else 0.03
        )
        outside = distance < radius + 8
        weight = np.clip(image, 0, None) * outside
        assert (weight * x).sum() / weight.sum() == pytest.approx(at_x, abs=0.3)
        assert (weight * z).sum() / weight.sum() == pytest.approx(at_z, abs=0.3)
