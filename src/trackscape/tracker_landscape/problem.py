"""Network + frames -> Problem: what a training minimises, and what is measured after it."""

import copy
import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from trackscape.assignment import Assigner
from trackscape.data import EdgeScores, Hits
from trackscape.errors import DataError, LandscapeError
from trackscape.evaluation.evaluate import read_frames
from trackscape.landscape import NormPolicy
from trackscape.landscape.problem import Problem
from trackscape.scoring import Scorer
from trackscape.training import OBJECTIVES, Example, Objective, canonical_name
from trackscape.training.frames import Examples
from trackscape.training.run_folder import provenance

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
    given = {each if isinstance(each, str) else each.kind: each for each in losses}
    unknown = [name for name in given if canonical_name(name) not in OBJECTIVES]
    if unknown or not losses or len(set(given)) != len(losses):
        names = [each if isinstance(each, str) else each.kind for each in losses]
        raise LandscapeError(
            f"Expected different losses of {', '.join(OBJECTIVES)}, got "
            f"{', '.join(names) or 'none'}."
        )
    return {
        name: OBJECTIVES[canonical_name(each)]() if isinstance(each, str) else each
        for name, each in given.items()
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

    Frames with fewer than two candidate segments are left out, as in a training. In the published
    convention of `HammingBlackbox`, a strength of a training with n graphs a step is n times that
    of its landscape: here a frame is a batch.

    Arguments:
        scorer: The network, in any mode.
        frames: Hits with their truth.
        losses: What is computed, the differentiated one first.
        assigner: What decides; see `TrackerObjective`.
        norm: What BatchNorm does.
        twice_differentiable: Whether the plain path of a network is taken instead of its compiled
            one. They agree but for rounding; exact Hessians need this, and so does what
            `needs_plain` names.
        seed: Seed of noise and of random numbers; see `Problem`.

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

    Arguments:
        file: Any hit file with truth.
        per_frame: Primaries in a frame.
        most: Number of frames; None for all. Smaller samples are subsets of larger ones.
        seed: Seed of the draw.

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


@dataclasses.dataclass(frozen=True, kw_only=True)
class LandscapeConfig:
    """Frames, losses and decisions of a landscape; makes problems of networks from them."""

    file: Path
    """Hits with their truth."""
    per_frame: int
    """Primaries in a frame."""
    frames: int | None = None
    """Number of frames that are drawn; None for all."""
    losses: tuple[LossLike, ...] = ()
    """Losses that are computed, the differentiated one first; if empty, the default objective of
    the network, and the share of wrong decisions."""
    assigner: Assigner = DECIDE
    """What decides."""
    norm: NormPolicy | None = None
    """What BatchNorm does. None: ``frozen`` for one network, ``recomputed`` where others are met,
    since the statistics of the one are not those of the other."""
    network: str | None = None
    """Class of the networks in files of weights, if it is your own, as ``my_package.MyScorer``."""
    seed: int = 0
    """Seed of the draw of frames, of random directions and of noise."""

    @functools.cached_property
    def hits(self) -> list[Hits]:
        """The frames; they are read once."""
        return read_problem_frames(
            self.file, per_frame=self.per_frame, most=self.frames, seed=self.seed
        )

    def losses_of(self, scorer: Scorer) -> tuple[LossLike, ...]:
        """Returns the losses of a network, the usual ones if none are named."""
        return self.losses or (scorer.default_objective, "hamming")

    def first_loss(self, scorer: Scorer) -> tuple[str, Objective]:
        """Returns the loss that is differentiated, with its name."""
        return next(iter(name_losses(self.losses_of(scorer)).items()))

    def problem(
        self,
        scorer: Scorer,
        *,
        losses: Sequence[LossLike] = (),
        several: bool = False,
        twice_differentiable: bool = False,
    ) -> Problem:
        """Returns the landscape of a network.

        Arguments:
            scorer: The network.
            losses: Losses that are computed, if others than usual.
            several: Whether other networks lie in it, too.
            twice_differentiable: See `tracker_problem`.
        """
        return tracker_problem(
            scorer,
            self.hits,
            losses=losses or self.losses_of(scorer),
            assigner=self.assigner,
            norm=self.norm or ("recomputed" if several else "frozen"),
            twice_differentiable=twice_differentiable,
            seed=self.seed,
        )

    def origin(self, *names: str) -> dict[str, Any]:
        """Returns what explains numbers that were made so, in plain values.

        Arguments:
            names: Weights that take part: shipped methods or files.
        """
        files = [Path(name) for name in names if Path(name).is_file()]
        return {
            "weights": list(names),
            "per_frame": self.per_frame,
            "frames": len(self.hits),
            "assigner": dataclasses.asdict(self.assigner),
            "norm": self.norm,
            **provenance(seed=self.seed, inputs=[self.file, *files]),
        }
