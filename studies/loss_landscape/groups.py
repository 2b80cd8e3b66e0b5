"""Measures of pairs of runs -> whether groups of runs differ.

References:
    Ernst, Statistical Science 19 (2004) 676, for permutation tests; Phipson and Smyth, Stat. Appl.
    Genet. Mol. Biol. 9 (2010) 39, for p-values that are never 0.
"""

import itertools
import math
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from studies.intervals import Interval, leave_one_out
from trackscape.errors import LandscapeError

Contrast = Literal["within", "between"]
"""``within``: pairs within the first group minus pairs within the others. ``between``: pairs of one
run of the first group and one of the others, minus pairs within either."""


class GroupComparison(NamedTuple):
    """The difference of two kinds of pairs."""

    effect: Interval
    """Difference of the means, with its interval from leaving out each run in turn; unbounded if a
    group has fewer than 3 runs."""
    statistic: float
    """Number that was compared with its values under permutations."""
    p_value: float
    """Two-sided p-value; never 0."""
    permutations: int
    """Number of permutations, the one that was observed not counted."""
    exact: bool
    """Whether these were all permutations that there are."""


def compare_groups(
    measures: Float[Tensor, "runs runs"],
    first: Bool[Tensor, " runs"],
    *,
    contrast: Contrast = "within",
    statistic: Literal["welch", "difference"] = "welch",
    permute: Literal["runs", "pairs"] = "runs",
    most: int = 10_000,
    seed: int = 0,
) -> GroupComparison:
    """Tests whether symmetric measures of pairs of runs, such as barriers, differ between groups.

    A run is in many pairs, which are therefore not independent. ``runs`` permutes what is
    exchangeable if the groups, the `first` and the others, do not differ: the runs, each with all
    of its pairs. ``pairs`` permutes the pairs as if each were measured on its own, as is often
    published; it takes the spread between runs for an effect, and its p-values are far too small.
    With S runs, k of which are in the first group, p is at least 1 / (S choose k), for ``within``
    and groups of equal size twice that. If there are more than `most` permutations, so many are
    drawn. ``welch`` is the difference of means over its error if pairs were independent, only a
    scale here: what counts is its place among permutations.

    Raises:
        LandscapeError: The measures are no symmetric matrix of numbers, or a group is too small.

    Example:
        >>> place = torch.tensor([0.0, 0.1, 0.2, 4.0, 6.0, 9.0]).double()
        >>> test = compare_groups((place[:, None] - place).abs(), place < 1)
        >>> round(test.effect.value, 2), test.p_value, test.permutations, test.exact
        (-3.2, 0.1, 19, True)
    """
    first = first.bool()
    values, of_run = _pairs(measures, first)
    kinds = _kinds(first[None], of_run, contrast)
    _check_sizes(kinds, contrast)
    score = _welch if statistic == "welch" else _difference
    if permute == "runs":
        labels, exact = _relabellings(first, most, seed)
        permuted = _kinds(labels, of_run, contrast)
    else:
        compared = kinds.any(dim=0)[0]
        values, of_run, kinds = values[compared], of_run[:, compared], kinds[:, :, compared]
        labels, exact = _relabellings(kinds[0, 0], most, seed)
        permuted = torch.stack([labels, ~labels])
    observed = float(score(values, kinds)[0])
    # Sums in another order differ by rounding, and must count as equal.
    extreme = score(values, permuted).abs() >= abs(observed) * (1 - 1e-9)
    n = len(labels)
    p_value = (int(extreme.sum()) + 1) / (n + 1)
    effect = _interval(values, of_run, kinds[:, 0], first)
    return GroupComparison(effect, observed, p_value, n, exact)


def _pairs(measures: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the measures (Q,) of pairs, and their runs (2, Q)."""
    n = len(first)
    square = measures.shape == (n, n) and first.ndim == 1
    of_run = torch.combinations(torch.arange(n, device="cpu")).T
    if square:
        values = measures.double()[of_run[0], of_run[1]]
        mirrored = measures.double()[of_run[1], of_run[0]]
        if values.isfinite().all() and torch.allclose(values, mirrored, rtol=1e-6, atol=1e-12):
            return values, of_run
    raise LandscapeError(
        f"Expected a symmetric matrix (S, S) of finite measures and a group (S,) of runs, got "
        f"{tuple(measures.shape)} and {tuple(first.shape)}; leave out runs that failed."
    )


def _kinds(labels: Tensor, of_run: Tensor, contrast: Contrast) -> Tensor:
    """Returns which pairs are of the one kind and of the other, (2, L, Q), for labels (L, S)."""
    a, b = labels[:, of_run[0]], labels[:, of_run[1]]
    return torch.stack([a & b, ~a & ~b] if contrast == "within" else [a != b, a == b])


def _check_sizes(kinds: Tensor, contrast: Contrast) -> None:
    if int(kinds.sum(dim=2).min()) < 2:
        raise LandscapeError(
            f"Expected at least 2 pairs of each kind {contrast} groups, got "
            f"{kinds.sum(dim=2).flatten().tolist()}; compare groups of at least 3 runs."
        )


def _relabellings(labels: Tensor, most: int, seed: int) -> tuple[Tensor, bool]:
    """Returns other labels with as many of each, (L, S) bool, and whether these are all of them."""
    n, k = len(labels), int(labels.sum())
    if math.comb(n, k) - 1 <= most:
        chosen = torch.tensor(list(itertools.combinations(range(n), k)), device="cpu")
        found = torch.zeros(len(chosen), n, dtype=torch.bool, device="cpu")
        found.scatter_(1, chosen, value=True)
        return found[(found != labels).any(dim=1)], True
    generator = torch.Generator().manual_seed(seed)
    order = torch.rand(most, n, generator=generator, device="cpu").argsort(dim=1)
    return labels[order], False


def _difference(values: Tensor, kinds: Tensor) -> Tensor:
    """Mean of the pairs of one kind minus mean of those of the other, (L,)."""
    one, other = (kinds.double() @ values) / kinds.sum(dim=2)
    return one - other


def _welch(values: Tensor, kinds: Tensor) -> Tensor:
    """Welch's t of the same, (L,); infinite if pairs of a kind do not differ at all."""
    weight, number = kinds.double(), kinds.sum(dim=2)
    mean = weight @ values / number
    spread = (weight * (values - mean[..., None]).square()).sum(dim=2) / (number - 1)
    error = (spread / number).sum(dim=0).sqrt()
    difference = mean[0] - mean[1]
    return torch.where(difference == 0, 0.0, difference / error)


def _interval(values: Tensor, of_run: Tensor, kinds: Tensor, first: Tensor) -> Interval:
    """Returns the difference of the means of both kinds of pairs (2, Q), by leaving out runs."""
    left_out = leave_one_out(int(first.sum()), int((~first).sum()))
    weight = values.new_ones(len(left_out.seeds), len(first))
    weight[:, first], weight[:, ~first] = left_out.seeds, left_out.frames
    share = (weight[:, of_run[0]] * weight[:, of_run[1]])[:, None] * kinds
    one, other = ((share * values).sum(dim=2) / share.sum(dim=2)).T
    return left_out.interval(one - other)
