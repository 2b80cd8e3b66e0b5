"""What a flux emulator sees, and what its fluxes move, for one cell after the other."""

import math
from typing import Any, NamedTuple

import numpy as np

from trackscape.compiled import Floats, Integers, compiled, inlined

TILE = 64
"""Cells that are moved together."""
SMALL_TOTAL = 0.1
"""Sum of the weights of a donor below which shares are worked out as series."""


class View(NamedTuple):
    """What is seen of a state and a forcing, see `FluxEmulator`."""

    floor: Floats
    """What is added to columns and sums before their logarithm."""
    sum_of: Integers
    """Of each weight that is not 0: its sum."""
    sum_column: Integers
    sum_weight: Floats
    forcing_floor: Floats
    logarithmic: np.ndarray
    """Whether a forcing is seen by its logarithm."""
    limit_sum: Integers
    limit_column: Integers
    limit: Floats
    """Logarithm of a ratio of a sum and a column."""
    near: Floats
    """Distances from which on a limit is far, in the logarithm."""


class Routes(NamedTuple):
    """Where matter goes, see `System`."""

    donor: Integers
    receiver: Integers
    """-1 for what leaves the state."""
    added_to: Integers
    """Flux to whose weight an output of the network is added."""
    added: Integers
    """The output."""
    stage_end: Integers
    """First flux of the next stage."""
    gives: np.ndarray
    """Whether a column gives to any flux of a stage, (stages, columns)."""
    birth_flux: Integers
    birth_column: Integers
    source: Integers
    """Column of the forcing that feeds a column of the state, -1 for none."""
    factor: Floats


@compiled
def see_cells(state: Floats, forcing: Floats, view: View, seen: Any) -> None:
    """Fills in columns and sums without their logarithm, then all else as the emulator sees it."""
    n, n_logs, n_forcings = state.shape[1], len(view.floor), forcing.shape[1]
    row = np.empty(n_logs)
    for cell in range(len(state)):
        for i in range(n):
            row[i] = state[cell, i] + view.floor[i]
        for i in range(n, n_logs):
            row[i] = view.floor[i]
        for i in range(len(view.sum_of)):
            row[n + view.sum_of[i]] += view.sum_weight[i] * state[cell, view.sum_column[i]]
        for i in range(n_logs):
            seen[cell, i] = row[i]
        for i in range(n_forcings):
            value = forcing[cell, i]
            if view.logarithmic[i]:
                value = math.log(max(value, 0.0) + view.forcing_floor[i])
            seen[cell, n_logs + i] = value
        place = n_logs + n_forcings
        for i in range(len(view.limit)):
            ratio = row[n + view.limit_sum[i]] / row[view.limit_column[i]]
            excess = math.log(ratio) - view.limit[i]
            for j in range(len(view.near)):
                near = min(max(excess / view.near[j], -1.0), 1.0)
                seen[cell, place + j * len(view.limit) + i] = near


@compiled
def move_cells(state: Floats, forcing: Floats, given: Any, routes: Routes, after: Floats) -> None:
    """Fills in states after the fluxes of all stages, see `limited_shares` and `move_fluxes`.

    Of `given`, rates come first, which add up to weights, then logits of births. Some cells at a
    time go column by column, so that the innermost loops, over cells, become instructions for
    several numbers at once.
    """
    n, n_fluxes = state.shape[1], len(routes.donor)
    n_rates = given.shape[1] - len(routes.birth_flux)
    rates, work = np.empty((n_rates, TILE)), np.empty((5 * n + 2 * n_fluxes, TILE))
    held, source, total = work[:n], work[n : 2 * n], work[2 * n : 3 * n]
    content, come = work[3 * n : 4 * n], work[4 * n : 5 * n]
    weight, amount = work[5 * n : 5 * n + n_fluxes], work[5 * n + n_fluxes :]
    for begin in range(0, len(state), TILE):
        cells = min(TILE, len(state) - begin)
        for c in range(cells):
            for i in range(n):
                held[i, c] = state[begin + c, i]
            for rate in range(n_rates):
                value = given[begin + c, rate]
                rates[rate, c] = value if value > 0 else 0.0
        weight[:] = 0.0
        for i in range(len(routes.added)):
            _add(rates[routes.added[i]], weight[routes.added_to[i]], cells)
        first = 0
        for stage in range(len(routes.stage_end)):
            end = routes.stage_end[stage]
            total[:], come[:] = 0.0, 0.0
            for flux in range(first, end):
                _add(weight[flux], total[routes.donor[flux]], cells)
            for i in range(n):
                fed = stage == 0 and routes.source[i] >= 0
                for c in range(cells):
                    source[i, c] = 0.0
                    if fed:
                        source[i, c] = routes.factor[i] * forcing[begin + c, routes.source[i]]
                if routes.gives[stage, i]:
                    _empty(held[i], source[i], total[i], content[i], cells)
                elif fed:
                    _add(source[i], held[i], cells)
            for flux in range(first, end):
                i, receiver = routes.donor[flux], routes.receiver[flux]
                for c in range(cells):
                    amount[flux, c] = weight[flux, c] * content[i, c]
                if receiver >= 0:
                    _add(amount[flux], come[receiver], cells)
            for i in range(n):
                _add(come[i], held[i], cells)
            if stage == 0:
                for birth in range(len(routes.birth_flux)):
                    column, flux = routes.birth_column[birth], routes.birth_flux[birth]
                    for c in range(cells):
                        share = 1 / (1 + math.exp(-given[begin + c, n_rates + birth]))
                        share = share if share >= 0 else 0.5
                        held[column, c] += share * amount[flux, c]
            first = end
        for c in range(cells):
            for i in range(n):
                after[begin + c, i] = held[i, c]


@inlined
def _add(what: Floats, to: Floats, cells: int) -> None:
    for c in range(cells):
        to[c] += what[c]


@inlined
def _empty(held: Floats, source: Floats, total: Floats, moved: Floats, cells: int) -> None:
    """Takes from a donor what leaves it, and fills in what leaves it by a flux of weight 1."""
    for c in range(cells):
        t = total[c]
        large, small = max(t, SMALL_TOTAL), min(t, SMALL_TOTAL)
        # e to the power of -t/1024 by its series, squared ten times; beyond 50 nothing is left.
        x = min(large, 50.0) / -1024
        power = 1 + x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5 * (1 + x / 6)))))
        for _ in range(10):
            power = power * power
        usual = (1 - power) / large
        y = -small
        series = 1 + y / 2 * (1 + y / 3 * (1 + y / 4 * (1 + y / 5 * (1 + y / 6 * (1 + y / 7)))))
        content = usual if t > SMALL_TOTAL else series
        inflow = (1 - usual) / large
        series = 0.5 + y / 6 * (1 + y / 4 * (1 + y / 5 * (1 + y / 6 * (1 + y / 7))))
        inflow = inflow if t > SMALL_TOTAL else series
        moved[c] = content * held[c] + inflow * source[c]
        held[c] = max(held[c] + source[c] - t * moved[c], 0.0)
