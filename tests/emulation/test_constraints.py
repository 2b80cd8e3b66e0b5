"""Exact layers hold for whatever comes in; the published ones do what they say and no more."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from trackscape.emulation import (
    Conserved,
    check_conserved,
    complete,
    correct,
    limited_shares,
    mass_loss,
    mass_violation,
    move_fluxes,
    positivity_loss,
    project_onto_simplex,
    renormalise,
    replace_groups,
    sources_of,
    total_after,
)
from trackscape.errors import DataError

GROUPS = (
    Conserved(name="S", columns=(0, 1, 2), source=1, factor=450.0),
    Conserved(name="C", columns=(3, 5)),
)
N_COLUMNS = 7
TOLERANCE = {torch.float64: 1e-12, torch.float32: 3e-7}
SEEDS = st.integers(0, 2**32 - 1)
each_type = pytest.mark.parametrize("dtype", TOLERANCE, ids=str)


def cells(seed: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """States over many orders of magnitude, some of them empty, and forcings."""
    rng = np.random.default_rng(seed)
    state = 10 ** rng.uniform(-12, 12, (40, N_COLUMNS)) * (rng.random((40, N_COLUMNS)) < 0.7)
    forcing = 10 ** rng.uniform(-3, 6, (40, 2)) * (rng.random((40, 2)) < 0.7)
    return torch.tensor(state, dtype=dtype), torch.tensor(forcing, dtype=dtype)


def outputs(seed: int, dtype: torch.dtype, width: int) -> torch.Tensor:
    """Of any network: small, huge, and what is no number."""
    rng = np.random.default_rng(seed + 1)
    values = rng.normal(size=(40, width)) * 10 ** rng.uniform(-30, 30, (40, width))
    odd = rng.random((40, width))
    values[odd < 0.02], values[odd > 0.98], values[(odd > 0.5) & (odd < 0.52)] = np.nan, np.inf, 0
    return torch.tensor(values, dtype=dtype)


def ways(columns: list[int], dtype: torch.dtype) -> torch.Tensor:
    """A row for each flux, 1 at its column."""
    return torch.nn.functional.one_hot(torch.tensor(columns), N_COLUMNS).to(dtype)


def assert_exact(state, after, forcing):
    assert after.isfinite().all()
    assert (after >= 0).all()
    assert mass_violation(GROUPS, state, after, forcing).max() <= TOLERANCE[state.dtype]


@each_type
@pytest.mark.parametrize("method", ["renormalise", "project"])
@settings(max_examples=50)
@given(seed=SEEDS)
def test_groups_add_up_whatever_is_predicted(method, dtype, seed):
    state, forcing = cells(seed, dtype)
    predicted = outputs(seed, dtype, N_COLUMNS)
    predicted[:, 4], predicted[:, 6] = 1.0, -1.0
    after = replace_groups(predicted, state, forcing, GROUPS, method)
    assert_exact(state, after, forcing)
    assert (after[:, 4] == 1).all()
    assert (after[:, 6] == 0).all()


@each_type
@settings(max_examples=50)
@given(seed=SEEDS)
def test_fluxes_never_take_more_than_there_is(dtype, seed):
    state, forcing = cells(seed, dtype)
    donors, receivers = ways([0, 0, 1, 2, 3, 5], dtype), ways([1, 2, 2, 0, 5, 3], dtype)
    shares = limited_shares(outputs(seed, dtype, 6), donors)
    source = sources_of(state, forcing, GROUPS, (0, 3))
    after, amount = move_fluxes(state, source, shares, donors, receivers)
    assert (amount >= 0).all()
    assert_exact(state, after, forcing)
    assert (after[:, [4, 6]] == state[:, [4, 6]]).all()


@given(weight=st.lists(st.floats(0, 1e-6), min_size=2, max_size=2))
def test_small_weights_are_shares(weight):
    w = torch.tensor([weight], dtype=torch.float64)
    content, inflow = limited_shares(w, torch.ones(2, 1, dtype=torch.float64))
    assert torch.allclose(content, w * (1 - w.sum() / 2), rtol=1e-9, atol=0)
    assert torch.allclose(inflow, w / 2, rtol=1e-5, atol=0)


@given(rate=st.floats(1e-5, 30), content=st.floats(0, 10), inflow=st.floats(0, 10))
def test_a_donor_decays_and_is_fed(rate, content, inflow):
    w = torch.tensor([[0.3 * rate, 0.7 * rate]], dtype=torch.float64)
    state, source = (torch.tensor([[x, 0.0, 0.0]], dtype=torch.float64) for x in (content, inflow))
    donors, receivers = (
        torch.tensor(each, dtype=torch.float64)
        for each in ([[1, 0, 0]] * 2, [[0, 1, 0], [0, 0, 1]])
    )
    after, amount = move_fluxes(state, source, limited_shares(w, donors), donors, receivers)
    left = (content - inflow / rate) * np.exp(-rate) + inflow / rate  # of dx/dt = s - r x
    assert float(after[0, 0]) == pytest.approx(left, rel=1e-6, abs=1e-9)
    assert float(amount[0, 1]) == pytest.approx(float(amount[0, 0]) * 7 / 3)


@settings(max_examples=25)
@given(seed=SEEDS)
def test_the_projection_is_the_nearest_point(seed):
    rng = np.random.default_rng(seed)
    point, total = rng.normal(size=4), rng.uniform(0.5, 2)
    found = project_onto_simplex(torch.tensor(point[None]), torch.tensor([total]))[0].numpy()
    best = minimize(
        lambda x: ((x - point) ** 2).sum(),
        np.full(4, total / 4),
        bounds=[(0, None)] * 4,
        constraints={"type": "eq", "fun": lambda x: x.sum() - total},
        tol=1e-12,
    )
    assert found == pytest.approx(best.x, abs=1e-5)
    again = project_onto_simplex(torch.tensor(found[None]), torch.tensor([total]))[0].numpy()
    assert again == pytest.approx(found, abs=1e-12)


def test_renormalising_keeps_ratios():
    predicted = torch.tensor([[1e-9, 2.0, 3.0, -4.0]], dtype=torch.float64)
    found = renormalise(predicted, torch.tensor([50.0], dtype=torch.float64))
    assert found[0].tolist() == pytest.approx([1e-8, 20, 30, 0], rel=1e-8)


@pytest.mark.parametrize("method", ["renormalise", "project"])
def test_exact_layers_have_gradients(method):
    state, forcing = (each[:5] for each in cells(3, torch.float64))
    state, forcing = state.clamp(0.5, 2.0), forcing.clamp(0, 1e-3)
    predicted = (state * torch.linspace(0.9, 1.1, N_COLUMNS)).requires_grad_()

    def layer(p):
        return replace_groups(p, state, forcing, GROUPS, method)

    assert torch.autograd.gradcheck(layer, predicted)


def test_fluxes_have_gradients():
    state = torch.rand(3, 4, dtype=torch.float64)
    donors, receivers = (ways(each, torch.float64)[:, :4] for each in ([0, 0, 1], [1, 2, 3]))
    weight = torch.tensor([[1e-6, 0.3, 2.0]], dtype=torch.float64).repeat(3, 1).requires_grad_()

    def layer(w):
        return move_fluxes(state, state, limited_shares(w, donors), donors, receivers)[0]

    assert torch.autograd.gradcheck(layer, weight)


def test_the_published_ways_break_what_the_other_mends():
    state, forcing = (each.clamp(1e-3, 1e3) for each in cells(5, torch.float64))
    noise = torch.randn(state.shape, generator=torch.manual_seed(1), dtype=torch.float64)
    predicted = state * (1 + 2 * noise)
    completed = complete(predicted, state, forcing, GROUPS, (2, 5))
    assert mass_violation(GROUPS, state, completed, forcing).max() < 1e-12
    assert completed.min() < 0
    corrected = correct(predicted)
    assert corrected.min() == 0
    assert mass_violation(GROUPS, state, corrected, forcing).max() > 1e-3


def test_the_published_losses():
    state, forcing = cells(6, torch.float64)
    predicted = state.clone()
    predicted[:, 3] += 2.0
    without = tuple(Conserved(name=g.name, columns=g.columns) for g in GROUPS)
    loss = mass_loss(predicted, state, forcing, without, (1e3, 0.5))
    assert float(loss) == pytest.approx(1.0, rel=1e-3)
    negative = torch.zeros(10, N_COLUMNS)
    negative[:5, 1] = -3.0
    assert float(positivity_loss(negative, torch.full((N_COLUMNS,), 2.0))) == pytest.approx(9.0)


def test_totals_and_groups_that_are_none():
    state, forcing = torch.ones(2, N_COLUMNS), torch.ones(2, 2)
    assert total_after(GROUPS[0], state, forcing).tolist() == [453.0, 453.0]
    with pytest.raises(DataError, match="different columns from 0 to 4"):
        check_conserved(GROUPS, n_columns=5)
    with pytest.raises(DataError, match="Expected columns in group X"):
        check_conserved([Conserved(name="X", columns=())], n_columns=5)
    with pytest.raises(DataError, match="Methods are renormalise, project"):
        replace_groups(state, state, forcing, GROUPS, "hope")
