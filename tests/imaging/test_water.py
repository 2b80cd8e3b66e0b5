"""Depths in water: planes of the detector, and ranges of protons."""

import numpy as np
import pytest

from trackscape.imaging.water import momentum_velocity_in_water, water_depths, water_range
from trackscape.simulation import load_detector


@pytest.fixture(scope="module")
def depths():
    return water_depths(load_detector("bergen-auto"))


def test_the_planes_lie_where_slab_by_slab_integration_puts_them(depths) -> None:
    assert depths.plane[:4] == pytest.approx([0.45, 1.94, 10.57, 18.75], abs=0.03)
    assert np.diff(depths.plane)[2:20].mean() == pytest.approx(8.17, abs=0.02)


def test_depth_grows_with_z_and_planes_are_places_of_it(depths) -> None:
    z = np.linspace(200, 560, 1000)
    assert (np.diff(depths.of_z(z)) >= 0).all()
    assert depths.of_z(load_detector("bergen-auto").layer_z) == pytest.approx(depths.plane)
    assert depths.of_z(100.0) == 0


def test_pv_falls_to_that_of_the_energy_that_is_left() -> None:
    from trackscape.simulation.physics.kinematics import PROTON_MASS

    energy = 230.0
    expected = energy * (energy + 2 * PROTON_MASS) / (energy + PROTON_MASS)
    pv = momentum_velocity_in_water(energy, np.linspace(0, 320, 50))
    assert pv[0] == pytest.approx(expected)
    assert (np.diff(pv) < 0).all()


def test_the_range_of_230_mev_is_that_of_the_tables() -> None:
    # PSTAR: 32.95 g/cm2 for I = 75 eV; 0.5 % more for 78 eV
    assert water_range(230.0) == pytest.approx(331.0, abs=1.5)
