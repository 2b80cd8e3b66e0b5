"""A scorer and the loss of a frame -> a training, measured by the tracks of other frames."""

import math
from typing import Any, Literal, cast, final

import lightning
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from trackscape.assignment import Assigner
from trackscape.data import Assignment
from trackscape.evaluation import METRICS, FrameCounts, count_frame
from trackscape.scoring import Scorer
from trackscape.tracking import MINIMUM_LAST_ENERGY, accept, follow
from trackscape.training.diagnostics import WatchedAssigner
from trackscape.training.frames import Example
from trackscape.training.hooks import never_exhausted
from trackscape.training.objectives import FrameLoss
from trackscape.training.optimisers import OptimiserKind, build_optimiser

Schedule = Literal["constant", "cosine"]
VALIDATION_METRICS = ("purity", "efficiency", "edge_tpr", "edge_fpr")


@final
class TrackingModule(lightning.LightningModule):
    """Trains a scorer by a loss and measures the tracks of the validation frames.

    Beside the loss, TensorBoard shows `Diagnostics`, mean over the frames of an epoch.

    Arguments:
        scorer: What is trained.
        loss: What is minimised.
        assigner: Decides on the validation frames, and in the loss if that goes through it.
        optimiser: See `build_optimiser`.
        learning_rate: Its rate at the start.
        schedule: How the rate goes on.
        steps: Steps in all.
        averaging: Share of the old average in the running average of weights and statistics, which
            is validated and kept; None for the weights as they are.
        min_last_deposit: In MeV; cut on the tracks of the validation, see `accept`.
    """

    def __init__(
        self,
        *,
        scorer: Scorer,
        loss: FrameLoss,
        assigner: Assigner,
        optimiser: OptimiserKind,
        learning_rate: float,
        schedule: Schedule,
        steps: int,
        averaging: float | None = None,
        min_last_deposit: float = MINIMUM_LAST_ENERGY,
    ) -> None:
        super().__init__()
        self.scorer = scorer
        self.loss = loss
        self.assigner, self._watched = assigner, WatchedAssigner(assigner)
        self._gradient = torch.empty(0)
        self.optimiser: OptimiserKind = optimiser
        self.learning_rate, self.schedule, self.steps = learning_rate, schedule, steps
        self.average = None if averaging is None else _running_average(scorer, averaging)
        self.min_last_deposit = min_last_deposit
        self._counts: list[FrameCounts] = []

    @never_exhausted
    def training_step(self, batch: Example, batch_idx: int) -> Tensor | None:
        """Returns the loss of one frame; Lightning divides it by the graphs of a step.

        A frame with fewer than two segments has no statistics and is passed over.
        """
        if len(batch.label) < 2:
            return None
        scores = self.scorer(batch.graph)
        if scores.logit.requires_grad:
            scores.logit.register_hook(self._keep_gradient)
        # Frames that are seen again get other noise, and a resumed training that of the whole one.
        frame = self.current_epoch * int(self.trainer.num_training_batches) + batch_idx
        loss = self.loss(scores, batch.label, assigner=self._watched, frame=frame)
        self.log("loss", loss, on_step=False, on_epoch=True, batch_size=1, prog_bar=True)
        return loss

    @never_exhausted
    def backward(self, *args: Any, **kwargs: Any) -> None:
        """Differentiates the loss."""
        super().backward(*args, **kwargs)

    def on_after_backward(self) -> None:
        """Logs what the backward pass of a frame did."""
        found = self._watched.diagnose(self._gradient)._asdict()
        values = {f"diagnostics_{name}": float(value) for name, value in found.items()}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=1)

    def _keep_gradient(self, gradient: Tensor) -> None:
        self._gradient = gradient

    @property
    def best_scorer(self) -> Scorer:
        """The scorer that is validated and kept."""
        return self.scorer if self.average is None else cast(Scorer, self.average.module)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Moves the running average after each step of the optimiser."""
        super().optimizer_step(*args, **kwargs)
        if self.average is not None:
            self.average.update_parameters(self.scorer)

    def on_validation_epoch_start(self) -> None:
        """Forgets the counts of the last validation."""
        self._counts = []

    @never_exhausted
    def validation_step(self, batch: Example, batch_idx: int) -> None:
        """Reconstructs one frame, with BatchNorm in evaluation mode, and counts its tracks."""
        scores = self.best_scorer(batch.graph)
        assignment: Assignment = self.assigner(scores)
        cut = self.min_last_deposit
        tracks = accept(follow(assignment), min_last_deposit=cut)
        self._counts.append(count_frame(tracks, assignment, min_last_deposit=cut))

    def on_validation_epoch_end(self) -> None:
        """Logs purity and efficiency as published, and the rates of the edges."""
        for name in VALIDATION_METRICS:
            value = METRICS[name](self._counts).value
            self.log(f"validation_{name}", value, prog_bar=name == "purity")

    def configure_optimizers(self) -> Any:
        """Returns the optimiser and the schedule of its learning rate."""
        optimiser = build_optimiser(
            self.optimiser, self.scorer.parameters(), learning_rate=self.learning_rate
        )
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, self._relative_rate)
        return [optimiser], [{"scheduler": scheduler, "interval": "step"}]

    def _relative_rate(self, step: int) -> float:
        if self.schedule == "constant":
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * min(step / self.steps, 1.0)))


def _running_average(scorer: Scorer, share: float) -> AveragedModel:
    """An exponential average that forgets faster at the start, when all changes fast."""

    def move(average: Tensor, value: Tensor, n_before: Tensor | int) -> Tensor:
        # Counts of BatchNorm are moved, too, but nothing depends on them.
        return average + (value - average) * (1 - min(share, (1 + n_before) / (10 + n_before)))

    return AveragedModel(scorer, avg_fn=move, use_buffers=True)
