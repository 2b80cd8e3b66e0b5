"""PyTorch and machine code run the same formulas; the former has gradients."""

import numpy as np
import pytest
import torch
from emulation.states import CASES, forcing_of, random_cells, state_of
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.emulation.m7 import M7, MASSES, species

MODELS = [M7(), M7(water="salts", boundary_layer="kinetic"), M7(coagulation=False)]


def assert_near(found, wanted, *, relative, of_total):
    """Or off by a share of what there is of a species: some transfers are small differences."""
    floor = np.zeros_like(wanted)
    for columns in [*(species(name) for name in ("SO4", "BC", "OC", "SS", "DU")), range(19, 26)]:
        floor[:, columns] = of_total * wanted[:, columns].sum(axis=1, keepdims=True)
    assert (np.abs(found - wanted) <= relative * wanted + floor).all()


@pytest.mark.parametrize("model", MODELS, ids=range(len(MODELS)))
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_tensors_are_moved_on_like_arrays(model, seed):
    state, forcing = random_cells(seed)
    arrays = model.step(state, forcing)
    tensors = model.step(torch.from_numpy(state), torch.from_numpy(forcing)).numpy()
    assert_near(tensors, arrays, relative=1e-9, of_total=1e-9)


def test_single_precision():
    state, forcing = (
        np.concatenate([each(case) for case in CASES.values()]) for each in (state_of, forcing_of)
    )
    double = M7().step(state, forcing)
    single = M7().step(torch.from_numpy(state).float(), torch.from_numpy(forcing).float())
    assert single.dtype == torch.float32
    assert_near(single.numpy(), double, relative=5e-3, of_total=1e-6)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_gradients_are_finite(seed):
    state, forcing = (torch.from_numpy(each).requires_grad_() for each in random_cells(seed))
    for model in MODELS:
        gradients = torch.autograd.grad(model.step(state, forcing).sum(), (state, forcing))
        assert all(each.isfinite().all() for each in gradients)


@pytest.mark.parametrize("water", ["kappa", "salts"])
def test_gradients_against_finite_differences(water):
    case = CASES["full_polluted"]
    state, forcing = (torch.from_numpy(each(case)) for each in (state_of, forcing_of))
    scale = torch.where(state == 0, 1.0, state)
    model = M7(dt=720.0, water=water, boundary_layer="activation")

    def step(relative, air):
        return model.step(state * relative, forcing * air) / scale

    ones = [torch.ones_like(each).requires_grad_() for each in (state, forcing)]
    ones[1].data[0, 5] = 0.99  # a flag, which is 1 at most
    assert torch.autograd.gradcheck(step, ones, eps=1e-6, rtol=1e-3, fast_mode=True)


def test_how_many_particles_are_left_depends_on_the_soot():
    case = CASES["full_polluted"]
    state, forcing = (torch.from_numpy(each(case)) for each in (state_of, forcing_of))
    state.requires_grad_()
    M7().step(state, forcing)[0, 19].backward()
    soot = 1 + MASSES.index("BC_KI")
    assert state.grad is not None
    assert state.grad[0, soot] != 0
