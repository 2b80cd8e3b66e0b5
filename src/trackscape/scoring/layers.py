"""Building blocks of the interaction networks."""

import math

import torch
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


class AngleEncoding(nn.Module):
    r"""Sinusoidal encoding of an angle, which resolves small angles finely. Axis: P pairs.

    .. math::
        e_{2k} = \sin(\sqrt\theta\, \omega_k), \quad e_{2k+1} = \cos(\sqrt\theta\, \omega_k), \quad
        \omega_k = \exp(-2k \ln(s) / d), \quad k = 0 \ldots d/2 - 1

    References:
        Kortus et al. (2025), with d = 128 and s = 0.001.
    """

    frequency: Tensor

    def __init__(self, size: int, *, scale: float = 1e-3) -> None:
        super().__init__()
        self.size = size
        frequency = torch.exp(torch.arange(0, size, 2).double() * (-math.log(scale) / size))
        self.register_buffer("frequency", frequency, persistent=False)

    def forward(self, angle: Tensor) -> Tensor:
        """Returns the encoding, (P, size), of angles (P,) in rad."""
        phase = angle.sqrt()[:, None] * self.frequency.to(angle.dtype)
        encoding = angle.new_empty(len(angle), self.size)
        torch.sin(phase, out=encoding[:, 0::2])
        torch.cos(phase, out=encoding[:, 1::2])
        return encoding


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
