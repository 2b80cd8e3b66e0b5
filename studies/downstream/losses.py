"""Losses of the network of whole tracks, without and with what a wrong segment costs the image.

Costs are those of `trackscape.imaging.decision_costs` in units of a lost proton.

References:
    Gimpel and Smith, NAACL 2010, for the softmax margin; Elmachtoub and Grigas, Management Science
    68 (2022) 9, for SPO+; Vlastelica et al., ICLR 2020, for the blackbox.
"""

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from trackscape.assignment import Assigner, blackbox_assignment, spo_plus_loss
from trackscape.data import TrackScores
from trackscape.scoring import likelihood_loss
from trackscape.scoring.track_model import JOIN, START, run_bp

MARGIN = 2.0
"""What a lost proton adds to the log odds in the likelihood with costs."""
CONTRAST = 0.5
"""What a lost proton costs in SPO+ or, without costs, a wrong edge.

The blackbox shifts no cost further."""
ASSIGNER = Assigner(semantics="with_unmatched", unmatched_cost=0.5)
_ROUNDS = 4  # of messages, as in the shipped network

Loss = Callable[[TrackScores, Tensor, Tensor], Tensor]
"""Scores, links and costs -> what is minimised."""


def raised(scores: TrackScores, log_odds: Tensor) -> TrackScores:
    """Returns the scores of a network that gives each segment so much more log odds."""
    shift = torch.zeros_like(scores.potentials)
    shift[:, START] = shift[:, JOIN] = log_odds.to(shift)
    potentials = scores.potentials + shift
    logit, log_partition = run_bp(potentials, graph=scores.triplets, n_iterations=_ROUNDS)
    return dataclasses.replace(
        scores, logit=logit, potentials=potentials, log_partition=log_partition
    )


def spo_plus(scores: TrackScores, links: Tensor, cost: Tensor | None = None) -> Tensor:
    """SPO+, where wrong edges cost the same or what they cost the image."""
    label = links.to(scores.logit.dtype)
    return spo_plus_loss(scores, label, assigner=ASSIGNER, contrast=CONTRAST, cost=cost)


def priced_likelihood(scores: TrackScores, links: Tensor, cost: Tensor) -> Tensor:
    """The likelihood where wrong sets of tracks are made likelier by what they cost.

    The softmax margin. In what is summed over right segments, the costs are those of leaving them
    out.
    """
    harm = torch.where(links, -cost, cost)
    return likelihood_loss(raised(scores, MARGIN * harm), links)


def expected_regret(scores: TrackScores, links: Tensor, cost: Tensor) -> Tensor:
    """What decisions would cost on average if they were drawn from the beliefs of the segments."""
    belief = scores.logit.sigmoid()
    return (cost * torch.where(links, 1 - belief, belief)).sum()


def blackbox_regret(scores: TrackScores, links: Tensor, cost: Tensor) -> Tensor:
    """What the decision itself costs, with the gradient of the blackbox."""
    chosen = blackbox_assignment(
        scores, assigner=ASSIGNER, strength=CONTRAST, convention="corrected"
    )
    return (cost * torch.where(links, 1 - chosen, chosen)).sum()


LOSSES: dict[str, Loss] = {
    "likelihood": lambda scores, links, _: likelihood_loss(scores, links),
    "likelihood with costs": priced_likelihood,
    "SPO+": lambda scores, links, _: spo_plus(scores, links),
    "SPO+ with costs": spo_plus,
    "expected costs": expected_regret,
    "blackbox with costs": blackbox_regret,
}
"""The first is that of the shipped weights, the control. SPO+ is twice the hinge loss with half of
its contrast as margin, which is left out for that."""
COMPILED = ("likelihood", "likelihood with costs")
"""Losses whose gradient compiled networks have; the others need the plain one."""
