"""Building blocks of the interaction networks."""

import functools
import math

import torch
from torch import Tensor, nn

from trackscape.errors import WeightsError
from trackscape.scoring.columns import Interpolated


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
        e_{2k} = \sin(\sqrt\theta\, \omega_k), \quad
        e_{2k+1} = \cos(\sqrt\theta\, \omega_k), \quad
        \omega_k = \exp(-2k \ln(s) / d), \quad k = 0 \ldots d/2 - 1

    References:
        Kortus et al. (2025), with d = 128 and s = 0.001.
    """

    def __init__(self, size: int, *, scale: float = 1e-3) -> None:
        super().__init__()
        if size % 2:
            raise WeightsError(f"Expected an even size of the angle encoding, got {size}.")
        self.size, self.scale = size, scale

    def forward(self, angle: Tensor) -> Tensor:
        """Returns the encoding, (P, d), of angles (P,) in rad."""
        rate = _frequencies(self.size, self.scale).to(angle)
        phase = angle.sqrt()[:, None] * rate
        return torch.stack([phase.sin(), phase.cos()], dim=-1).flatten(1)

    def columns(self, angle: Tensor, *, copies: int) -> Interpolated:
        r"""Returns the encoding of angles (P,) as columns that are never made.

        A cubic Hermite interpolation of values and slopes on a grid in :math:`\sqrt\theta`. Its
        error is below :math:`(\omega h)^4 / 384 < 2 \cdot 10^{-8}` for the highest frequency and
        the step h, far below what rounding of the phase does to the direct formula in float32.
        """
        table, squares = _tabulate(self.size, self.scale, angle.device, angle.dtype)
        place = angle.double().sqrt() / STEP
        node = place.long().clamp(max=GRID - 1)
        t = place - node
        coefficient = torch.stack(
            [
                (1 + 2 * t) * (1 - t) ** 2,  # value at the node before
                t * (1 - t) ** 2,  # slope there
                t**2 * (3 - 2 * t),  # value at the node behind
                t**2 * (t - 1),  # slope there
            ],
            dim=1,
        )
        used = 2 * (int(node.max()) + 2) if len(node) else 0  # large angles are rare
        return Interpolated(
            table[:used],
            squares=squares[:used],
            index=2 * node[:, None] + torch.arange(4, device=node.device),
            coefficient=coefficient.to(angle.dtype),
            copies=copies,
        )


GRID = 1 << 15
"""Number of steps of the grid on which the encoding is tabulated."""
STEP = math.sqrt(math.pi) / GRID
"""Its step, in the square root of rad; the grid reaches to an angle of pi."""


@functools.cache
@torch.inference_mode(False)  # or no gradient could ever pass a table that inference made first
def _tabulate(
    size: int, scale: float, device: torch.device, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Value and slope of each column, and of its square, at each node, in turns."""
    node = STEP * torch.arange(GRID + 1).double()[:, None]
    rate = _frequencies(size, scale)
    sine, cosine = (node * rate).sin(), (node * rate).cos()
    table = _in_turns(sine, cosine, rate * cosine, -rate * sine)
    double = 2 * sine * cosine * rate  # slope of the squared sine
    squares = _in_turns(sine**2, cosine**2, double, -double)
    return table.to(device, dtype), squares.to(device, dtype)


def _frequencies(size: int, scale: float) -> Tensor:
    return torch.exp(torch.arange(0, size, 2).double() * (-math.log(scale) / size))


def _in_turns(sine: Tensor, cosine: Tensor, sine_slope: Tensor, cosine_slope: Tensor) -> Tensor:
    """Rows of values and of slopes times step in turns; columns of sines and cosines in turns."""
    values = torch.stack([sine, cosine], dim=-1).flatten(1)
    slopes = STEP * torch.stack([sine_slope, cosine_slope], dim=-1).flatten(1)
    return torch.stack([values, slopes], dim=1).flatten(0, 1)


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
