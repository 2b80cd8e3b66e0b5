"""Costs of the edges -> chosen edges, by enumeration (tiny) or by shortest augmenting paths.

A problem is a dictionary {(row, column): cost} of the allowed pairs; a matching is a set of such
pairs in which no row and no column appears twice.
"""

import math
from collections.abc import Iterator
from fractions import Fraction

from reference.literal_graph import Edge
from reference.literal_hits import Hit

Match = tuple[int, int]
Costs = dict[Match, float]
Matching = frozenset[Match]


def assign_frame(
    hits: list[Hit], edges: list[Edge], costs: list[float], *, reject: float = math.inf
) -> list[bool]:
    """Chooses among the edges of each pair of neighbouring layers on its own.

    Arguments:
        hits: Hits of the frame.
        edges: (downstream hit, upstream hit).
        costs: 1 - p of each edge.
        reject: See `solve`.

    Returns:
        Whether each edge was chosen.
    """
    problems: dict[int, Costs] = {}
    for edge, cost in zip(edges, costs, strict=True):
        problems.setdefault(hits[edge[0]].layer, {})[edge] = cost
    chosen: set[Match] = set()
    for problem in problems.values():
        chosen |= solve(problem, reject=reject)
    return [edge in chosen for edge in edges]


def solve(costs: Costs, *, reject: float = math.inf) -> Matching:
    """Returns the matching with most pairs and, among those, the smallest sum of costs.

    With a finite `reject` instead the matching with the smallest sum of costs + reject for each
    row without partner.

    Grows the matching by one pair at a time along the cheapest augmenting path, which keeps it
    the cheapest of its size; each path costs at least as much as the one before, so that one
    can stop at the first that does not pay (equal to reject: not taken).
    """
    # Every float64 is a whole number of 2^-1074. With integers no rounding can make a closed
    # path look like a gain, which would send the search below round in circles.
    exact = {pair: int(Fraction(cost) * 2**1074) for pair, cost in costs.items()}
    limit = math.inf if math.isinf(reject) else int(Fraction(reject) * 2**1074)
    partner: dict[int, int] = {}
    while (found := _cheapest_augmenting_path(exact, partner)) is not None:
        price, path = found
        if price >= limit:
            break
        for row, column in path:
            partner[column] = row
    return frozenset((row, column) for column, row in partner.items())


def _cheapest_augmenting_path(
    costs: dict[Match, int], partner: dict[int, int]
) -> tuple[int, list[Match]] | None:
    """Searches from all free rows to the nearest free column (Bellman-Ford).

    Arguments:
        costs: Costs of the allowed pairs.
        partner: Row of each matched column.

    Returns:
        Price of the path and the pairs (row, column) that it makes, or None if there is none.
    """
    column_of = {row: column for column, row in partner.items()}
    to_row = {row: 0 for row, _ in costs if row not in column_of}
    to_column: dict[int, int] = {}
    came_from: dict[int, int] = {}
    changed = True
    while changed:
        changed = False
        for (row, column), cost in costs.items():
            if row not in to_row or column_of.get(row) == column:
                continue
            distance = to_row[row] + cost
            if column not in to_column or distance < to_column[column]:
                to_column[column], came_from[column], changed = distance, row, True
                if column in partner:
                    to_row[partner[column]] = distance - costs[partner[column], column]
    free = [column for column in to_column if column not in partner]
    if not free:
        return None
    end = min(free, key=lambda column: to_column[column])
    path = [(came_from[end], end)]
    while path[-1][0] in column_of:
        column = column_of[path[-1][0]]
        path.append((came_from[column], column))
    return to_column[end], path


def enumerate_matchings(costs: Costs) -> Iterator[Matching]:
    """Yields every matching of the allowed pairs, the empty one included."""
    if not costs:
        yield frozenset()
        return
    row = min(row for row, _ in costs)
    rest = {pair: cost for pair, cost in costs.items() if pair[0] != row}
    yield from enumerate_matchings(rest)
    for own, column in costs:
        if own == row:
            free = {pair: cost for pair, cost in rest.items() if pair[1] != column}
            for matching in enumerate_matchings(free):
                yield matching | {(row, column)}


def total_cost(costs: Costs, matching: Matching) -> float:
    """Returns the sum of the costs of the chosen pairs."""
    return math.fsum(costs[pair] for pair in matching)


def enumerate_most_then_cheapest(costs: Costs) -> Matching:
    """Returns the published choice: most pairs first, then the smallest sum of costs."""
    return min(enumerate_matchings(costs), key=lambda m: (-len(m), total_cost(costs, m)))


def enumerate_reject(costs: Costs, reject: float, *, n_rows: int) -> Matching:
    """Returns the matching with the smallest sum of costs + reject per row without partner."""
    return min(
        enumerate_matchings(costs),
        key=lambda m: total_cost(costs, m) + reject * (n_rows - len(m)),
    )


def enumerate_full(costs: Costs, *, n_rows: int, n_columns: int) -> Matching | None:
    """Returns the cheapest matching that uses up the smaller side; None if there is none."""
    needed = min(n_rows, n_columns)
    full = [m for m in enumerate_matchings(costs) if len(m) == needed]
    return min(full, key=lambda m: total_cost(costs, m)) if full else None
