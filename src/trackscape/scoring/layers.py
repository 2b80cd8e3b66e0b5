"""Building blocks of the interaction networks."""

from torch import Tensor, nn


def relational_block(*, inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """BatchNorm, Linear, LeakyReLU, BatchNorm, Linear, LeakyReLU, BatchNorm, Linear."""
    return nn.Sequential(
        nn.BatchNorm1d(inputs),
        nn.Linear(inputs, hidden),
        nn.LeakyReLU(),
        nn.BatchNorm1d(hidden),
        nn.Linear(hidden, hidden),
        nn.LeakyReLU(),
        nn.BatchNorm1d(hidden),
        nn.Linear(hidden, outputs),
    )


def object_block(*, inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """A relational block with LeakyReLU and BatchNorm at its end."""
    block = relational_block(inputs=inputs, hidden=hidden, outputs=outputs)
    return nn.Sequential(*block, nn.LeakyReLU(), nn.BatchNorm1d(outputs))


def max_incoming(message: Tensor, *, target: Tensor, n_nodes: int) -> Tensor:
    """Elementwise maximum of the messages that arrive at each node; 0 where none does.

    Arguments:
        message: (M, D) float.
        target: (M,) int64. Node at which each message arrives.
        n_nodes: Number of nodes.

    Returns:
        (n_nodes, D). Among equal messages the gradient is shared.
    """
    index = target[:, None].expand_as(message)
    return message.new_zeros(n_nodes, message.shape[1]).scatter_reduce(
        0, index, message, "amax", include_self=False
    )
