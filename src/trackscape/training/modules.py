"""A scorer and the loss of a frame -> a training, measured by the tracks of other frames."""

import importlib.util
import math
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, cast, final

import lightning
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from trackscape.assignment import Assigner, Semantics, Solution
from trackscape.assignment.solver.assigner import PerEdge
from trackscape.data import HitGraph
from trackscape.errors import MissingPackageError
from trackscape.evaluation import METRICS, FrameCounts, count_frame
from trackscape.scoring import Scorer
from trackscape.tracking import MINIMUM_LAST_ENERGY, accept, follow
from trackscape.training.frames import Example
from trackscape.training.interface import FrameLoss
from trackscape.training.process import never_exhausted

OptimiserKind = Literal["rmsprop", "adam", "soap"]


def check_optimiser(kind: OptimiserKind) -> None:
    """Raises MissingPackageError where the optimiser's package is not installed."""
    if kind == "soap" and importlib.util.find_spec("pytorch_optimizer") is None:
        raise MissingPackageError(
            "The optimiser soap needs the package pytorch-optimizer, which is not installed; run "
            "`pip install pytorch-optimizer`, or use rmsprop or adam."
        )


def build_optimiser(
    kind: OptimiserKind, parameters: Iterable[nn.Parameter], *, learning_rate: float
) -> torch.optim.Optimizer:
    """Makes an optimiser: RMSprop, as published, Adam or SOAP.

    SOAP is RMSprop in the eigenvectors of the correlations of each matrix's gradients, which
    decorrelates the many columns of the encoded angle. Its own momentum is left out: decisions
    jump, and with momentum a training through the assignment does not settle.

    Raises:
        MissingPackageError: The optimiser's package is not installed.

    References:
        Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam", ICLR 2025.
    """
    check_optimiser(kind)
    match kind:
        case "rmsprop":
            return torch.optim.RMSprop(parameters, lr=learning_rate)
        case "adam":
            return torch.optim.Adam(parameters, lr=learning_rate)
        case "soap":
            from pytorch_optimizer import SOAP  # takes a second to import

            return SOAP(
                parameters, lr=learning_rate, betas=(0.0, 0.99), shampoo_beta=0.95, weight_decay=0.0
            )


class Diagnostics(NamedTuple):
    """What the loss of one frame and its backward pass did."""

    solves: float
    """Assignment problems that were solved."""
    changed: float
    """Share of the edges that these solutions do not all decide alike."""
    moved: float
    """Share of the edges whose score gets a gradient."""


@final
class WatchedAssigner:
    """An assigner that keeps what it chose, until somebody asks."""

    def __init__(self, assigner: Assigner) -> None:
        self.assigner = assigner
        self.semantics: Semantics = assigner.semantics
        self.unmatched_cost = assigner.unmatched_cost
        self._chosen: list[Tensor] = []

    def solve(self, cost: PerEdge, *, graph: HitGraph, start: Solution | None = None) -> Solution:
        """See `Assigner.solve`."""
        solution = self.assigner.solve(cost, graph=graph, start=start)
        self._chosen.append(solution.selected)
        return solution

    def diagnose(self, gradient: PerEdge) -> Diagnostics:
        """Returns, for the gradient of the scores, what happened since the last call."""
        chosen, self._chosen = self._chosen, []
        changed = 0.0
        if chosen:
            changed = _share(torch.stack([each != chosen[0] for each in chosen]).any(dim=0))
        return Diagnostics(solves=len(chosen), changed=changed, moved=_share(gradient != 0))


def _share(edges: Tensor) -> float:
    return int(edges.count_nonzero()) / max(len(edges), 1)


Schedule = Literal["constant", "cosine"]
VALIDATION_METRICS = ("purity", "efficiency", "edge_tpr", "edge_fpr")


@final
class TrackingModule(lightning.LightningModule):
    """Trains a scorer by a loss and measures the tracks of the validation frames.

    Beside the loss, TensorBoard, where installed, shows `Diagnostics`, mean over the frames of an
    epoch. The assigner decides on the validation frames, and in the loss if that goes through it;
    settings are those of `OptimiserConfig`, and a cut in MeV on its tracks, see `accept`.
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
        self.scorer, self.loss = scorer, loss
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

    def _keep_gradient(self, gradient: Tensor) -> None:
        self._gradient = gradient

    @never_exhausted
    def backward(self, *args: Any, **kwargs: Any) -> None:
        """Differentiates the loss."""
        super().backward(*args, **kwargs)

    def on_after_backward(self) -> None:
        """Logs what the backward pass of a frame did."""
        found = self._watched.diagnose(self._gradient)._asdict()
        values = {f"diagnostics_{name}": float(value) for name, value in found.items()}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=1)

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
        assignment = self.assigner(self.best_scorer(batch.graph))
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
