"""Which frames, losses and decisions a landscape is made of: what all verbs share."""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trackscape.assignment import Assigner
from trackscape.data import Hits
from trackscape.landscape import NormPolicy
from trackscape.landscape.problem import Problem
from trackscape.scoring import Scorer
from trackscape.tracker_landscape.networks import default_losses
from trackscape.tracker_landscape.problem import (
    DECIDE,
    LossName,
    read_problem_frames,
    tracker_problem,
)
from trackscape.training.run_folder import provenance


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """Makes problems of networks, all on the same frames."""

    file: Path
    """Hits with their truth."""
    per_frame: int
    """Primaries in a frame."""
    frames: int | None = None
    """How many are drawn; None for all."""
    losses: tuple[LossName, ...] = ()
    """What is computed, the differentiated one first; if empty, `default_losses`."""
    assigner: Assigner = DECIDE
    """Decides."""
    norm: NormPolicy | None = None
    """What BatchNorm does. None: ``frozen`` for one network, ``recomputed`` where others are met,
    since the statistics of the one are not those of the other."""
    seed: int = 0
    """Of the draw of frames and of random directions."""

    @functools.cached_property
    def hits(self) -> list[Hits]:
        """The frames; they are read once."""
        return read_problem_frames(
            self.file, per_frame=self.per_frame, most=self.frames, seed=self.seed
        )

    def losses_of(self, scorer: Scorer) -> tuple[LossName, ...]:
        """Returns the losses, those of its training if none are named."""
        return self.losses or default_losses(scorer)

    def problem(
        self,
        scorer: Scorer,
        *,
        losses: Sequence[LossName] = (),
        several: bool = False,
        twice_differentiable: bool = False,
    ) -> Problem:
        """Returns the landscape of a network.

        Arguments:
            scorer: The network.
            losses: What is computed, if others than usual.
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
