"""The encoding of an angle, and the table that stands for it in products with weights."""

import functools
import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trackscape.errors import WeightsError
from trackscape.scoring.line_graph.columns import Interpolated

STEPS = {torch.float32: 1 << 13, torch.float64: 1 << 17}
"""Steps of the table between an angle of 0 and one of pi."""
SCALE = 1e-3


class AngleEncoding(nn.Module):
    r"""Sinusoidal encoding of an angle, which resolves small angles finely.

    .. math::
        e_{2k} = \sin(\sqrt\theta\, \omega_k), \quad
        e_{2k+1} = \cos(\sqrt\theta\, \omega_k), \quad
        \omega_k = \exp(-2k \ln(s) / d), \quad k = 0 \ldots d/2 - 1

    References:
        Kortus et al. (2025), with d = 128 and s = 0.001.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        if size % 2:
            raise WeightsError(f"Expected an even size of the angle encoding, got {size}.")
        self.size = size

    def forward(self, angle: Float[Tensor, " pairs"]) -> Float[Tensor, "pairs size"]:
        """Returns the encoding of angles in rad."""
        rate = _frequencies(self.size).to(angle)
        phase = angle.sqrt()[:, None] * rate
        return torch.stack([phase.sin(), phase.cos()], dim=-1).flatten(1)

    def table(
        self, *, n_nodes: int, dtype: torch.dtype, device: torch.device
    ) -> Float[Tensor, "values size"]:
        r"""Returns value and slope of the encoding at the first nodes of a grid, in turns.

        Cubic Hermite interpolation between them has an error below :math:`(\omega h)^4 / 384`,
        :math:`6 \cdot 10^{-6}` in float32 and :math:`10^{-10}` in float64 for the highest frequency
        of the paper. The grid is one of :math:`q = \sqrt{\tan(\theta / 4)}` with `STEPS` steps
        from 0 to 1; slopes are those per step.
        """
        # A power of two, so that few tables are made however the largest angle varies.
        enough = 1 << max(n_nodes - 1, 0).bit_length()
        return _tabulate(self.size, STEPS[dtype], enough, device, dtype)[: 2 * n_nodes]

    def columns(self, angle: Float[Tensor, " pairs"], *, copies: int) -> Interpolated:
        """Returns the encoding of angles as columns that are never made."""
        steps = STEPS[angle.dtype]
        place = steps * (angle.double() / 4).tan().sqrt()
        node = place.long().clamp(max=steps - 1)
        n_nodes = int(node.max()) + 2 if len(node) else 0  # large angles are rare
        return Interpolated(
            self.table(n_nodes=n_nodes, dtype=angle.dtype, device=angle.device),
            node=node,
            rest=(place - node).to(angle.dtype),
            copies=copies,
        )


# Few, since one in float64 fills some hundred megabytes.
@functools.lru_cache(maxsize=4)
@torch.inference_mode(False)  # or no gradient could ever pass a table that inference made first
def _tabulate(
    size: int, steps: int, n_nodes: int, device: torch.device, dtype: torch.dtype
) -> Tensor:
    node = (torch.arange(n_nodes).double()[:, None] / steps).clamp(max=1)
    root = 2 * node.square().atan().sqrt()  # of the angle
    # d sqrt(theta) / dq = 4 q / (sqrt(theta) (1 + q^4)), which is 2 at q = 0
    slope = torch.where(node > 0, 4 * node / (root * (1 + node**4)), 2.0)
    rate = _frequencies(size)
    sine, cosine = (root * rate).sin(), (root * rate).cos()
    values = torch.stack([sine, cosine], dim=-1).flatten(1)
    slopes = torch.stack([cosine, -sine], dim=-1).flatten(1)
    slopes *= slope / steps * rate.repeat_interleave(2)
    return torch.stack([values, slopes], dim=1).flatten(0, 1).to(device, dtype)


def _frequencies(size: int) -> Tensor:
    return torch.exp(torch.arange(0, size, 2).double() * (-math.log(SCALE) / size))
