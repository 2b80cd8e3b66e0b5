r"""The strongest message to each segment, as PyTorch differentiates it in training.

Let d be the gradient behind a normalisation :math:`\gamma \hat g + \beta` of values g over M
messages, with :math:`\hat g = (g - \mu) r`. Then the gradient before it is

.. math:: \frac{dL}{dg} = \gamma r \Big(d - \frac{\sum d}{M} - \frac{\sum d \hat g}{M} \hat g\Big)

and both sums follow from the products of gradients and values that the weights' gradient needs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from trackscape.scoring.line_graph.kernels import backward, forward
from trackscape.scoring.line_graph.kernels.segments import (
    CHUNKS,
    Floats,
    RowArray,
    SecondAndThird,
    Segments,
    share_among_threads,
)
from trackscape.scoring.line_graph.kernels.vectors import ROW_WIDTH


class NormAndLinear(NamedTuple):
    """A normalisation and the linear layer behind it, float64."""

    gamma: Floats
    beta: Floats
    weight: Floats
    """Weights (16, 16) of the linear layer, outputs first."""
    bias: Floats
    mean: Floats
    variance: Floats
    epsilon: float
    n_messages: float
    """Messages that mean and variance depend on; infinite where they are constants."""

    @property
    def rate(self) -> Floats:
        """One over the standard deviation."""
        return 1 / np.sqrt(self.variance + self.epsilon)

    @property
    def folded(self) -> tuple[Floats, Floats]:
        """Weight, inputs first, and bias of the layer that does both."""
        scale = self.gamma * self.rate
        return (self.weight * scale).T, self.bias + self.weight @ (self.beta - scale * self.mean)

    def gradients(self, outer: Floats, total: Floats) -> tuple[list[Floats], Floats]:
        """Gradients of gamma, beta, weight and bias, and what all messages share.

        `outer` sums products of the gradient behind with the value before, `total` gradients.
        """
        rate = self.rate
        normal = (outer - np.outer(total, self.mean)) * rate
        beta, gamma = total @ self.weight, (self.weight * normal).sum(axis=0)
        weight = normal * self.gamma + np.outer(total, self.beta)
        scale = -self.gamma * rate / self.n_messages
        constant = scale * (beta - self.mean * rate * gamma)
        return [gamma, beta, weight, total], np.stack([constant, scale * rate * gamma])


class Strongest(torch.autograd.Function):
    """Columnwise maximum of the messages to each segment, differentiable once."""

    @staticmethod
    def forward(
        ctx: Any,
        segments: Segments,
        steps: int,
        norms: tuple[nn.BatchNorm1d, nn.BatchNorm1d],
        targets: Tensor,
        sources: Tensor,
        table: Tensor,
        *parameters: Tensor,
    ) -> tuple[Tensor, ...]:
        """Returns the maximum (E, 16), and mean and variance of both hidden layers."""
        n = segments.n_messages
        hidden = targets.new_empty(n, ROW_WIDTH).numpy()
        a_t, b_s, c = (tensor.detach().numpy() for tensor in (targets, sources, table))

        def first(a: int, b: int, moments: Floats) -> None:
            forward.first_layer(a, b, segments, a_t, b_s, c, steps, hidden, moments)

        def second(a: int, b: int, moments: Floats) -> None:
            begin, end = int(segments.message_ptr[a]), int(segments.message_ptr[b])
            forward.second_layer_moments(begin, end, hidden, *second_layer, moments)

        before = _normalisation(norms[0], parameters[:4], n, _moments(segments, first))
        second_layer = _folded(before, hidden.dtype)
        moments = _moments(segments, second) if norms[1].training else None
        behind = _normalisation(norms[1], parameters[4:], n, moments)
        layers = SecondAndThird(*second_layer, *_folded(behind, hidden.dtype))
        out = torch.empty_like(targets)
        winner = np.empty(out.shape, np.int32)
        share_among_threads(
            segments.message_ptr,
            lambda _, a, b: forward.strongest_and_winners(
                a, b, segments.message_ptr, hidden, layers, out.numpy(), winner
            ),
        )
        ctx.kept = segments, steps, hidden, winner, layers, before, behind, len(table)
        statistics = [before.mean, before.variance, behind.mean, behind.variance]
        tensors = [torch.from_numpy(value).to(out.dtype) for value in statistics]
        ctx.mark_non_differentiable(*tensors)
        return out, *tensors

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Tensor
    ) -> tuple[Tensor | None, ...]:
        """Returns the gradients of targets, sources, table and parameters."""
        segments, steps, hidden, winner, layers, before, behind, n_rows = ctx.kept
        gradient = grad_outputs[0].contiguous()
        arrived = backward.Arrived(gradient.numpy(), winner)
        some = segments.message_ptr[1:] > segments.message_ptr[:-1]
        total = arrived.gradient[some].sum(axis=0, dtype=np.float64)

        outer = np.zeros((CHUNKS, ROW_WIDTH, ROW_WIDTH))
        share_among_threads(
            segments.message_ptr,
            lambda i, a, b: backward.winners(a, b, hidden, layers, arrived, outer[i]),
        )
        third, shared = behind.gradients(outer.sum(axis=0), total)
        back3 = _back(behind, shared, hidden.dtype)

        outer, sums = np.zeros((CHUNKS, ROW_WIDTH, ROW_WIDTH)), np.zeros((CHUNKS, 1, ROW_WIDTH))
        share_among_threads(
            segments.message_ptr,
            lambda i, a, b: backward.second_layer_gradients(
                a, b, segments.message_ptr, hidden, layers, arrived, back3, outer[i], sums[i]
            ),
        )
        second, shared = before.gradients(outer.sum(axis=0), sums.sum(axis=0)[0])
        back2 = _back(before, shared, hidden.dtype)

        targets = torch.empty_like(gradient)
        sources = gradient.new_zeros(CHUNKS, *gradient.shape)
        table = gradient.new_zeros(CHUNKS, n_rows, ROW_WIDTH)
        share_among_threads(
            segments.message_ptr,
            lambda i, a, b: backward.first_layer_gradients(
                a, b, segments, steps, hidden, layers, arrived, back3, back2,
                targets.numpy(), sources[i].numpy(), table[i].numpy(),
            ),
        )  # fmt: skip
        parameters = [torch.from_numpy(x).to(gradient.dtype) for x in (*second, *third)]
        return None, None, None, targets, sources.sum(dim=0), table.sum(dim=0), *parameters


def _moments(segments: Segments, add: Callable[[int, int, Floats], None]) -> Floats:
    """Sum over all messages of what `add` adds for some segments, (2, 16)."""
    moments = np.zeros((CHUNKS, 2, ROW_WIDTH))
    share_among_threads(segments.message_ptr, lambda i, a, b: add(a, b, moments[i]))
    return moments.sum(axis=0)


def _normalisation(
    norm: nn.BatchNorm1d, parameters: tuple[Tensor, ...], n: int, moments: Floats | None
) -> NormAndLinear:
    """The values of a normalisation; in training its statistics are those of the n messages."""
    if norm.training:
        assert moments is not None
        mean, square = moments / n
        variance, n_messages = np.maximum(square - mean**2, 0), float(n)
    else:
        assert norm.running_mean is not None and norm.running_var is not None
        mean, variance = norm.running_mean.double().numpy(), norm.running_var.double().numpy()
        n_messages = np.inf
    gamma, beta, weight, bias = (tensor.detach().double().numpy() for tensor in parameters)
    return NormAndLinear(gamma, beta, weight, bias, mean, variance, norm.eps, n_messages)


def _folded(norm: NormAndLinear, dtype: Any) -> tuple[RowArray, RowArray]:
    weight, bias = norm.folded
    return np.ascontiguousarray(weight, dtype), np.ascontiguousarray(bias, dtype)


def _back(norm: NormAndLinear, shared: Floats, dtype: Any) -> backward.Back:
    weight = norm.weight * norm.gamma * norm.rate
    return backward.Back(np.ascontiguousarray(weight, dtype), shared.astype(dtype))
