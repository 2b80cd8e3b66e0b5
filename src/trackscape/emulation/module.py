"""An emulator and its loss -> a training by Lightning, resumable at every validation."""

from typing import Any, NamedTuple, final

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from trackscape.emulation.losses import ChangeLoss
from trackscape.emulation.networks import Emulator
from trackscape.emulation.settings import EmulatorLoss, EmulatorOptimiser
from trackscape.emulation.windows import Step, Windows
from trackscape.training.frames import RandomFrames
from trackscape.training.process import never_exhausted

WARM_UP = 0.1
"""Share of the steps in which the rate of one cycle rises."""
USUAL = 0.3
"""What every run counts beside its changes when rare ones are drawn more often, in mean changes."""
LARGEST_CHANGE = 10.0
"""In standard deviations; a run does not count for more than that in one column."""
_SEEDS = 2**31


class Batch(NamedTuple):
    """Runs of some steps."""

    state: Tensor
    """States before and after each step, (runs, steps + 1, columns)."""
    change: Tensor
    """Changes to learn in each step, differences in double precision, (runs, steps, columns)."""
    forcing: Tensor


def changes_of(windows: Windows, rest: Step | None) -> Tensor:
    """Returns changes in each step, (runs, steps, columns); by `rest` instead, where it is given.

    A model whose last step an emulator takes itself has to be known without it: behind a switch
    nobody sees how near it was.
    """
    before = windows.state[:, :-1]
    if rest is None:
        return torch.from_numpy(windows.state[:, 1:] - before)
    forcing = np.repeat(windows.forcing, windows.steps, axis=0)
    after = rest(before.reshape(len(forcing), -1), forcing)
    return torch.from_numpy(after.reshape(before.shape) - before)


@final
class Draws(Dataset[tuple[Batch, Tensor]]):
    """A batch of runs of a data set for each seed."""

    def __init__(self, windows: Windows, change: Tensor, *, size: int, rare: bool) -> None:
        self.all = Batch(
            state=torch.from_numpy(windows.state).float(),
            change=change.float(),
            forcing=torch.from_numpy(windows.forcing).float(),
        )
        self.size = size
        chance = torch.ones(change.shape[:2], dtype=torch.float64)
        if rare:
            deviation = change.flatten(0, 1).std(dim=0)
            relative = change.abs() / torch.where(deviation > 0, deviation, 1.0)
            chance = relative.clamp(max=LARGEST_CHANGE).sum(dim=2)
            chance = chance + USUAL * chance.mean()
        self._up_to = chance.flatten().cumsum(dim=0)

    def __len__(self) -> int:
        return _SEEDS

    @never_exhausted
    def __getitem__(self, index: int) -> tuple[Batch, Tensor]:
        """Returns runs, and the step of each that is to be looked at."""
        generator = torch.Generator().manual_seed(index)
        place = torch.rand(self.size, generator=generator, dtype=torch.float64) * self._up_to[-1]
        step = torch.searchsorted(self._up_to, place).clamp(max=len(self._up_to) - 1)
        run, step = step // self.all.change.shape[1], step % self.all.change.shape[1]
        return Batch(*(each[run] for each in self.all)), step


class _One(Dataset[Batch]):
    """A single batch."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Batch:
        return self.batch


class RunData(lightning.LightningDataModule):
    """Runs to train on and to validate with. One epoch is the time between two validations."""

    def __init__(
        self,
        *,
        training: tuple[Windows, Tensor],
        validation: tuple[Windows, Tensor],
        optimiser: EmulatorOptimiser,
        seed: int,
    ) -> None:
        """Takes runs with the changes to learn, see `changes_of`."""
        super().__init__()
        self.draws = Draws(*training, size=optimiser.runs_per_step, rare=optimiser.rare)
        self.validation = Draws(*validation, size=len(validation[0]), rare=False).all
        self.sampler = RandomFrames(_SEEDS, n_draws=optimiser.validate_every, seed=seed)

    def train_dataloader(self) -> DataLoader[Any]:
        """Returns the batches of one epoch."""
        return DataLoader(self.draws, batch_size=None, sampler=self.sampler)

    def val_dataloader(self) -> DataLoader[Any]:
        """Returns the first steps of all runs, in one batch."""
        return DataLoader(_One(self.validation), batch_size=None)


@final
class EmulatorModule(lightning.LightningModule):
    """Trains an emulator by single steps, and then by several in a row."""

    def __init__(
        self,
        emulator: Emulator,
        loss: ChangeLoss,
        *,
        settings: EmulatorLoss,
        optimiser: EmulatorOptimiser,
    ) -> None:
        super().__init__()
        self.emulator, self.loss = emulator, loss
        self.settings, self.optimiser = settings, optimiser

    @never_exhausted
    def training_step(self, batch: tuple[Batch, Tensor], batch_idx: int) -> Tensor:
        """Returns the loss of one step of each run, or of several in a row of some."""
        runs, step = batch
        half = self.global_step >= self.optimiser.steps // 2
        if self.settings.steps > 1 and half:
            loss = self._loss_in_a_row(runs)
        else:
            row = torch.arange(len(step))
            state = runs.state[row, step]
            moved = self.emulator.advance_rest(state, runs.forcing)
            loss = self.loss(moved, runs.change[row, step], state, runs.forcing)
        self.log("loss", loss, on_step=False, on_epoch=True, batch_size=len(step), prog_bar=True)
        return loss

    def _loss_in_a_row(self, runs: Batch) -> Tensor:
        steps = min(self.settings.steps, runs.change.shape[1])
        n = max(len(runs.state) // steps, 1)
        state, forcing = runs.state[:n, 0], runs.forcing[:n]
        loss = state.new_zeros(())
        for step in range(steps):
            moved = self.emulator.advance_rest(state, forcing)
            loss = loss + self.loss(moved, runs.change[:n, step], state, forcing) / steps
            state = self.emulator.finish(moved[0], forcing)
        return loss

    @never_exhausted
    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Logs the loss of the first step of each run, without penalties."""
        with torch.no_grad():
            moved = self.emulator.advance_rest(batch.state[:, 0], batch.forcing)
            errors = [
                view.error(moved[1], batch.change[:, 0], batch.state[:, 0])
                for view in self.loss.views
            ]
        self.log("validation_loss", torch.stack(errors).sum(), batch_size=1, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """Returns Adam and the schedule of its learning rate."""
        settings = self.optimiser
        adam = torch.optim.Adam(
            self.emulator.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        if settings.schedule == "constant":
            schedule: Any = torch.optim.lr_scheduler.ConstantLR(adam, factor=1.0)
        else:
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                adam, settings.learning_rate, total_steps=settings.steps + 1, pct_start=WARM_UP
            )
        return [adam], [{"scheduler": schedule, "interval": "step"}]
