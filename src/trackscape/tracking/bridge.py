"""Chains -> chains that are whole although a layer did not see the proton."""

import numpy as np
import torch
from numpy.typing import NDArray

from trackscape.assignment import solve
from trackscape.data import Tracks
from trackscape.units import mrad

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NEAR = 4
"""Kinks at the end of a chain that tell how widely its proton scatters there."""
SMALLEST_KINK = 5 * mrad
"""Straighter chains count as this straight."""
GATE = 10.0
"""Largest sum of the squares of both kinks at a bridge, in units of the median square nearby."""


def bridge(chains: Tracks) -> Tracks:
    """Joins chains over one empty layer where they go on in the same direction.

    A chain of three hits or more that ends may go on with one that begins two layers behind it. The
    straight line between them makes a kink with each; both kinks together, in units of those that
    the chains make nearby, are the cost of the bridge. Which bridges are built is an assignment
    that leaves chains alone where the cost is above `GATE`.

    Arguments:
        chains: All chains of a frame, as `follow` returns them.

    Returns:
        The chains, ordered by their first hit.
    """
    layer = chains.hits.layer.cpu().numpy()
    first, last = (hits.cpu().numpy() for hits in (chains.first, chains.last))
    long = chains.length.cpu().numpy() >= 3
    two_behind = layer[first][None, :] == layer[last][:, None] + 2
    before, behind = np.nonzero(two_behind & long[:, None] & long[None, :])
    cost = _cost(chains, before, behind)
    possible = cost < GATE
    before, behind, cost = before[possible], behind[possible], cost[possible]
    chosen = solve(cost, row=before, column=behind, semantics="reject", reject=GATE)
    if not chosen.any():
        return chains
    return _join(chains, before[chosen], behind[chosen])


def _cost(chains: Tracks, before: Integers, behind: Integers) -> Floats:
    position = chains.hits.position.cpu().double().numpy()
    ends = {chain: _end(position[chains[chain].cpu().numpy()[::-1]]) for chain in set(before)}
    begins = {chain: _end(position[chains[chain].cpu().numpy()]) for chain in set(behind)}
    cost = np.empty(len(before))
    for i, (one, other) in enumerate(zip(before, behind, strict=True)):
        (hit, slope, scatter), (next_hit, next_slope, next_scatter) = ends[one], begins[other]
        across = (next_hit[:2] - hit[:2]) / (next_hit[2] - hit[2])
        kinks = np.square(across - slope).sum() + np.square(next_slope - across).sum()
        cost[i] = kinks / max(scatter, next_scatter, SMALLEST_KINK**2)
    return cost


def _end(position: Floats) -> tuple[Floats, Floats, float]:
    """Hit, slope and typical squared kink at the first of the positions (n, 3) of a chain."""
    step = np.diff(position[: NEAR + 2], axis=0)
    slope = step[:, :2] / step[:, 2:]
    return position[0], slope[0], float(np.median(np.square(np.diff(slope, axis=0)).sum(axis=1)))


def _join(chains: Tracks, before: Integers, behind: Integers) -> Tracks:
    following = dict(zip(before.tolist(), behind.tolist(), strict=True))
    joined: list[torch.Tensor] = []
    for chain in sorted(set(range(len(chains))) - set(behind.tolist())):
        parts = [chains[chain]]
        while chain in following:
            chain = following[chain]
            parts.append(chains[chain])
        joined.append(torch.cat(parts))
    length = torch.tensor([len(hits) for hits in joined], device=chains.index.device)
    offset = torch.cat([length.new_zeros(1), length.cumsum(0)])
    return Tracks(hits=chains.hits, index=torch.cat(joined), offset=offset)
