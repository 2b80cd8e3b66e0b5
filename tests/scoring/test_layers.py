"""The angle encoding against its formula and the maximum of messages against a loop."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.scoring.layers import (
    STEP,
    AngleEncoding,
    max_incoming,
    object_block,
    relational_block,
)


def highest_frequency(size: int) -> float:
    return math.exp(-(size - 2) * math.log(0.001) / size)


@given(angle=st.floats(0, math.pi), size=st.sampled_from([2, 8, 128]))
def test_the_encoding_is_the_formula(angle: float, size: int):
    encoding = AngleEncoding(size)(torch.tensor([angle], dtype=torch.float64))[0].tolist()
    for k in range(size // 2):
        frequency = math.exp(-2 * k * math.log(0.001) / size)
        assert encoding[2 * k] == pytest.approx(math.sin(math.sqrt(angle) * frequency), abs=1e-12)
        assert encoding[2 * k + 1] == pytest.approx(
            math.cos(math.sqrt(angle) * frequency), abs=1e-12
        )


@pytest.fixture(scope="module")
def encode() -> AngleEncoding:
    """One for many tests, since it makes its table only once."""
    return AngleEncoding(128)


@settings(max_examples=30)
@given(angles=st.lists(st.floats(0, math.pi) | st.floats(0, 1e-3), min_size=1, max_size=20))
def test_interpolated_columns_are_the_encoding(encode: AngleEncoding, angles: list[float]):
    angle = torch.tensor(angles, dtype=torch.float64)
    matrix = encode(angle).repeat(2, 1)
    columns = encode.columns(angle, copies=2)
    assert columns.shape == (2 * len(angles), 128)
    product = columns.product(torch.eye(128, dtype=torch.float64))
    bound = (highest_frequency(encode.size) * STEP) ** 4 / 384
    assert bound < 3e-7
    assert torch.allclose(product, matrix, rtol=0, atol=bound)
    mean, variance = columns.moments()
    assert torch.allclose(mean, matrix.mean(dim=0), rtol=0, atol=bound)
    # Squares swing twice as fast with half of the size; those of the mean add twice its error.
    variance_bound = (16 / 2 + 2) * bound
    assert torch.allclose(variance, matrix.var(dim=0, correction=0), rtol=0, atol=variance_bound)


def test_interpolated_columns_reach_both_ends_in_single_precision(encode: AngleEncoding):
    angle = torch.tensor([0.0, 1e-12, math.pi])
    assert float(angle[-1]) > math.pi  # float32 rounds pi up
    product = encode.columns(angle, copies=1).product(torch.eye(128))
    assert torch.allclose(product.double(), encode(angle.double()), rtol=0, atol=2e-6)


def test_the_encoding_of_no_angle_is_finite():
    encoding = AngleEncoding(6)(torch.zeros(2))
    assert encoding.tolist() == [[0, 1, 0, 1, 0, 1]] * 2
    assert AngleEncoding(6)(torch.zeros(0)).shape == (0, 6)


def test_single_precision_encodes_as_double():
    angle = torch.rand(100, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    encode = AngleEncoding(128)
    # The highest frequency is about 900, so that rounding moves the phase by up to 1e-4.
    assert torch.allclose(encode(angle.float()).double(), encode(angle), rtol=0, atol=2e-4)


@given(seed=st.integers(0, 2**31), n_nodes=st.integers(0, 6), n_messages=st.integers(0, 12))
def test_the_maximum_is_that_of_a_loop(seed: int, n_nodes: int, n_messages: int):
    generator = torch.Generator().manual_seed(seed)
    n_messages = n_messages if n_nodes else 0
    message = torch.randn(n_messages, 3, generator=generator) - 2  # mostly below 0
    target = torch.randint(max(n_nodes, 1), (n_messages,), generator=generator)
    strongest = max_incoming(message, target=target, n_nodes=n_nodes)
    assert strongest.shape == (n_nodes, 3)
    for node in range(n_nodes):
        arriving = message[target == node]
        expected = arriving.max(dim=0).values if len(arriving) else torch.zeros(3)
        assert torch.equal(strongest[node], expected)


def test_equal_messages_share_the_gradient():
    message = torch.tensor([[1.0], [1.0], [0.5]], requires_grad=True)
    max_incoming(message, target=torch.tensor([0, 0, 0]), n_nodes=2).sum().backward()
    assert message.grad is not None
    assert message.grad.tolist() == [[0.5], [0.5], [0]]


def test_blocks_are_made_of_the_published_layers():
    relational = ["BatchNorm1d", "Linear", "LeakyReLU"] * 2 + ["BatchNorm1d", "Linear"]
    block = relational_block(inputs=3, hidden=5, outputs=2)
    assert [type(layer).__name__ for layer in block] == relational
    block = object_block(inputs=3, hidden=5, outputs=2)
    assert [type(layer).__name__ for layer in block] == [*relational, "LeakyReLU", "BatchNorm1d"]
    assert block.train()(torch.randn(4, 3)).shape == (4, 2)
