"""Network + frames -> Problem: what a training minimises, and what is measured after it."""

import copy
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor, nn

from trackscape.assignment import (
    Assigner,
    Convention,
    blackbox_assignment,
    by_region,
    cross_entropy_loss,
    hamming_loss,
    likelihood_loss,
)
from trackscape.data import EdgeScores, Hits
from trackscape.errors import DataError, LandscapeError
from trackscape.evaluation.evaluate import read_frames
from trackscape.graph_construction import line_graph
from trackscape.graph_construction.labels import edge_labels, link_labels
from trackscape.landscape import NormPolicy
from trackscape.landscape.problem import Problem
from trackscape.scoring import BeliefNetwork, LineGraphNetwork, Scorer
from trackscape.training.frames import Example

LossName = Literal["bce", "likelihood", "blackbox", "hamming", "errors", "missed"]
"""``bce``: cross-entropy, mean over tracker edges + mean over calorimeter edges, what training
without the assignment minimises. ``likelihood``: of the true tracks, for the network of beliefs.
``hamming``: wrong decisions, averaged like ``bce``; piecewise constant, without gradient.
``blackbox``: the same numbers, with the gradient that training through the assignment follows.
``errors``: wrong decisions / edges. ``missed``: true
edges that are not chosen / true edges, 1 - TPR."""
LOSSES: tuple[LossName, ...] = get_args(LossName)
DECIDE = Assigner(semantics="reject", reject=0.5)
"""A segment is taken if that is right more often than wrong."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrackerObjective:
    """Losses by name of a network and one frame; picklable."""

    losses: tuple[LossName, ...]
    """The first is the one that is differentiated."""
    assigner: Assigner = DECIDE
    """Decides, in all but ``bce`` and ``likelihood``. The published study has ``Assigner()``."""
    strength: float = 0.1
    """Of ``blackbox``; see `blackbox_assignment`. In the published convention, a strength of a
    training with n graphs a step is n times that of its landscape: here a frame is a batch."""
    convention: Convention = "corrected"
    """Of ``blackbox``."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.losses if name not in LOSSES]
        if unknown or len(set(self.losses)) != len(self.losses) or not self.losses:
            raise LandscapeError(
                f"Expected different losses of {', '.join(LOSSES)}, got "
                f"{', '.join(self.losses) or 'none'}."
            )

    def __call__(self, scorer: nn.Module, example: Example) -> dict[str, Tensor]:
        """Returns each loss of one frame."""
        scores = cast(EdgeScores, scorer(example.graph))
        return {name: _VALUES[name](self, scores, example.label) for name in self.losses}


def _cross_entropy(_: TrackerObjective, scores: EdgeScores, label: Tensor) -> Tensor:
    return by_region(cross_entropy_loss, scores.logit, label, graph=scores.graph)


def _likelihood(_: TrackerObjective, scores: EdgeScores, label: Tensor) -> Tensor:
    return likelihood_loss(scores, link_labels(scores.graph))


def _blackbox(objective: TrackerObjective, scores: EdgeScores, label: Tensor) -> Tensor:
    chosen = blackbox_assignment(
        scores,
        assigner=objective.assigner,
        strength=objective.strength,
        convention=objective.convention,
    )
    return by_region(hamming_loss, chosen, label, graph=scores.graph)


def _hamming(objective: TrackerObjective, scores: EdgeScores, label: Tensor) -> Tensor:
    return by_region(hamming_loss, _decide(objective, scores), label, graph=scores.graph)


def _errors(objective: TrackerObjective, scores: EdgeScores, label: Tensor) -> Tensor:
    return hamming_loss(_decide(objective, scores), label)


def _missed(objective: TrackerObjective, scores: EdgeScores, label: Tensor) -> Tensor:
    true = label > 0
    return 1 - _decide(objective, scores)[true].sum() / true.sum().clamp(min=1)


def _decide(objective: TrackerObjective, scores: EdgeScores) -> Tensor:
    return objective.assigner(scores).selected.double()


_VALUES: dict[LossName, Callable[[TrackerObjective, EdgeScores, Tensor], Tensor]] = {
    "bce": _cross_entropy,
    "likelihood": _likelihood,
    "blackbox": _blackbox,
    "hamming": _hamming,
    "errors": _errors,
    "missed": _missed,
}


def tracker_problem(
    scorer: Scorer,
    frames: Sequence[Hits],
    *,
    losses: Sequence[LossName] = ("bce", "hamming"),
    assigner: Assigner = DECIDE,
    strength: float = 0.1,
    convention: Convention = "corrected",
    norm: NormPolicy = "frozen",
    twice_differentiable: bool = False,
    seed: int = 0,
) -> Problem:
    """Returns the landscape of a network: mean over frames, each of which is one batch.

    Frames with fewer than two candidate segments are left out, as in a training.

    Arguments:
        scorer: The network, in any mode.
        frames: Hits with their truth.
        losses: What is computed, the differentiated one first.
        assigner: See `TrackerObjective`, as for the two that follow.
        strength: Of the blackbox gradient.
        convention: Of the blackbox gradient.
        norm: What BatchNorm does.
        twice_differentiable: Takes the plain path of a network instead of its compiled one. They
            agree but for rounding; exact Hessians need this, and so does any gradient of the
            scores of a network of beliefs.
        seed: See `Problem`.

    Raises:
        LandscapeError: Unknown losses, or no frame is left.
        DataError: The truth of a frame is not known.
    """
    objective = TrackerObjective(
        losses=tuple(losses), assigner=assigner, strength=strength, convention=convention
    )
    scorer = copy.deepcopy(scorer)
    if isinstance(scorer, BeliefNetwork):
        scorer.twice_differentiable = twice_differentiable
    examples = [_example(scorer, frame, plain=twice_differentiable) for frame in frames]
    usable = [example for example in examples if len(example.label) >= 2]
    if not usable:
        raise LandscapeError(
            f"Expected frames with at least two candidate segments, but none of {len(frames)} has "
            "so many; put more protons into a frame, or name another file."
        )
    return Problem(scorer, usable, objective, samples=one_frame, norm=norm, seed=seed)


def _example(scorer: Scorer, frame: Hits, *, plain: bool) -> Example:
    graph = scorer.connect(frame)
    plain_line_graph = plain and isinstance(scorer, LineGraphNetwork)
    prepared = line_graph(graph) if plain_line_graph else scorer.prepare(graph)
    return Example(graph=prepared, label=edge_labels(graph))


def one_frame(example: Any) -> float:
    """Weight of a batch: all frames count the same, as in the metrics."""
    return 1.0


def read_problem_frames(
    file: Path, *, per_frame: int, most: int | None = None, seed: int = 0
) -> list[Hits]:
    """Returns frames of a hit file, drawn without replacement, in the order of the file.

    Arguments:
        file: Any hit file with truth.
        per_frame: Primaries in a frame.
        most: How many; None for all. Fewer frames are a part of more with the same seed.
        seed: Of the draw.

    Raises:
        FormatError: The file cannot be read.
        DataError: It has no frame.
    """
    frames = read_frames(file, per_frame=per_frame)
    if not frames:
        raise DataError(f"{file}: expected hits, but it has no frame.")
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randperm(len(frames), generator=generator)[:most]
    return [frames[number] for number in sorted(drawn.tolist())]
