"""Compiled belief propagation: messages along the beam and back, in odds.

A segment is a variable, on a track or not, and a hit a factor that joins all segments at it. Odds
that a hit sends to a segment:

    what the hit's other side offers it / what the hit would do without it

Each pass visits the hits in the order of the layers, so that one round carries news from the first
layer to the last and back.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trackscape.compiled import compiled, inlined

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LARGEST = 1e30
"""Odds beyond this, or below its inverse, are certain."""


class Orders(NamedTuple):
    """Who meets whom; see `trackscape.data.KinkGraph`. Axes: H hits, E edges, P pairs."""

    arriving: Integers
    leaving: Integers
    by_upstream: Integers
    first: Integers
    upstream: Integers


class Odds(NamedTuple):
    """Exponentials of the potentials. A hit that is alone has the odds 1."""

    start: Floats
    """(E,)"""
    end: Floats
    """(E,)"""
    follow: Floats
    """(P,)"""


@compiled
def propagate(orders: Orders, odds: Odds, rounds: int) -> tuple[Floats, Floats]:
    """Returns the odds that the upstream and the downstream hit of each edge give it, (E,) each."""
    n_hits, n_edges = len(orders.arriving) - 1, len(odds.start)
    forth, back = np.full(n_edges, 1e-2), np.full(n_edges, 1e-1)
    offer, total, rest = np.empty((3, _largest_degree(orders)))
    for _ in range(rounds):
        for hit in range(n_hits):
            place, n = orders.leaving[hit], orders.leaving[hit + 1] - orders.leaving[hit]
            if n > 0:
                nothing = _offers_downstream(orders, odds, forth, back, hit, offer, total)
                _without_each(nothing, total, n, rest)
                for i in range(n):
                    forth[orders.by_upstream[place + i]] = _bounded(offer[i] / rest[i])
        for hit in range(n_hits - 1, -1, -1):
            place, n = orders.arriving[hit], orders.arriving[hit + 1] - orders.arriving[hit]
            if n > 0:
                nothing = _offers_upstream(orders, odds, forth, back, hit, offer, total)
                _without_each(nothing, total, n, rest)
                for i in range(n):
                    back[place + i] = _bounded(offer[i] / rest[i])
    return forth, back


@compiled
def partition(orders: Orders, odds: Odds, forth: Floats, back: Floats) -> tuple[Floats, float]:
    """Sums over all that each hit may do, (H,), and the logarithm of the sum over all sets.

    The latter is Bethe's: that of each hit, less that of each edge, which both of its hits have
    counted.
    """
    n_hits = len(orders.arriving) - 1
    sums = np.empty(n_hits)
    offer, total = np.empty((2, _largest_degree(orders)))
    logarithm = 0.0
    for hit in range(n_hits):
        sums[hit] = _offers_downstream(orders, odds, forth, back, hit, offer, total)
        for i in range(orders.leaving[hit + 1] - orders.leaving[hit]):
            sums[hit] += total[i]
        logarithm += np.log(sums[hit])
    for edge in range(len(forth)):
        logarithm -= np.log1p(forth[edge] * back[edge])
    return sums, logarithm


@compiled
def believe(
    orders: Orders, odds: Odds, forth: Floats, back: Floats, sums: Floats
) -> tuple[Floats, Floats, Floats]:
    """Probabilities that a track starts with or ends with each edge (E,), or has a pair (P,)."""
    n_hits, n_edges = len(orders.arriving) - 1, len(odds.start)
    start, end, follow = np.zeros(n_edges), np.zeros(n_edges), np.zeros(len(odds.follow))
    for hit in range(n_hits):
        for edge in range(orders.arriving[hit], orders.arriving[hit + 1]):
            end[edge] = forth[edge] * odds.end[edge] / sums[hit]
        for place in range(orders.leaving[hit], orders.leaving[hit + 1]):
            edge = orders.by_upstream[place]
            share = back[edge] / sums[hit]
            start[edge] = odds.start[edge] * share
            for pair in range(orders.first[edge], orders.first[edge + 1]):
                follow[pair] = forth[orders.upstream[pair]] * odds.follow[pair] * share
    return start, end, follow


@compiled
def _largest_degree(orders: Orders) -> int:
    largest = 1
    for hit in range(len(orders.arriving) - 1):
        largest = max(largest, orders.arriving[hit + 1] - orders.arriving[hit])
        largest = max(largest, orders.leaving[hit + 1] - orders.leaving[hit])
    return largest


@inlined
def _offers_downstream(
    orders: Orders,
    odds: Odds,
    forth: Floats,
    back: Floats,
    hit: int,
    offer: Floats,
    total: Floats,
) -> float:
    """Odds of all that a hit may do with each leaving edge; returns those of no leaving edge."""
    by_upstream, first, upstream, follow = (
        orders.by_upstream,
        orders.first,
        orders.upstream,
        odds.follow,
    )
    nothing = 1.0
    for edge in range(orders.arriving[hit], orders.arriving[hit + 1]):
        nothing += float(forth[edge] * odds.end[edge])
    place = orders.leaving[hit]
    for i in range(orders.leaving[hit + 1] - place):
        edge = by_upstream[place + i]
        value = odds.start[edge]
        for pair in range(first[edge], first[edge + 1]):
            value += forth[upstream[pair]] * follow[pair]
        offer[i], total[i] = value, value * back[edge]
    return nothing


@inlined
def _offers_upstream(
    orders: Orders,
    odds: Odds,
    forth: Floats,
    back: Floats,
    hit: int,
    offer: Floats,
    total: Floats,
) -> float:
    """The same for the arriving edges."""
    by_upstream, first, upstream, follow = (
        orders.by_upstream,
        orders.first,
        orders.upstream,
        odds.follow,
    )
    begin = orders.arriving[hit]
    n = orders.arriving[hit + 1] - begin
    nothing = 1.0
    for i in range(n):
        offer[i] = odds.end[begin + i]
    for place in range(orders.leaving[hit], orders.leaving[hit + 1]):
        edge = by_upstream[place]
        value = back[edge]
        nothing += float(odds.start[edge] * value)
        for pair in range(first[edge], first[edge + 1]):
            offer[upstream[pair] - begin] += follow[pair] * value
    for i in range(n):
        total[i] = offer[i] * forth[begin + i]
    return nothing


@inlined
def _bounded(odds: float) -> float:
    return min(max(odds, 1 / LARGEST), LARGEST)


@inlined
def _without_each(nothing: float, total: Floats, n: int, rest: Floats) -> None:
    """Sum of `nothing` and all totals but one's own, without cancellation."""
    everything = nothing
    for i in range(n):
        everything += total[i]
    for i in range(n):
        rest[i] = everything - total[i]
        if total[i] > 0.5 * everything:
            rest[i] = nothing
            for j in range(n):
                if j != i:
                    rest[i] += total[j]
