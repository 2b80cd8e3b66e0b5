"""Network + frames -> Problem: what a training minimises, and what is measured after it."""

import copy
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from trackscape.assignment import Assigner
from trackscape.data import EdgeScores, Hits
from trackscape.errors import DataError, LandscapeError
from trackscape.evaluation.evaluate import read_frames
from trackscape.landscape import NormPolicy, Problem
from trackscape.landscape.connectivity import Group, chain_of, join
from trackscape.scoring import Scorer
from trackscape.training import OBJECTIVES, Example, Objective, canonical_name, find_objective
from trackscape.training.frames import Examples

LossLike = str | Objective
"""An objective, or the name of one with its usual settings."""
DECIDE = Assigner(semantics="with_unmatched", unmatched_cost=0.5)
"""A segment is taken if that is right more often than wrong."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrackerObjective:
    """Losses by name of a network and one frame; picklable."""

    names: tuple[str, ...]
    """Names of the losses, as they were asked for."""
    losses: tuple[Objective, ...]
    """Objectives of these names; the first is the one that is differentiated."""
    assigner: Assigner = DECIDE
    """What decides, in all losses of decisions. The published study has ``Assigner()``."""
    seed: int = 0
    """Seed of the noise, in losses with noise: the same at all points."""

    def __call__(self, scorer: nn.Module, example: Example) -> dict[str, Tensor]:
        """Returns each loss of one frame."""
        scores = cast(EdgeScores, scorer(example.graph))
        how: dict[str, Any] = {
            "assigner": self.assigner,
            "frame": example.number,
            "seed": self.seed,
        }
        return {
            name: loss(scores, example.label, **how)
            for name, loss in zip(self.names, self.losses, strict=True)
        }


def name_losses(losses: Sequence[LossLike]) -> dict[str, Objective]:
    """Returns objectives by name; names are kept as they are, aliases included.

    Raises:
        LandscapeError: There is no loss, none of a name, or the same twice.
    """
    names = [each if isinstance(each, str) else each.kind for each in losses]
    known = all("." in name or canonical_name(name) in OBJECTIVES for name in names)
    if not known or not losses or len(set(names)) != len(losses):
        raise LandscapeError(
            f"Expected different losses of {', '.join(OBJECTIVES)}, got {', '.join(names) or None}."
        )
    return {
        name: find_objective(each)() if isinstance(each, str) else each
        for name, each in zip(names, losses, strict=True)
    }


def needs_plain(scorer: Scorer, loss: Objective) -> bool:
    """Whether only a plain copy of a network has the gradient of a loss."""
    return not scorer.scores_have_gradient and loss.kind != scorer.default_objective


def tracker_problem(
    scorer: Scorer,
    frames: Sequence[Hits],
    *,
    losses: Sequence[LossLike] = ("cross_entropy", "hamming"),
    assigner: Assigner = DECIDE,
    norm: NormPolicy = "frozen",
    twice_differentiable: bool = False,
    seed: int = 0,
) -> Problem:
    """Returns the landscape of a network: mean over frames, each of which is one batch.

    The first loss is the one that is differentiated. Frames with fewer than two candidate segments
    are left out, as in a training. In the published convention of `HammingBlackbox`, a strength of
    a training with n graphs a step is n times that of its landscape: here a frame is a batch.

    With `twice_differentiable`, the plain path of a network is taken instead of its compiled one.
    They agree but for rounding; exact Hessians need this, and so does what `needs_plain` names.

    Raises:
        LandscapeError: Unknown losses, or no frame is left.
        DataError: The truth of a frame is not known.
    """
    named = name_losses(losses)
    objective = TrackerObjective(
        names=tuple(named), losses=tuple(named.values()), assigner=assigner, seed=seed
    )
    scorer = scorer.plain() if twice_differentiable else copy.deepcopy(scorer)
    examples = Examples(frames, scorer=scorer)
    usable = [each for each in map(examples.__getitem__, range(len(frames))) if len(each.label) > 1]
    if not usable:
        raise LandscapeError(
            f"Expected frames with at least two candidate segments, but none of {len(frames)} has "
            "so many; put more protons into a frame, or name another file."
        )
    return Problem(scorer, usable, objective, samples=one_frame, norm=norm, seed=seed)


def one_frame(example: Any) -> float:
    """Weight of a batch: all frames count the same, as in the metrics."""
    return 1.0


def read_problem_frames(
    file: Path, *, per_frame: int, most: int | None = None, seed: int = 0
) -> list[Hits]:
    """Returns frames of a hit file, drawn without replacement, in the order of the file.

    `per_frame` is the number of primaries. Without `most`, all frames are taken; smaller samples
    are subsets of larger ones.

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


def unit_groups(scorer: Scorer) -> list[Group]:
    """Returns the groups of hidden units of a network that can be permuted, from input to output.

    Outputs of a block that are read by others are units, too: see `Scorer.hidden_units`.

    Raises:
        LandscapeError: The network does not know its hidden units.
    """
    uses = scorer.hidden_units()
    if not uses:
        raise LandscapeError(
            f"Expected a network whose units are known, got a {type(scorer).__name__}; leave its "
            "alignment out, or give it hidden_units."
        )
    blocks = {name: chain_of(scorer.get_submodule(name), name) for name in uses}
    groups: list[Group] = []
    for name, reads in uses.items():
        groups += blocks[name].groups
        if reads:
            groups.append(join(blocks[name], *((blocks[user], column) for user, column in reads)))
    return groups
