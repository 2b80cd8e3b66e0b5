"""How unlikely the true tracks are: a loss that has seen every other set of tracks."""

import torch
from torch import Tensor

from trackscape.data import EdgeScores, TrackScores
from trackscape.errors import AssignmentError
from trackscape.scoring.beliefs import follow_potential
from trackscape.scoring.beliefs.potentials import END, START


def likelihood_loss(scores: EdgeScores, links: Tensor) -> Tensor:
    r"""Negative log probability of the true tracks, for each of their segments.

    .. math:: \frac{1}{n} \left(\log Z - \sum_{t} \Big(\text{start}(t) +
              \sum \text{follow} + \text{end}(t)\Big)\right)

    over all true tracks t with n segments in all. Its gradient is the belief in each start, end and
    pair less what is true, so that it is the Fenchel-Young loss whose regulariser is Bethe's
    entropy (Blondel et al., JMLR 21 (2020) 35): the decision takes part in the training, at the
    price of messages instead of assignments. True pairs that the graph does not hold add nothing.

    Arguments:
        scores: Of a network that gives a probability to sets of tracks.
        links: (E,) bool. The segments of the true tracks, at most one on each side of a hit.

    Raises:
        AssignmentError: If the network gives no such probability.
    """
    if not isinstance(scores, TrackScores):
        raise AssignmentError(
            "The likelihood of tracks needs a network that gives them a probability, such as "
            "`belief`. Choose this network, or another loss."
        )
    graph = scores.kinks
    downstream, upstream = graph.hit_graph.edge_index
    n_hits = len(graph.hit_graph.hits)
    arrived, left = (torch.zeros(n_hits, dtype=torch.bool, device=links.device) for _ in range(2))
    arrived[downstream[links]] = left[upstream[links]] = True
    start, end = links & ~arrived[upstream], links & ~left[downstream]
    owner = torch.repeat_interleave(graph.first.diff())
    pairs = (links[owner] & links[graph.upstream]).nonzero()[:, 0]
    follow = follow_potential(
        scores.potentials,
        downstream=owner[pairs],
        upstream=graph.upstream[pairs],
        kink=graph.kink[pairs],
    )
    of_truth = scores.potentials[start, START].sum() + scores.potentials[end, END].sum()
    return (scores.log_partition - of_truth - follow.sum()) / links.sum().clamp(min=1)
