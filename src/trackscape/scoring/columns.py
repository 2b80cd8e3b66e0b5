r"""BatchNorm and Linear of a wide concatenated matrix that is never made.

The first layers of an interaction network act on rows :math:`[u_{a(m)}, v_{b(m)}, e_m]`:
features of two nodes, gathered for each of M messages, beside features of the message. Both layers
are affine in each block of columns, so that

.. math:: y_m = (U S_u W_u^T)_{a(m)} + (V S_v W_v^T)_{b(m)} + e_m S_e W_e^T + \mathrm{const}

needs products with the few nodes only, and mean and variance of a gathered column are those of the
node's column, weighted by how often each node is gathered.
"""

import abc
from collections.abc import Callable, Sequence
from typing import Any, final

import torch
from torch import Tensor, nn

CHUNK = 1 << 14
"""Rows of a computed block that exist at a time: enough to be fast, few enough to stay in cache."""


class Columns(abc.ABC):
    """Some columns of a matrix with M rows."""

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""

    @abc.abstractmethod
    def moments(self) -> tuple[Tensor, Tensor]:
        """Returns mean and biased variance of each column, (d,) each."""

    @abc.abstractmethod
    def product(self, weight: Tensor) -> Tensor:
        """Returns the matrix times `weight` (d, outputs): (M, outputs)."""


@final
class Gathered(Columns):
    """Columns of ``values[index]``, for values (n, d) and an index (M,)."""

    def __init__(self, values: Tensor, index: Tensor) -> None:
        self.values, self.index = values, index

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return len(self.index), self.values.shape[1]

    def moments(self) -> tuple[Tensor, Tensor]:
        """Returns mean and biased variance of each column, (d,) each."""
        count = torch.bincount(self.index, minlength=len(self.values)).to(self.values.dtype)
        share = count / len(self.index)
        mean = share @ self.values
        return mean, share @ (self.values - mean) ** 2

    def product(self, weight: Tensor) -> Tensor:
        """Returns the matrix times `weight` (d, outputs): (M, outputs)."""
        return torch.index_select(self.values @ weight, 0, self.index)


@final
class Computed(Columns):
    """Columns that are a fixed function of one number per row, computed when they are needed.

    Arguments:
        function: Maps numbers (C,) to columns (C, d); has no trainable weights.
        numbers: (M / copies,) float, without gradient.
        width: d.
        copies: How many times all rows come, one block after the other.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        numbers: Tensor,
        *,
        width: int,
        copies: int = 1,
    ) -> None:
        self.function, self.numbers = function, numbers
        self.width, self.copies = width, copies

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return len(self.numbers) * self.copies, self.width

    def moments(self) -> tuple[Tensor, Tensor]:
        """Returns mean and biased variance of each column, (d,) each."""
        first = second = self.numbers.new_zeros(self.width, dtype=torch.float64)
        for chunk in self.numbers.split(CHUNK):
            columns = self.function(chunk)
            # Sums of a chunk in its own precision, sums of chunks in float64.
            first = first + columns.sum(dim=0)
            second = second + (columns * columns).sum(dim=0)
        mean = first / len(self.numbers)
        variance = second / len(self.numbers) - mean**2
        return mean.to(self.numbers.dtype), variance.clamp(min=0).to(self.numbers.dtype)

    def product(self, weight: Tensor) -> Tensor:
        """Returns the matrix times `weight` (d, outputs): (M, outputs)."""
        return _ComputedProduct.apply(weight, self).repeat(self.copies, 1)


class _ComputedProduct(torch.autograd.Function):
    """The product, and its gradient for the weight, chunk by chunk."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, columns: Computed) -> Tensor:
        ctx.columns = columns
        out = weight.new_empty(len(columns.numbers), weight.shape[1])
        for part, chunk in zip(out.split(CHUNK), columns.numbers.split(CHUNK), strict=True):
            torch.mm(columns.function(chunk), weight, out=part)
        return out

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (gradient,) = grad_outputs
        columns: Computed = ctx.columns
        out = gradient.new_zeros(columns.width, gradient.shape[1])
        for part, chunk in zip(gradient.split(CHUNK), columns.numbers.split(CHUNK), strict=True):
            out.addmm_(columns.function(chunk).T, part)
        return out, None


def normalised_linear(norm: nn.BatchNorm1d, linear: nn.Linear, parts: Sequence[Columns]) -> Tensor:
    """Returns ``linear(norm(matrix))`` for the matrix whose columns are `parts`, (M, outputs).

    Equal to the plain formulation but for rounding, running statistics included.
    """
    if norm.training:
        moments = [part.moments() for part in parts]
        mean = torch.cat([mean for mean, _ in moments])
        variance = torch.cat([variance for _, variance in moments])
        _update_running(norm, mean=mean, variance=variance, n=parts[0].shape[0])
    else:
        assert norm.running_mean is not None and norm.running_var is not None
        mean, variance = norm.running_mean, norm.running_var
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    out = linear.bias + linear.weight @ (norm.bias - scale * mean)
    weights = (linear.weight * scale).T.split([part.shape[1] for part in parts])
    for part, weight in zip(parts, weights, strict=True):
        out = out + part.product(weight)
    return out


@torch.no_grad()
def _update_running(norm: nn.BatchNorm1d, *, mean: Tensor, variance: Tensor, n: int) -> None:
    """Moves the running statistics as `BatchNorm1d` does, which keeps the unbiased variance."""
    assert norm.running_mean is not None and norm.running_var is not None
    assert norm.num_batches_tracked is not None and norm.momentum is not None
    norm.num_batches_tracked += 1
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(variance * n / max(n - 1, 1), norm.momentum)
