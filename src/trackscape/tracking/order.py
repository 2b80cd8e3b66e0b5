"""The same tracks, whatever the order of the rows."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from trackscape.data import Hits, Tracks
from trackscape.graph_construction.ragged import expand_ranges


def in_canonical_order(find: Callable[[Hits], Tracks], hits: Hits) -> Tracks:
    """Finds tracks among hits in an order that depends on what was measured alone.

    Searches begin somewhere, and of choices that are equally good they take one: the first. In the
    order of a simulated file that is often the right one, and in another order it is another.

    Arguments:
        find: Returns all chains of a frame.
        hits: Hits of one frame in any order.

    Returns:
        The chains, with the hits ordered by layer as `Hits.sorted_by_layer` does.
    """
    hits = hits.sorted_by_layer()
    order = canonical_order(hits)
    chains = find(hits.select(order))
    first = order[chains.first]
    ranking = torch.argsort(first)
    _, place = expand_ranges(chains.offset[:-1][ranking], chains.length[ranking])
    length = chains.length[ranking]
    return Tracks(
        hits=hits,
        index=order[chains.index[place]],
        offset=torch.cat([length.new_zeros(1), length.cumsum(0)]),
    )


def canonical_order(hits: Hits) -> Tensor:
    """Returns the hits, (H,) int64, by layer, then deposit, position and spot.

    Only hits that are equal in all of these stay in the order in which they come. The deposit comes
    first, as it does not depend on the choice of axes.
    """
    keys = [hits.energy, *hits.position.unbind(dim=1)]
    if hits.spot is not None:
        keys += hits.spot.unbind(dim=1)
    columns = [hits.layer.cpu().numpy(), *(key.detach().cpu().double().numpy() for key in keys)]
    return torch.from_numpy(np.lexsort(columns[::-1])).to(hits.layer.device)
