"""Scattering and deposits against published values, integrals and Geant4's hits."""

import math

import numpy as np
import pytest
import torch

from trackscape.data import Hits
from trackscape.errors import ConfigError
from trackscape.simulation import load_detector
from trackscape.tracking.baselines.motion_model import material_effects

TABLE = material_effects("bergen-auto")
N_LAYERS = 43


def test_widths_of_the_scattering_angle():
    # Highland by hand for a calorimeter layer, x/X0 = 0.0428, with pv = 364.9, 190.4, 78.4 MeV of
    # protons of 200, 100 and 40 MeV; they have ranges of 259.6, 77.2 and 14.9 mm of water (PSTAR)
    # and a layer is worth 8.14 mm.
    width = 1e3 * np.sqrt(TABLE.noise[40, :, 2])
    left = 40.5 - (np.arange(N_LAYERS) - 0.5)
    for layers, expected in [(31.9, 7.12), (9.48, 13.96), (1.83, 35.05)]:
        assert np.interp(layers, left[:2:-1], width[:2:-1]) == pytest.approx(expected, rel=0.05)


def test_the_way_from_layer_to_layer_has_the_noise_of_its_slabs():
    # Cut into thin plates that each only turn the track, at the same depth.
    stack = load_detector("bergen-auto")
    for layer in (1, 2, 3, 20):
        z = np.linspace(stack.layer_z[layer - 1], stack.layer_z[layer], 200_001)
        middle = 0.5 * (z[1:] + z[:-1])
        slab = np.searchsorted(stack.edges, middle) - 1
        lengths = [s.material.density / s.material.radiation_length for s in stack.slabs]
        weight = np.array(lengths)[slab] / np.array(lengths)[slab].sum()
        reach = middle - z[0]
        moments = np.array([weight @ reach**2, -weight @ reach, 1.0])
        assert TABLE.noise[30, layer] == pytest.approx(
            TABLE.noise[30, layer, 2] * moments, rel=1e-3
        )


def test_noise_is_a_covariance_and_grows_along_the_way():
    noise = TABLE.noise[:, 1:]
    assert TABLE.noise.shape == (N_LAYERS, N_LAYERS, 3)
    assert (noise[..., 0] * noise[..., 2] >= noise[..., 1] ** 2).all()
    assert (noise[..., 1] < 0).all()
    # From a fixed layer, whoever stops later is faster and scatters less.
    assert (np.diff(noise[..., 2], axis=0) <= 0).all()


def test_deposits_are_those_of_geant4(real_frames: list[Hits]):
    ratio: list[torch.Tensor] = []
    for hits in real_frames:
        truth = hits.known_truth
        for event in truth.event.unique():
            mine = ((truth.event == event) & truth.primary).nonzero()[:, 0]
            if len(mine) > 0 and hits.energy[mine[-1]] > 0.0625:
                end, layer = int(hits.layer[mine[-1]]), hits.layer[mine]
                expected = torch.from_numpy(TABLE.deposit)[end, layer]
                ratio.append((hits.energy[mine].double() / expected).log())
    deviation = torch.cat(ratio)
    assert len(deviation) > 1000
    assert abs(float(deviation.median())) < 0.1
    spread = deviation.quantile(torch.tensor([0.16, 0.84]).double()).diff() / 2
    assert float(spread) == pytest.approx(0.27, abs=0.06)


def test_deposits_rise_towards_the_end():
    before_end = np.tril(np.diff(TABLE.deposit, axis=1), k=-1)
    assert (before_end >= 0).all()
    assert TABLE.deposit[30, 30] > 4 * TABLE.deposit[30, 0]
    assert math.isclose(TABLE.deposit[5, 5], TABLE.deposit[40, 40], rel_tol=0.05)


def test_an_unknown_detector_is_refused():
    with pytest.raises(ConfigError, match="bergen-auto"):
        material_effects("bergen-otto")
