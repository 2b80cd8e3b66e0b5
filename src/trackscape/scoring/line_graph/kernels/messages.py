"""CompressedLineGraph -> the strongest message to each segment, in training and evaluation."""

import copy
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from trackscape.data import CompressedLineGraph
from trackscape.scoring.line_graph.columns import folded, table_moments, update_running
from trackscape.scoring.line_graph.encoding import STEPS, AngleEncoding
from trackscape.scoring.line_graph.kernels import forward
from trackscape.scoring.line_graph.kernels.autograd import Strongest
from trackscape.scoring.line_graph.kernels.segments import (
    CHUNKS,
    RowArray,
    SecondAndThird,
    Segments,
    as_arrays,
    share_among_threads,
    strongest,
)
from trackscape.scoring.line_graph.kernels.vectors import ROW_WIDTH


def strongest_messages(
    block: nn.Sequential,
    encode: AngleEncoding,
    lines: CompressedLineGraph,
    x: Float[Tensor, "edges features"],
) -> Float[Tensor, "edges 16"]:
    """Returns the columnwise maximum of the messages that arrive at each segment; 0 if none does.

    `block` takes target, source and encoded angle, and has 16 hidden columns and 16 outputs.
    """
    segments = as_arrays(lines)
    if segments.n_messages == 0:  # no message whose statistics could be taken
        return x.new_zeros(len(x), ROW_WIDTH)
    needs_gradient = torch.is_grad_enabled() and any(p.requires_grad for p in block.parameters())
    # Not that of the block: statistics can be taken anew in a network that is not in training.
    if block[0].training or needs_gradient:
        return _differentiable(block, encode, segments, x)
    return _evaluated(block, encode, segments, x)


def _differentiable(
    block: nn.Sequential, encode: AngleEncoding, segments: Segments, x: Tensor
) -> Tensor:
    norm1, linear1, _, norm2, linear2, _, norm3, linear3 = block
    assert isinstance(norm1, nn.BatchNorm1d) and isinstance(linear1, nn.Linear)
    assert isinstance(norm2, nn.BatchNorm1d) and isinstance(norm3, nn.BatchNorm1d)
    n, steps = segments.n_messages, STEPS[x.dtype]
    share = _share_of_table(segments, steps)
    table = encode.table(n_nodes=len(share) // 2, dtype=x.dtype, device=x.device)
    features = _gathered_moments(segments, x)
    moments = [features, features, table_moments(table, share)]
    weight, bias = folded(norm1, linear1, moments, n=n)
    targets, sources, angle = weight.T.split([x.shape[1], x.shape[1], encode.size])
    out, *statistics = Strongest.apply(
        segments,
        steps,
        (norm2, norm3),
        x @ targets + bias,
        x @ sources,
        table @ angle,
        *norm2.parameters(),
        *linear2.parameters(),
        *norm3.parameters(),
        *linear3.parameters(),
    )
    if norm2.training:
        update_running(norm2, mean=statistics[0], variance=statistics[1], n=n)
        update_running(norm3, mean=statistics[2], variance=statistics[3], n=n)
    return out


def _share_of_table(segments: Segments, steps: int) -> Tensor:
    """Mean coefficient of each row of the table, up to the last one that is used."""
    shares = np.zeros((CHUNKS, 2 * steps + 2))
    share_among_threads(
        segments.message_ptr,
        lambda i, a, b: forward.share_of_table(a, b, segments, steps, shares[i]),
    )
    share = shares.sum(axis=0)
    n_nodes = max(int(np.flatnonzero(share)[-1]) // 2 + 1, 2)
    # The coefficients of values sum up to one for each pair.
    return torch.from_numpy(share[: 2 * n_nodes] / share[::2].sum())


def _gathered_moments(segments: Segments, x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of the features over all messages: of targets as of sources."""
    share = torch.from_numpy(np.diff(segments.message_ptr) / segments.n_messages).to(x.dtype)
    mean = share @ x
    return mean, share @ (x - mean) ** 2


def _evaluated(
    block: nn.Sequential, encode: AngleEncoding, segments: Segments, x: Tensor
) -> Tensor:
    layers = _folded(block, encode)
    targets, sources = (x @ layers.targets + layers.bias).numpy(), (x @ layers.sources).numpy()
    out, steps = x.new_empty(len(x), ROW_WIDTH), STEPS[x.dtype]
    share_among_threads(
        segments.message_ptr,
        lambda _, a, b: strongest(
            a, b, segments, targets, sources, layers.table, steps, layers.behind, out.numpy()
        ),
    )
    return out


class _Folded(NamedTuple):
    """All that evaluation needs of a block."""

    targets: Tensor
    sources: Tensor
    bias: Tensor
    table: RowArray
    behind: SecondAndThird


_folded_before: WeakKeyDictionary[nn.Sequential, tuple[bytes, _Folded]] = WeakKeyDictionary()


def _folded(block: nn.Sequential, encode: AngleEncoding) -> _Folded:
    """Folds the normalisations of a block, or remembers it from the frame before."""
    weights = b"".join(x.detach().numpy().tobytes() for x in block.state_dict().values())
    known = _folded_before.get(block)
    if known is None or known[0] != weights:
        known = weights, _fold(block, encode)
        _folded_before[block] = known
    return known[1]


def _fold(block: nn.Sequential, encode: AngleEncoding) -> _Folded:
    dtype = next(block.parameters()).dtype
    exact = copy.deepcopy(block).double()
    pairs = [folded(exact[i], exact[i + 1], (), n=0) for i in (0, 3, 6)]  # pyright: ignore
    (weight, bias), *behind = [(w.detach().T.to(dtype), b.detach().to(dtype)) for w, b in pairs]
    n_features = (len(weight) - encode.size) // 2
    targets, sources, angle = weight.split([n_features, n_features, encode.size])
    table = encode.table(n_nodes=STEPS[dtype] + 1, dtype=dtype, device=weight.device) @ angle
    rows = [np.ascontiguousarray(x.numpy()) for pair in behind for x in pair]
    return _Folded(targets, sources, bias, table.numpy(), SecondAndThird(*rows))
