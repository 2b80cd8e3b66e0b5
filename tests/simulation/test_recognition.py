"""Detectors are told apart by the depths of their layers."""

import math

import pytest

from trackscape.errors import ConfigError
from trackscape.simulation import (
    Geometry,
    geometry_of,
    geometry_of_hits,
    layer_depths,
    recognise_detector,
    shipped_detectors,
)


@pytest.mark.parametrize("name", shipped_detectors())
@pytest.mark.parametrize("shift", [0.0, -127.0])
def test_a_shipped_detector_is_recognised_wherever_z_counts_from(name: str, shift: float):
    depths = {k: z + shift for k, z in enumerate(geometry_of(name).layer_z) if k % 5 != 3}
    assert recognise_detector(depths) == geometry_of_hits(depths) == geometry_of(name)


def test_a_detector_that_is_not_shipped_is_not_guessed():
    depths = {k: 4.0 * k for k in range(20)}
    assert recognise_detector(depths) is None
    found = geometry_of_hits(depths)
    assert (found.name, len(found.layer_z), found.thickness) == ("unknown", 20, None)
    assert str(found) == "unknown (20 layers, 4 mm apart)"


@pytest.mark.parametrize("n_layers", [0, 1, 2])
def test_few_layers_tell_nothing(n_layers: int):
    z = geometry_of("bergen-auto").layer_z
    assert recognise_detector({k: z[k] for k in range(n_layers)}) is None


def test_layers_that_the_detector_lacks_do_not_fit():
    auto = geometry_of("bergen-auto")
    assert auto.distance({43: 600.0}) == math.inf
    assert auto.distance({}) == 0


def test_a_geometry_survives_its_text():
    for geometry in (geometry_of("gate-2017-al3mm"), geometry_of_hits({0: 1.0, 2: 5.0})):
        assert Geometry.from_json(geometry.to_json()) == geometry


def test_depths_are_means_of_the_layers_that_have_hits():
    import numpy as np

    assert layer_depths(np.array([4, 1, 4]), np.array([1.0, 7.0, 2.0])) == {1: 7.0, 4: 1.5}


def test_an_unknown_name_is_refused():
    with pytest.raises(ConfigError):
        geometry_of("no-such-detector")
