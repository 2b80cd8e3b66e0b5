"""Scores of frames that a method was not trained on -> the cost at which its tracks should end."""

import math
from collections.abc import Sequence

from torch import Tensor

from trackscape.assignment import Assigner
from trackscape.data import EdgeScores, Hits
from trackscape.errors import AssignmentError
from trackscape.graph_construction import edge_labels
from trackscape.scoring import Scorer

# Even in the logit, from 0.02 to 0.9998: where losses know nothing of ends, the best lie near 1.
CANDIDATES = tuple(1 / (1 + math.exp(-number / 4)) for number in range(-16, 35))


def tune_end(scorer: Scorer, frames: Sequence[Hits]) -> Assigner:
    """Returns the assignment whose tracks end at the cost that suits a network best.

    Arguments:
        scorer: The network.
        frames: Frames with truth that it is not judged by; see `tune_reject`.
    """
    scores = [scorer.score(frame) for frame in frames]
    reject = tune_reject(scores, [edge_labels(each.graph) for each in scores])
    return Assigner(semantics="with_unmatched", unmatched_cost=reject)


def tune_reject(
    scores: Sequence[EdgeScores],
    labels: Sequence[Tensor],
    *,
    candidates: Sequence[float] = CANDIDATES,
) -> float:
    r"""Returns the `reject` of semantics ``reject`` with the best F1 of the chosen edges.

    .. math:: F_1 = \frac{2 \cdot \text{true and chosen}}{\text{true} + \text{chosen}},

    pooled over the frames; of equal candidates, in the unit of 1 - p, the first is taken. Any
    method may have its threshold tuned in this way, on frames that it is not judged by; without it,
    losses of probabilities look worse than they are. Edges are counted rather than tracks because
    both published ratios of tracks gain when a track is broken into two correct ones, which a low
    threshold does.

    Raises:
        AssignmentError: Without candidates, or with other numbers of labels than of scores.
    """
    if not candidates or len(scores) != len(labels):
        raise AssignmentError(
            f"Expected candidates, and labels for each of {len(scores)} frames, got "
            f"{len(candidates)} candidates and labels of {len(labels)} frames."
        )
    costs = [each.cost.detach() for each in scores]

    def quality(reject: float) -> float:
        assigner = Assigner(semantics="with_unmatched", unmatched_cost=reject)
        both = total = 0
        for cost, frame, label in zip(costs, scores, labels, strict=True):
            chosen, true = assigner.choose(cost, graph=frame.graph), label > 0
            both += int((chosen & true).sum())
            total += int(chosen.sum()) + int(true.sum())
        return 2 * both / total if total else 0.0

    return max(candidates, key=quality)
