"""BatchNorm and Linear of columns that are never made, against the matrix that is."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from trackscape.scoring.line_graph.columns import (
    Gathered,
    Interpolated,
    MatrixColumns,
    normalised_linear,
    table_moments,
)

TOLERANCE = {"rtol": 1e-9, "atol": 1e-9}
SIZE = st.integers(1, 5)


class Problem:
    """Two gathered blocks and an interpolated one, beside the same matrix written out; float64."""

    def __init__(self, seed: int, *, n_nodes: int, n_pairs: int, width: int, outputs: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.n_nodes, self.n_pairs, self.width = n_nodes, n_pairs, width
        self.plain = nn.ModuleList([nn.BatchNorm1d(3 * width), nn.Linear(3 * width, outputs)])
        self.plain.double()
        for parameter in self.plain.parameters():
            nn.init.normal_(parameter, mean=0.5, generator=self.generator)
        self.fast = copy.deepcopy(self.plain)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, dtype=torch.float64)

    def integers(self, stop: int, *shape: int) -> Tensor:
        return torch.randint(stop, shape, generator=self.generator)

    def draw(self) -> tuple[Tensor, list[MatrixColumns], Tensor]:
        """Returns node values (a leaf), the columns and the matrix that they stand for."""
        values = (10 * self.normal(self.n_nodes, self.width) + 3).requires_grad_()
        index = self.integers(self.n_nodes, 2, 2 * self.n_pairs)
        # Values at the nodes, since only for them squares are interpolated as they should.
        table, node = self.normal(12, self.width), self.integers(5, self.n_pairs)
        behind = self.integers(2, self.n_pairs)
        columns: list[MatrixColumns] = [
            Gathered(values, index[0]),
            Gathered(values, index[1]),
            Interpolated(table, node=node, rest=behind.double(), copies=2),
        ]
        chosen = table[2 * (node + behind)]
        blocks = [values[index[0]], values[index[1]], chosen.repeat(2, 1)]
        return values, columns, torch.cat(blocks, dim=1)

    def step(self) -> None:
        """Asserts that outputs, gradients and running statistics agree for one random input."""
        values, columns, matrix = self.draw()
        (norm, linear), (fast_norm, fast_linear) = self.plain, self.fast
        expected = linear(norm(matrix))
        out = normalised_linear(fast_norm, fast_linear, columns)
        assert torch.allclose(out, expected, **TOLERANCE)
        upstream = torch.randn(expected.shape, generator=self.generator, dtype=torch.float64)
        inputs = [*self.plain.parameters(), values]
        fast_inputs = [*self.fast.parameters(), values]
        gradients = torch.autograd.grad((expected * upstream).sum(), inputs)
        fast_gradients = torch.autograd.grad((out * upstream).sum(), fast_inputs)
        for gradient, fast_gradient in zip(gradients, fast_gradients, strict=True):
            assert torch.allclose(fast_gradient, gradient, **TOLERANCE)
        for name, value in self.plain.state_dict().items():
            assert torch.allclose(self.fast.state_dict()[name], value, **TOLERANCE), name


@settings(max_examples=50)
@given(seed=st.integers(0, 2**31), n_nodes=SIZE, n_pairs=SIZE, width=SIZE, outputs=SIZE, steps=SIZE)
def test_training_and_evaluation_equal_the_plain_layers(
    seed: int, n_nodes: int, n_pairs: int, width: int, outputs: int, steps: int
):
    problem = Problem(seed, n_nodes=n_nodes, n_pairs=n_pairs, width=width, outputs=outputs)
    for _ in range(steps):
        problem.step()
    problem.plain.eval()
    problem.fast.eval()
    problem.step()


def test_second_derivatives_equal_the_plain_layers():
    # What Hessian-vector products need: curvature for the loss landscape.
    problem = Problem(6, n_nodes=5, n_pairs=9, width=3, outputs=4)
    _, columns, matrix = problem.draw()
    (norm, linear), (fast_norm, fast_linear) = problem.plain, problem.fast

    def product(out: Tensor, parameters: list[Tensor]) -> tuple[Tensor, ...]:
        first = torch.autograd.grad(out.tanh().sum(), parameters, create_graph=True)
        total = torch.stack([(gradient**2).sum() for gradient in first]).sum()
        return torch.autograd.grad(total, parameters)

    expected = product(linear(norm(matrix)), list(problem.plain.parameters()))
    second = product(
        normalised_linear(fast_norm, fast_linear, columns), list(problem.fast.parameters())
    )
    for fast, plain in zip(second, expected, strict=True):
        assert torch.allclose(fast, plain, **TOLERANCE)


@pytest.mark.parametrize("copies", [1, 3])
@given(seed=st.integers(0, 2**31), n_rows=st.integers(0, 5))
def test_interpolated_columns_are_cubic_polynomials_repeated_block_by_block(
    copies: int, seed: int, n_rows: int
):
    generator = torch.Generator().manual_seed(seed)
    cubic = torch.randn(4, 2, generator=generator, dtype=torch.float64)
    nodes = torch.arange(4.0, dtype=torch.float64)[:, None] ** torch.arange(4)
    slopes = torch.arange(4) * torch.cat([torch.zeros(4, 1), nodes[:, :3]], dim=1)
    table = torch.stack([nodes @ cubic, slopes.double() @ cubic], dim=1).flatten(0, 1)
    node = torch.randint(3, (n_rows,), generator=generator)
    rest = torch.rand(n_rows, generator=generator, dtype=torch.float64)
    columns = Interpolated(table, node=node, rest=rest, copies=copies)
    expected = ((node + rest)[:, None] ** torch.arange(4)) @ cubic
    assert columns.shape == (copies * n_rows, 2)
    product = columns.product(torch.eye(2, dtype=torch.float64))
    assert torch.allclose(product, expected.repeat(copies, 1), **TOLERANCE)


@given(seed=st.integers(0, 2**31), offset=st.floats(-1e3, 1e3))
def test_the_variance_of_a_column_that_hardly_varies_keeps_its_digits(seed: int, offset: float):
    generator = torch.Generator().manual_seed(seed)
    value = torch.randn(50, 1, generator=generator, dtype=torch.float64)
    table = torch.stack([offset + 1e-3 * value, torch.zeros_like(value)], dim=1).flatten(0, 1)
    share = torch.stack([torch.ones(50), torch.zeros(50)], dim=1).flatten().double() / 50
    _, variance = table_moments(table, share)
    assert torch.allclose(variance, 1e-6 * value.var(correction=0), rtol=1e-6)


@given(seed=st.integers(0, 2**31), n_nodes=SIZE, n_rows=SIZE)
def test_moments_of_gathered_columns_are_those_of_the_rows(seed: int, n_nodes: int, n_rows: int):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(n_nodes, 3, generator=generator, dtype=torch.float64)
    index = torch.randint(n_nodes, (n_rows,), generator=generator)
    mean, variance = Gathered(values, index).moments()
    assert torch.allclose(mean, values[index].mean(dim=0), **TOLERANCE)
    assert torch.allclose(variance, values[index].var(dim=0, correction=0), **TOLERANCE)
