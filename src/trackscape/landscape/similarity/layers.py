"""Layers of two models -> what they compute row by row, and linear CKA with standard errors.

References:
    Kornblith, Norouzi, Lee and Hinton, ICML 2019; Song, Smola, Gretton, Bedo and Borgwardt, J.
    Mach. Learn. Res. 13 (2012) 1393, for the unbiased estimator; Nguyen, Raghu and Kornblith, ICLR
    2021, for the one over minibatches.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.space import copy_of

FEWEST_ROWS = 4
"""The unbiased estimator exists from here on."""


def layer_names(model: nn.Module) -> list[str]:
    """Returns the names of the modules that hold no others, in their order in the model."""
    return [name for name, part in model.named_modules() if next(part.children(), None) is None]


def layer_features(
    model: nn.Module,
    batches: Iterable[Any],
    layers: Sequence[str],
    forward: Callable[[nn.Module, Any], object],
    *,
    rows: int | None = None,
    seed: int = 0,
) -> dict[str, Tensor]:
    """Returns the outputs of named layers, (rows, width) each, on the CPU.

    The first axis of an output counts rows: samples, or the nodes, edges or messages of a graph;
    all others are joined into one. From each call of a layer so many rows are chosen, or all. The
    model is copied and in evaluation mode; `forward` applies it to a batch. Equal batches and seeds
    choose equal rows of all models and layers, which a comparison needs.

    Raises:
        LandscapeError: A name is unknown, or a layer is never called or returns no tensor.
    """
    model = copy_of(model)
    model.eval()
    known = dict(model.named_modules())
    unknown = [name for name in layers if name not in known]
    if unknown or not layers:
        raise LandscapeError(
            f"Expected names of layers of the {type(model).__name__}, got "
            f"{', '.join(unknown) or 'none'}; it has {', '.join(layer_names(model))}."
        )
    found: dict[str, list[Tensor]] = defaultdict(list)
    for name in layers:
        known[name].register_forward_hook(_collector(name, found, rows, seed))
    with torch.no_grad():
        for batch in batches:
            forward(model, batch)
    silent = [name for name in layers if name not in found]
    if silent:
        raise LandscapeError(
            f"Expected layers that the model calls, but {', '.join(silent)} computed nothing; "
            "leave them out, or pass batches."
        )
    return {name: torch.cat(found[name]) for name in layers}


def _collector(
    name: str, found: dict[str, list[Tensor]], rows: int | None, seed: int
) -> Callable[[nn.Module, Any, object], None]:
    def collect(layer: nn.Module, _: Any, output: object) -> None:
        if not isinstance(output, Tensor) or output.ndim == 0 or output.is_complex():
            kind = output.dtype if isinstance(output, Tensor) else type(output).__name__
            raise LandscapeError(
                f"Expected layers that return one real tensor with rows, but {name or 'the model'} "
                f"(a {type(layer).__name__}) returns a {kind}; name other layers, or those in it."
            )
        values = output.detach().to_dense().reshape(len(output), -1)
        if rows is not None and rows < len(values):
            # By the number of the call and nothing else, so that other layers and models do alike.
            generator = torch.Generator().manual_seed(1_000_003 * seed + len(found[name]))
            order = torch.randperm(len(values), generator=generator, device="cpu")
            values = values[order[:rows].sort().values.to(values.device)]
        found[name].append(values.cpu().clone())

    return collect


class Similarity(NamedTuple):
    """CKA of one layer of two models."""

    value: float
    """Value that is 1 for features that differ by a rotation, a scale and a shift, and 0 on average
    for independent ones, so that it can be a little below 0; NaN if a layer is constant."""
    standard_error: float
    """Standard error from the spread over minibatches, too small where rows are not independent,
    such as the edges of one graph. NaN of a single minibatch."""


def unbiased_hsic(
    x: Float[Tensor, "rows width"], y: Float[Tensor, "rows other"]
) -> Float[Tensor, ""]:
    r"""Returns the Hilbert-Schmidt independence criterion of linear kernels, without bias.

    With K and L the matrices of the products of n >= 4 rows, their diagonals set to zero,

    .. math::
        \frac{1}{n (n - 3)} \left[ \mathrm{tr}\, K L
            + \frac{1^T K 1 \; 1^T L 1}{(n - 1)(n - 2)}
            - \frac{2}{n - 2} 1^T K L 1 \right]

    No n x n matrix is needed: a shift of all rows changes nothing, and with a mean of zero the sums
    of the rows of K are minus the squares of the rows of x. It can be negative.
    """
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or len(x) < FEWEST_ROWS:
        raise LandscapeError(
            f"Expected features (n, D) of the same n >= {FEWEST_ROWS} rows, got {tuple(x.shape)} "
            f"and {tuple(y.shape)}."
        )
    n = len(x)
    x, y = (each.double() - each.double().mean(dim=0) for each in (x, y))
    squares_x, squares_y = (each.square().sum(dim=1) for each in (x, y))
    total = (x.T @ y).square().sum()
    total -= n / (n - 2) * squares_x @ squares_y
    total += squares_x.sum() * squares_y.sum() / ((n - 1) * (n - 2))
    return total / (n * (n - 3))


def layer_cka(
    features_a: Mapping[str, Float[Tensor, "rows width"]],
    features_b: Mapping[str, Float[Tensor, "rows other"]],
    *,
    batch: int = 1024,
    passes: int = 5,
    seed: int = 0,
) -> dict[str, Similarity]:
    r"""Returns the similarity of each layer of two models.

    .. math::
        \frac{\sum_b \mathrm{HSIC}_b(K, L)}
             {\sqrt{\sum_b \mathrm{HSIC}_b(K, K) \sum_b \mathrm{HSIC}_b(L, L)}}

    over minibatches b of rows (see `layer_features`) that are shuffled anew in each pass; the mean
    over passes. Rows that fill no minibatch, of at least 4, are left out of that pass. Fewer rows
    than a minibatch are one.

    Raises:
        LandscapeError: The layers or rows are not the same, or a setting is out of range.

    Example:
        >>> x = torch.arange(32.0).reshape(16, 2).sin()
        >>> similarity = layer_cka({"0": x}, {"0": 2 * x.flip(1)}, batch=8)["0"]
        >>> f"{similarity.value:.3f} +- {similarity.standard_error:.3f}"
        '1.000 +- 0.000'
    """
    if features_a.keys() != features_b.keys():
        raise LandscapeError(
            f"Expected the same layers, got {', '.join(features_a)} and {', '.join(features_b)}."
        )
    if batch < FEWEST_ROWS or passes < 1:
        raise LandscapeError(
            f"Expected batches from {FEWEST_ROWS} rows and at least 1 pass, got {batch}, {passes}."
        )
    for name, x in features_a.items():
        if len(x) != len(features_b[name]):
            raise LandscapeError(
                f"Expected the same rows of two models, but the layer {name!r} has {len(x):,} and "
                f"{len(features_b[name]):,}; pass the same batches and seed for both."
            )
    return {
        name: _similarity(features_a[name], features_b[name], batch, passes, seed)
        for name in features_a
    }


def _similarity(x: Tensor, y: Tensor, batch: int, passes: int, seed: int) -> Similarity:
    generator = torch.Generator().manual_seed(seed)
    found = [_one_pass(x, y, batch, generator) for _ in range(passes)]
    values, variances = torch.tensor(found, dtype=torch.float64, device="cpu").mean(dim=0).tolist()
    return Similarity(values, variances**0.5)


def _one_pass(x: Tensor, y: Tensor, batch: int, generator: torch.Generator) -> tuple[float, float]:
    """Returns CKA, and its variance by leaving out each minibatch in turn (jackknife)."""
    order = torch.randperm(len(x), generator=generator, device="cpu")
    size = min(batch, len(x))
    parts = [part for part in order.split(max(size, 1)) if len(part) == size]
    rows = [(x[part], y[part]) for part in parts] or [(x, y)]
    criteria = [[unbiased_hsic(*pair) for pair in ((a, b), (a, a), (b, b))] for a, b in rows]
    terms = torch.stack([torch.stack(each) for each in criteria])
    n = len(terms)
    without = _ratio(terms.sum(dim=0) - terms)
    variance = float(without.var(correction=0) * (n - 1)) if n > 1 else math.nan
    return float(_ratio(terms.sum(dim=0))), variance


def _ratio(sums: Tensor) -> Tensor:
    """CKA of sums (..., 3) over minibatches; NaN where a layer is constant."""
    both, a, b = sums.unbind(dim=-1)
    valid = (a > 0) & (b > 0)
    return torch.where(valid, both / (a * b).clamp(min=0).sqrt(), torch.nan)
