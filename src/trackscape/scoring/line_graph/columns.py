r"""BatchNorm and Linear of a wide concatenated matrix that is never made.

The first layers of an interaction network act on rows :math:`[u_{a(m)}, v_{b(m)}, e_m]`:
features of two nodes, gathered for each of M messages, beside the encoding of an angle. Both layers
are affine in each block of columns, so that

.. math:: y_m = (U S_u W_u^T)_{a(m)} + (V S_v W_v^T)_{b(m)} + e_m S_e W_e^T + \mathrm{const}

needs products with the few nodes only, and mean and variance of a gathered column are those of the
node's column, weighted by how often each node is gathered. The encoding of an angle is a function
of one number, so its product with the weights is one too: it is tabulated and interpolated.
"""

import abc
from collections.abc import Sequence
from typing import Any, final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

Moments = tuple[Float[Tensor, " columns"], Float[Tensor, " columns"]]


class MatrixColumns(abc.ABC):
    """Some columns of a matrix."""

    shape: tuple[int, int]
    """Number of rows and columns."""

    @abc.abstractmethod
    def moments(self) -> Moments:
        """Returns mean and biased variance of each column."""

    @abc.abstractmethod
    def product(self, weight: Float[Tensor, "columns outputs"]) -> Float[Tensor, "rows outputs"]:
        """Returns the matrix times `weight`."""


@final
class Gathered(MatrixColumns):
    """Columns of ``values[index]``."""

    def __init__(
        self, values: Float[Tensor, "nodes columns"], index: Int64[Tensor, " rows"]
    ) -> None:
        self.values, self.index = values, index
        self.shape = len(index), values.shape[1]

    def moments(self) -> Moments:
        """Returns mean and biased variance of each column."""
        count = torch.bincount(self.index, minlength=len(self.values)).to(self.values.dtype)
        share = count / len(self.index)
        mean = share @ self.values
        return mean, share @ (self.values - mean) ** 2

    def product(self, weight: Float[Tensor, "columns outputs"]) -> Float[Tensor, "rows outputs"]:
        """Returns the matrix times `weight`."""
        return torch.index_select(self.values @ weight, 0, self.index)


@final
class Interpolated(MatrixColumns):
    """Columns that are interpolated, by cubic Hermite polynomials, between the nodes of a table.

    The table, without gradient, has value and slope per step at each node, in turns. Each row is at
    `rest`, from 0 to 1, behind a `node`; all rows come `copies` times, block by block.
    """

    def __init__(
        self,
        table: Float[Tensor, "values columns"],
        *,
        node: Int64[Tensor, " rows"],
        rest: Float[Tensor, " rows"],
        copies: int = 1,
    ) -> None:
        self.table, self.copies = table, copies
        self.shape = len(node) * copies, table.shape[1]
        self.index = 2 * node[:, None] + torch.arange(4, device=node.device)
        self.coefficient = torch.stack(
            [
                (1 + 2 * rest) * (1 - rest) ** 2,  # value at the node before
                rest * (1 - rest) ** 2,  # slope there
                rest**2 * (3 - 2 * rest),  # value at the node behind
                rest**2 * (rest - 1),  # slope there
            ],
            dim=1,
        )

    def moments(self) -> Moments:
        """Returns mean and biased variance of each column."""
        share = torch.bincount(
            self.index.flatten(),
            weights=self.coefficient.flatten().double(),
            minlength=len(self.table),
        )
        return table_moments(self.table, share / len(self.index))

    def product(self, weight: Float[Tensor, "columns outputs"]) -> Float[Tensor, "rows outputs"]:
        """Returns the matrix times `weight`."""
        mixed = _Mix.apply(self.table @ weight, self.index, self.coefficient)
        return mixed.repeat(self.copies, 1)


def table_moments(
    table: Float[Tensor, "values columns"], share: Float[Tensor, " values"]
) -> Moments:
    """Mean and biased variance of interpolated columns; `share` is each row's mean coefficient."""
    share = share.to(table.dtype)
    mean = share @ table
    # The mean of squares - the square of the mean would lose most digits of a column that hardly
    # varies; the square of what is left without the mean has values and slopes of its own.
    value, slope = table[::2] - mean, table[1::2]
    return mean, (share[::2] @ value**2 + share[1::2] @ (2 * value * slope)).clamp(min=0)


class _Mix(torch.autograd.Function):
    """Rows mixed from those of a table; PyTorch's own backward of it is ten times slower."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, index: Tensor, coefficient: Tensor) -> Tensor:
        ctx.save_for_backward(index, coefficient)
        ctx.n_rows = len(table)
        return torch.nn.functional.embedding_bag(
            index, table, mode="sum", per_sample_weights=coefficient
        )

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = grad_outputs
        index, coefficient = ctx.saved_tensors
        out = gradient.new_zeros(ctx.n_rows, gradient.shape[1])
        for column, factor in zip(index.T, coefficient.T, strict=True):
            out.index_add_(0, column, gradient * factor[:, None])
        return out, None, None


def normalised_linear(
    norm: nn.BatchNorm1d, linear: nn.Linear, parts: Sequence[MatrixColumns]
) -> Float[Tensor, "rows outputs"]:
    """Returns ``linear(norm(matrix))`` for the matrix whose columns are `parts`.

    Equal to the plain formulation but for rounding, running statistics included.
    """
    moments = [part.moments() for part in parts] if norm.training else []
    weight, bias = folded(norm, linear, moments, n=parts[0].shape[0])
    out = bias
    weights = weight.T.split([part.shape[1] for part in parts])
    for part, weight in zip(parts, weights, strict=True):
        out = out + part.product(weight)
    return out


def folded(
    norm: nn.BatchNorm1d, linear: nn.Linear, moments: Sequence[tuple[Tensor, Tensor]], *, n: int
) -> tuple[Float[Tensor, "outputs columns"], Float[Tensor, " outputs"]]:
    """Weight and bias of the linear layer that does both at once.

    In training the normalisation takes `moments`, the mean and biased variance of the columns of n
    rows, block by block, and moves its running statistics; else it has them.
    """
    if norm.training:
        mean = torch.cat([mean for mean, _ in moments])
        variance = torch.cat([variance for _, variance in moments])
        update_running(norm, mean=mean, variance=variance, n=n)
    else:
        assert norm.running_mean is not None and norm.running_var is not None
        mean, variance = norm.running_mean, norm.running_var
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    return linear.weight * scale, linear.bias + linear.weight @ (norm.bias - scale * mean)


@torch.no_grad()
def update_running(norm: nn.BatchNorm1d, *, mean: Tensor, variance: Tensor, n: int) -> None:
    """Moves the running statistics as `BatchNorm1d` does, which keeps the unbiased variance."""
    assert norm.running_mean is not None and norm.running_var is not None
    assert norm.num_batches_tracked is not None and norm.momentum is not None
    norm.num_batches_tracked += 1
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(variance * n / max(n - 1, 1), norm.momentum)
