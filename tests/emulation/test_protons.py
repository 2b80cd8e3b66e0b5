"""The same layers on protons: survival within 0 and 1, energy never made."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.emulation import FluxEmulator, scaled_beams, simulate_slabs, slab_system
from trackscape.errors import ConfigError
from trackscape.simulation import shipped_materials
from trackscape.simulation.physics.stopping import energy_behind


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), size=st.floats(1e-2, 1e2))
def test_no_weights_make_protons_or_energy(seed, size):
    torch.manual_seed(seed)
    emulator = FluxEmulator(slab_system(), hidden=4)
    with torch.no_grad():
        for value in emulator.parameters():
            value.copy_(size * torch.randn(value.shape))
    state = torch.rand(20, 4) * torch.tensor([1.0, 0.0, 200.0, 0.0])
    after = emulator(state, 100 * torch.rand(20, 1))
    assert (after >= 0).all()
    assert (after[:, [0, 2]] <= state[:, [0, 2]]).all()
    for pair in ([0, 1], [2, 3]):
        assert torch.allclose(after[:, pair].sum(dim=1), state[:, pair].sum(dim=1), rtol=3e-7)


@pytest.mark.slow
def test_simulated_slabs():
    energy, thickness = np.array([150.0, 150.0, 80.0]), np.array([20.0, 100.0, 100.0])
    runs = simulate_slabs(energy, thickness, primaries=200, seed=1)
    before, after = runs.state[:, 0], runs.state[:, 1]
    assert before[:, 2] == pytest.approx(energy, rel=0.02)
    assert after[:, [2, 3]].sum(axis=1) == pytest.approx(before[:, 2])
    assert after[0, 0] > after[1, 0] > after[2, 0] == 0
    water = shipped_materials()["water"]
    expected = float(energy_behind(water, 150.0, 2.0 * water.density))
    assert after[0, 2] / after[0, 0] == pytest.approx(expected, rel=0.02)
    grown = scaled_beams(runs, copies=5, random=np.random.default_rng(0))
    assert len(grown) == 15
    assert (grown.state[:, 0, 0] <= 1).all()


def test_slabs_that_are_none():
    with pytest.raises(ConfigError, match="as many energies in MeV as thicknesses"):
        simulate_slabs(np.array([100.0]), np.array([0.0]), primaries=1, seed=0)
