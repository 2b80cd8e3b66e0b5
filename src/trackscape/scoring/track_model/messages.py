"""Compiled belief propagation: messages along the beam and back, in odds.

A segment is a variable, on a track or not, and a hit a factor that joins all segments at it. It
sends to each the odds of what the hit's other side offers it over what it would do without it.
"""

from typing import NamedTuple

import numpy as np

from trackscape.compiled import Floats, Integers, compiled, inlined

LARGEST_ODDS = 1e30
"""Odds beyond this, or below its inverse, are certain."""
FIRST_FORWARD, FIRST_BACKWARD = 1e-2, 1e-1
"""Messages before the first round."""


class Triplets(NamedTuple):
    """Who meets whom; see `trackscape.data.TripletGraph`."""

    in_ptr: Integers
    out_ptr: Integers
    out_edge: Integers
    triplet_ptr: Integers
    upstream: Integers


class Odds(NamedTuple):
    """Odds that a track starts, ends, or goes on with an edge; 1 for a hit that is alone."""

    start: Floats
    end: Floats
    follow: Floats
    """Odds (P,) that a track goes through each pair."""


@compiled
def propagate(triplets: Triplets, odds: Odds, n_iterations: int) -> tuple[Floats, Floats]:
    """Returns the odds that the upstream and the downstream hit of each edge give it, (E,) each."""
    n_edges = len(odds.start)
    forward, backward = np.full(n_edges, FIRST_FORWARD), np.full(n_edges, FIRST_BACKWARD)
    exchange(triplets, odds, forward, backward, n_iterations)
    return forward, backward


@compiled
def exchange(
    triplets: Triplets, odds: Odds, forward: Floats, backward: Floats, n_iterations: int
) -> None:
    """Goes on with the messages (E,) that were sent before, in place."""
    n_hits = len(triplets.in_ptr) - 1
    offer, total, rest = np.empty((3, _largest_degree(triplets)))
    for _ in range(n_iterations):
        for hit in range(n_hits):
            place, n = triplets.out_ptr[hit], triplets.out_ptr[hit + 1] - triplets.out_ptr[hit]
            if n > 0:
                unmatched = _offers_downstream(triplets, odds, forward, backward, hit, offer, total)
                without_each(unmatched, total, n, rest)
                for i in range(n):
                    forward[triplets.out_edge[place + i]] = bounded_odds(offer[i] / rest[i])
        for hit in range(n_hits - 1, -1, -1):
            place, n = triplets.in_ptr[hit], triplets.in_ptr[hit + 1] - triplets.in_ptr[hit]
            if n > 0:
                unmatched = _offers_upstream(triplets, odds, forward, backward, hit, offer, total)
                without_each(unmatched, total, n, rest)
                for i in range(n):
                    backward[place + i] = bounded_odds(offer[i] / rest[i])


@compiled
def partition(
    triplets: Triplets, odds: Odds, forward: Floats, backward: Floats
) -> tuple[Floats, float]:
    """Sums over all that each hit may do, (H,), and Bethe's logarithm of the sum over all sets."""
    n_hits = len(triplets.in_ptr) - 1
    sums = np.empty(n_hits)
    offer, total = np.empty((2, _largest_degree(triplets)))
    logarithm = 0.0
    for hit in range(n_hits):
        sums[hit] = _offers_downstream(triplets, odds, forward, backward, hit, offer, total)
        for i in range(triplets.out_ptr[hit + 1] - triplets.out_ptr[hit]):
            sums[hit] += total[i]
        logarithm += np.log(sums[hit])
    for edge in range(len(forward)):
        logarithm -= np.log1p(forward[edge] * backward[edge])
    return sums, logarithm


@compiled
def marginals(
    triplets: Triplets, odds: Odds, forward: Floats, backward: Floats, sums: Floats
) -> tuple[Floats, Floats, Floats]:
    """Probabilities that a track starts with or ends with each edge (E,), or has a pair (P,)."""
    n_hits, n_edges = len(triplets.in_ptr) - 1, len(odds.start)
    start, end, follow = np.zeros(n_edges), np.zeros(n_edges), np.zeros(len(odds.follow))
    for hit in range(n_hits):
        for edge in range(triplets.in_ptr[hit], triplets.in_ptr[hit + 1]):
            end[edge] = forward[edge] * odds.end[edge] / sums[hit]
        for place in range(triplets.out_ptr[hit], triplets.out_ptr[hit + 1]):
            edge = triplets.out_edge[place]
            share = backward[edge] / sums[hit]
            start[edge] = odds.start[edge] * share
            for pair in range(triplets.triplet_ptr[edge], triplets.triplet_ptr[edge + 1]):
                follow[pair] = forward[triplets.upstream[pair]] * odds.follow[pair] * share
    return start, end, follow


@compiled
def _largest_degree(triplets: Triplets) -> int:
    largest = 1
    for hit in range(len(triplets.in_ptr) - 1):
        largest = max(largest, triplets.in_ptr[hit + 1] - triplets.in_ptr[hit])
        largest = max(largest, triplets.out_ptr[hit + 1] - triplets.out_ptr[hit])
    return largest


@inlined
def _offers_downstream(
    triplets: Triplets,
    odds: Odds,
    forward: Floats,
    backward: Floats,
    hit: int,
    offer: Floats,
    total: Floats,
) -> float:
    """Odds of all that a hit may do with each edge out; returns those of no edge out."""
    out_edge, follow = triplets.out_edge, odds.follow
    first, upstream = triplets.triplet_ptr, triplets.upstream
    unmatched = 1.0
    for edge in range(triplets.in_ptr[hit], triplets.in_ptr[hit + 1]):
        unmatched += float(forward[edge] * odds.end[edge])
    place = triplets.out_ptr[hit]
    for i in range(triplets.out_ptr[hit + 1] - place):
        edge = out_edge[place + i]
        value = odds.start[edge]
        for pair in range(first[edge], first[edge + 1]):
            value += forward[upstream[pair]] * follow[pair]
        offer[i], total[i] = value, value * backward[edge]
    return unmatched


@inlined
def _offers_upstream(
    triplets: Triplets,
    odds: Odds,
    forward: Floats,
    backward: Floats,
    hit: int,
    offer: Floats,
    total: Floats,
) -> float:
    """Odds of all that a hit may do with each edge in; returns those of no edge in."""
    out_edge, follow = triplets.out_edge, odds.follow
    first, upstream = triplets.triplet_ptr, triplets.upstream
    begin = triplets.in_ptr[hit]
    n = triplets.in_ptr[hit + 1] - begin
    unmatched = 1.0
    for i in range(n):
        offer[i] = odds.end[begin + i]
    for place in range(triplets.out_ptr[hit], triplets.out_ptr[hit + 1]):
        edge = out_edge[place]
        value = backward[edge]
        unmatched += float(odds.start[edge] * value)
        for pair in range(first[edge], first[edge + 1]):
            offer[upstream[pair] - begin] += follow[pair] * value
    for i in range(n):
        total[i] = offer[i] * forward[begin + i]
    return unmatched


@inlined
def bounded_odds(odds: float) -> float:
    """Returns odds within what counts as certain."""
    return min(max(odds, 1 / LARGEST_ODDS), LARGEST_ODDS)


@inlined
def without_each(unmatched: float, total: Floats, n: int, rest: Floats) -> None:
    """Sum of `unmatched` and all totals but one's own, without cancellation."""
    everything = unmatched
    for i in range(n):
        everything += total[i]
    for i in range(n):
        rest[i] = everything - total[i]
        if total[i] > 0.5 * everything:
            rest[i] = unmatched
            for j in range(n):
                if j != i:
                    rest[i] += total[j]
