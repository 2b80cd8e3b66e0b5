"""The blocks of the networks and the maximum of messages against a loop."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from trackscape.scoring.line_graph.network import max_incoming, object_block, relational_block


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
