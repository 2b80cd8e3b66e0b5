"""The first round of the messages over all pairs, and what is left for the others to look at.

Nearly all pairs of segments are next to impossible, which the first round tells: at each hit one of
them is much more likely. It makes the odds of each pair where it needs them, so that memory follows
the number of segments, and keeps the few pairs that the later rounds have to tell apart.
"""

from typing import NamedTuple

import numpy as np

from trackscape.compiled import Floats, Integers, compiled, inlined
from trackscape.scoring.track_model.messages import (
    FIRST_BACKWARD,
    FIRST_FORWARD,
    bounded_odds,
    without_each,
)
from trackscape.scoring.track_model.perceptron import Singles

LEAST_LIKELY = 1e-8
"""Probability after the first round from which pairs and segments are kept."""
_NONE, _ONE = np.float32(0.0), np.float32(1.0)


class Candidates(NamedTuple):
    """All segments of a frame, E, at H hits; edges at each hit as in `Adjacency`."""

    in_ptr: Integers
    out_ptr: Integers
    out_edge: Integers
    slope: Singles
    """Slopes (2, E) along x and y, in units of `SLOPE_CHANGE_UNIT`."""
    odds: Singles
    """Odds (9, E): of start, end and join; heights and inverse squares of widths behind it."""
    limit: Singles
    """Square of the largest change of the slope at each hit, (H,), in those units."""


class Likely(NamedTuple):
    """Messages to all segments, (E,), and the likely pairs of each downstream edge."""

    forward: Floats
    backward: Floats
    first: Integers
    """Where the pairs of each edge begin, (E,)."""
    number: Integers
    """How many they are, (E,)."""
    upstream: Integers
    follow: Floats


@compiled
def first_round(candidates: Candidates) -> Likely:
    """Sends messages along the beam and back; returns pairs that are not next to impossible.

    The messages are those of `messages.exchange` after one iteration.
    """
    n_edges = len(candidates.out_edge)
    forward, backward = np.full(n_edges, FIRST_FORWARD), np.full(n_edges, FIRST_BACKWARD)
    through = np.zeros(n_edges)
    _send_downstream(candidates, forward, backward, through)
    return _send_upstream(candidates, forward, backward, through)


@compiled
def _send_downstream(c: Candidates, forward: Floats, backward: Floats, through: Floats) -> None:
    """Fills in `forward`, and `through`: the odds that each edge continues a track, (E,)."""
    most = _largest_number(c.out_ptr)
    x, y, join = np.empty((3, most), np.float32)
    offer, total, rest = np.empty((3, most))
    start, end = c.odds[0], c.odds[1]
    for hit in range(len(c.limit)):
        place = c.out_ptr[hit]
        n = c.out_ptr[hit + 1] - place
        if n == 0:
            continue
        for i in range(n):
            edge = c.out_edge[place + i]
            x[i], y[i], join[i] = c.slope[0, edge], c.slope[1, edge], c.odds[2, edge]
            offer[i] = 0.0
        unmatched = 1.0
        for edge in range(c.in_ptr[hit], c.in_ptr[hit + 1]):
            unmatched += forward[edge] * end[edge]
            x_in, y_in, limit = c.slope[0, edge], c.slope[1, edge], c.limit[hit]
            h_1, h_2, h_3 = c.odds[3, edge], c.odds[4, edge], c.odds[5, edge]
            n_1, n_2, n_3 = c.odds[6, edge], c.odds[7, edge], c.odds[8, edge]
            for i in range(n):
                far = (x[i] - x_in) * (x[i] - x_in) + (y[i] - y_in) * (y[i] - y_in)
                value = join[i] * _mixture(far, h_1, h_2, h_3, n_1, n_2, n_3)
                offer[i] += forward[edge] * (value if far < limit else _NONE)
        for i in range(n):
            edge = c.out_edge[place + i]
            through[edge] = offer[i]
            offer[i] += start[edge]
            total[i] = offer[i] * backward[edge]
        without_each(unmatched, total, n, rest)
        for i in range(n):
            forward[c.out_edge[place + i]] = bounded_odds(offer[i] / rest[i])


@compiled
def _send_upstream(c: Candidates, forward: Floats, backward: Floats, through: Floats) -> Likely:
    n_edges, most = len(forward), _largest_number(c.in_ptr)
    offer, total, rest = np.empty((3, most))
    follow = np.empty((_largest_number(c.out_ptr), most), np.float32)
    first, number = np.zeros(n_edges, np.int64), np.zeros(n_edges, np.int64)
    upstream, odds, n_kept = np.empty(4 * n_edges + most, np.int64), np.empty(4 * n_edges + most), 0
    for hit in range(len(c.limit) - 1, -1, -1):
        begin = c.in_ptr[hit]
        n = c.in_ptr[hit + 1] - begin
        if n == 0:
            continue
        for i in range(n):
            offer[i] = c.odds[1, begin + i]
        unmatched, place = 1.0, c.out_ptr[hit]
        x, y = c.slope[0, begin : begin + n], c.slope[1, begin : begin + n]
        h_1, h_2, h_3 = (
            c.odds[3, begin : begin + n],
            c.odds[4, begin : begin + n],
            c.odds[5, begin : begin + n],
        )
        n_1, n_2, n_3 = (
            c.odds[6, begin : begin + n],
            c.odds[7, begin : begin + n],
            c.odds[8, begin : begin + n],
        )
        limit = c.limit[hit]
        for j in range(c.out_ptr[hit + 1] - place):
            edge = c.out_edge[place + j]
            value_out = backward[edge]
            unmatched += float(c.odds[0, edge] * value_out)
            x_out, y_out, join = c.slope[0, edge], c.slope[1, edge], c.odds[2, edge]
            row = follow[j]
            for i in range(n):
                far = (x[i] - x_out) * (x[i] - x_out) + (y[i] - y_out) * (y[i] - y_out)
                value = join * _mixture(far, h_1[i], h_2[i], h_3[i], n_1[i], n_2[i], n_3[i])
                row[i] = value if far < limit else _NONE
                offer[i] += row[i] * value_out
        everything = unmatched
        for i in range(n):
            total[i] = offer[i] * forward[begin + i]
            everything += total[i]
        without_each(unmatched, total, n, rest)
        for i in range(n):
            backward[begin + i] = bounded_odds(offer[i] / rest[i])
        for j in range(c.out_ptr[hit + 1] - place):
            edge = c.out_edge[place + j]
            share = backward[edge] / everything
            if through[edge] * share < LEAST_LIKELY:
                continue
            first[edge] = n_kept
            if n_kept + n > len(odds):
                upstream = np.concatenate((upstream, np.empty_like(upstream)))
                odds = np.concatenate((odds, np.empty_like(odds)))
            for i in range(n):
                upstream[n_kept], odds[n_kept] = begin + i, follow[j, i]
                n_kept += forward[begin + i] * follow[j, i] * share > LEAST_LIKELY
            number[edge] = n_kept - first[edge]
    return Likely(forward, backward, first, number, upstream[:n_kept], odds[:n_kept])


@compiled
def renumber(likely: Likely, kept: Integers) -> tuple[Integers, Integers, Floats]:
    """Pairs of the edges that are kept, by their places there: `triplet_ptr`, `upstream`, odds."""
    place = np.full(len(likely.forward), -1)
    place[kept] = np.arange(len(kept))
    first, n = np.zeros(len(kept) + 1, np.int64), 0
    upstream, follow = np.empty_like(likely.upstream), np.empty_like(likely.follow)
    for i in range(len(kept)):
        begin = likely.first[kept[i]]
        for pair in range(begin, begin + likely.number[kept[i]]):
            upstream[n], follow[n] = place[likely.upstream[pair]], likely.follow[pair]
            n += upstream[n] >= 0
        first[i + 1] = n
    return first, upstream[:n], follow[:n]


@inlined
def _mixture(
    far: np.float32,
    h_1: np.float32,
    h_2: np.float32,
    h_3: np.float32,
    n_1: np.float32,
    n_2: np.float32,
    n_3: np.float32,
) -> np.float32:
    """Sum of densities h / (1 + far n)^3, by one division."""
    a, b, c = _ONE + far * n_1, _ONE + far * n_2, _ONE + far * n_3
    ab = a * b
    inverse = _ONE / (ab * c)
    f_1, f_2, f_3 = b * c * inverse, a * c * inverse, ab * inverse
    return h_1 * f_1 * f_1 * f_1 + h_2 * f_2 * f_2 * f_2 + h_3 * f_3 * f_3 * f_3


@compiled
def _largest_number(pointer: Integers) -> int:
    largest = 1
    for hit in range(len(pointer) - 1):
        largest = max(largest, pointer[hit + 1] - pointer[hit])
    return largest
