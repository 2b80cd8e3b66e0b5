"""Protons along the axes of their spots, through objects whose image is known."""

import importlib.util
import math
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from trackscape.imaging.hull import Cylinder
from trackscape.imaging.paths import Optics
from trackscape.imaging.protons import PathModel, Protons

MAGNET = Optics().beam.magnet


def axis_protons(
    angle: float,
    wepl_of: Callable[[np.ndarray, float], np.ndarray],
    *,
    n: int = 4000,
    seed: int = 0,
) -> Protons:
    """Protons that follow the axes of their spots, evenly over 180 mm.

    Arguments:
        angle: Rotation in rad.
        wepl_of: WEPL in mm of lines that cross the plane of the axis at u, at the angle.
        n: Number of protons.
        seed: Seed of where they are.
    """
    u = np.random.default_rng(seed).uniform(-90, 90, n)
    side = np.stack([u, u * (1 + Optics().rear / MAGNET), u / MAGNET], axis=1)
    return Protons(
        angle=angle,
        known=np.stack([side, np.zeros_like(side)], axis=1),
        entrance=np.full(n, -70.0),
        exit=np.full(n, 70.0),
        wepl=wepl_of(u, angle),
        weight=np.ones(n),
        sd=np.full(n, 5.0),
        group=np.arange(n),
        row=np.arange(n),
    )


def chord(u: np.ndarray, *, x: float, z: float, radius: float, angle: float) -> np.ndarray:
    """Length in mm inside of a disc at (x, z) of the object of the lines through u."""
    at = math.cos(angle) * x + math.sin(angle) * z
    depth = math.cos(angle) * z - math.sin(angle) * x
    distance = (u * (1 + depth / MAGNET) - at) / np.sqrt(1 + (u / MAGNET) ** 2)
    return 2 * np.sqrt(np.maximum(radius**2 - distance**2, 0.0))


@pytest.fixture(scope="session")
def geometry() -> PathModel:
    return PathModel.of(Optics(), Cylinder(75.0))


@pytest.fixture
def run_itk(tmp_path) -> Callable[[str], None]:
    """Runs lines of Python that may use `itk` and `np`, in the folder of the test."""
    if importlib.util.find_spec("itk") is None:
        pytest.skip("itk is not installed")

    def run(code: str) -> None:
        # In a process of its own: ITK ends the one that imports it while warnings are errors.
        command = [sys.executable, "-c", f"import itk, numpy as np\n{code}"]
        process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert process.returncode == 0, process.stderr

    return run
