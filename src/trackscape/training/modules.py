"""The two ways to train a tracker: predict then track (PTT), predict and track (PAT)."""

import abc
import math
from typing import Any, Literal, final

import lightning
import torch
from torch import Tensor

from trackscape.assignment import (
    Assigner,
    Convention,
    blackbox_assignment,
    by_region,
    cross_entropy_loss,
    hamming_loss,
)
from trackscape.data import Assignment, EdgeScores
from trackscape.evaluation import METRICS, FrameCounts, count_frame
from trackscape.scoring import Scorer
from trackscape.tracking import accept, follow
from trackscape.training.frames import Example

Schedule = Literal["constant", "cosine"]
VALIDATION_METRICS = ("purity", "efficiency", "edge_tpr", "edge_fpr")


class TrackingModule(lightning.LightningModule, abc.ABC):
    """Trains a scorer with RMSprop and measures the tracks of the validation frames."""

    def __init__(
        self,
        *,
        scorer: Scorer,
        assigner: Assigner,
        learning_rate: float,
        schedule: Schedule,
        steps: int,
    ) -> None:
        super().__init__()
        self.scorer = scorer
        self.assigner = assigner
        self.learning_rate, self.schedule, self.steps = learning_rate, schedule, steps
        self._counts: list[FrameCounts] = []

    @abc.abstractmethod
    def loss(self, scores: EdgeScores, label: Tensor) -> Tensor:
        """Returns the loss of one frame."""

    def training_step(self, batch: Example, batch_idx: int) -> Tensor | None:
        """Returns the loss of one frame; Lightning divides it by the graphs of a step.

        A frame with fewer than two segments has no statistics and is passed over.
        """
        if len(batch.label) < 2:
            return None
        loss = self.loss(self.scorer(batch.graph), batch.label)
        self.log("loss", loss, on_step=False, on_epoch=True, batch_size=1, prog_bar=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forgets the counts of the last validation."""
        self._counts = []

    def validation_step(self, batch: Example, batch_idx: int) -> None:
        """Reconstructs one frame, with BatchNorm in evaluation mode, and counts its tracks."""
        scores = self.scorer(batch.graph)
        assignment: Assignment = self.assigner(scores)
        self._counts.append(count_frame(accept(follow(assignment)), assignment))

    def on_validation_epoch_end(self) -> None:
        """Logs purity and efficiency as published, and the rates of the edges."""
        for name in VALIDATION_METRICS:
            value = METRICS[name](self._counts).value
            self.log(f"validation_{name}", value, prog_bar=name == "purity")

    def configure_optimizers(self) -> Any:
        """Returns RMSprop, as published, and the schedule of its learning rate."""
        optimiser = torch.optim.RMSprop(self.scorer.parameters(), lr=self.learning_rate)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, self._relative_rate)
        return [optimiser], [{"scheduler": scheduler, "interval": "step"}]

    def _relative_rate(self, step: int) -> float:
        if self.schedule == "constant":
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * min(step / self.steps, 1.0)))


@final
class PredictThenTrack(TrackingModule):
    """PTT: cross-entropy of the edges; the assignment comes only after training."""

    def loss(self, scores: EdgeScores, label: Tensor) -> Tensor:
        """Returns the cross-entropy of tracker edges + that of calorimeter edges."""
        return by_region(cross_entropy_loss, scores.logit, label, graph=scores.graph)


@final
class PredictAndTrack(TrackingModule):
    """PAT: Hamming loss of the assignment, differentiated through it."""

    def __init__(self, *, strength: float, convention: Convention, **common: Any) -> None:
        super().__init__(**common)
        self.strength = strength
        self.convention: Convention = convention

    def loss(self, scores: EdgeScores, label: Tensor) -> Tensor:
        """Returns the share of wrong tracker edges + that of wrong calorimeter edges."""
        chosen = blackbox_assignment(
            scores, assigner=self.assigner, strength=self.strength, convention=self.convention
        )
        return by_region(hamming_loss, chosen, label, graph=scores.graph)
