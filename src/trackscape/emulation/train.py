"""Settings and runs of a box model -> a run folder with a trained emulator, resumable."""

import csv
import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, final

import torch
from lightning import LightningModule, Trainer
from torch import Tensor

from trackscape.emulation.losses import ChangeLoss
from trackscape.emulation.module import EmulatorModule, RunData, changes_of
from trackscape.emulation.networks import NETWORKS
from trackscape.emulation.scores import check_columns
from trackscape.emulation.settings import EmulatorConfig
from trackscape.emulation.system import System
from trackscape.emulation.weights import load_emulator, save_emulator
from trackscape.emulation.windows import Step, Windows
from trackscape.files import locked, replacing
from trackscape.training import process
from trackscape.training.loop import KeepsRun, check_finished, make_trainer, quiet, run_trainer
from trackscape.training.run_folder import open_run

_COLUMNS = ("step", "loss", "validation_loss")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainedEmulator:
    """A finished training."""

    folder: Path
    """The run folder; its ``weights.safetensors`` holds the best weights."""
    loss: float
    """Validation loss of the best weights."""


def train_emulator(
    config: EmulatorConfig,
    system: System,
    *,
    training: Windows,
    validation: Windows,
    runs: Path | str,
    seed: int,
    rest: Step | None = None,
    inputs: Iterable[Path] = (),
    progress: bool = True,
) -> TrainedEmulator:
    """Trains an emulator, or goes on where a killed or interrupted training stopped.

    Arguments:
        config: The settings.
        system: What is known of the box model.
        training: Runs to learn from.
        validation: Runs that choose the best weights.
        runs: Folder in which the run folder is made.
        seed: Seed of the initial weights and of the order of runs.
        rest: The model without its last step, which an emulator that takes that step itself
            should learn; only the system has to name that step.
        inputs: Files that the runs come from, whose digests the run folder keeps.
        progress: Whether to show a progress bar.

    Raises:
        DataError: The runs have other columns than the system.
        RunError: The run folder belongs to other settings or data, is damaged or in use.
    """
    torch.manual_seed(seed)
    emulator = NETWORKS[config.network.kind](system, **config.network.sizes)
    for windows in (training, validation):
        check_columns(emulator, windows)
    folder = open_run(Path(runs), config, seed=seed, inputs=inputs)
    emulator.fit_scales(training)
    rest = rest if emulator.finishes else None
    learnt = [(windows, changes_of(windows, rest)) for windows in (training, validation)]
    loss = ChangeLoss(config.loss, system, *_steps(*learnt[0]))
    module = EmulatorModule(emulator, loss, settings=config.loss, optimiser=config.optimiser)
    data = RunData(training=learnt[0], validation=learnt[1], optimiser=config.optimiser, seed=seed)
    keep = KeepEmulator(folder)
    with locked(folder), quiet():
        _fit(module, data, keep, config=config, progress=progress)
    return TrainedEmulator(folder=folder, loss=keep.best)


def _steps(windows: Windows, change: Tensor) -> tuple[Tensor, Tensor]:
    """States before all steps of all runs, and their changes."""
    return torch.from_numpy(windows.state[:, :-1]).flatten(0, 1), change.flatten(0, 1)


@final
class KeepEmulator(KeepsRun):
    """Writes metrics.csv, weights.safetensors (best validation) and last.ckpt, in this order."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.best = math.inf

    @property
    def state_key(self) -> str:
        """The name by which checkpoints of all trainings hold this state."""
        return "KeepRun"

    def state_dict(self) -> dict[str, Any]:
        """Returns what a resumed run has to know."""
        return {"best": self.best, "rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes back what `state_dict` returned."""
        self.best, self.rows = float(state_dict["best"]), list(state_dict["rows"])

    @process.never_exhausted
    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps the epoch that has just been trained and validated."""
        assert isinstance(pl_module, EmulatorModule)
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        row = {name: metrics.get(name, math.nan) for name in _COLUMNS[1:]}
        self.rows.append({"step": float(trainer.global_step)} | row)
        self.write_table()
        if metrics["validation_loss"] < self.best:
            self.best = metrics["validation_loss"]
            about = {"run": self.folder.name, "step": str(trainer.global_step)}
            save_emulator(pl_module.emulator, self.weights, about=about)
        trainer.save_checkpoint(self.checkpoint)

    def write_table(self) -> None:
        """Writes metrics.csv of all epochs, also of those before a resumption."""
        with replacing(self.folder / "metrics.csv") as path, path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            for row in self.rows:
                writer.writerow([int(row["step"]), *(row[name] for name in _COLUMNS[1:])])


def _fit(
    module: EmulatorModule,
    data: RunData,
    keep: KeepEmulator,
    *,
    config: EmulatorConfig,
    progress: bool,
) -> None:
    epochs = config.optimiser.steps // config.optimiser.validate_every
    trainer = make_trainer(
        keep,
        epochs=epochs,
        progress="validation_loss" if progress else None,
        gradient_clip_val=1.0,
        logger=False,
    )
    if keep.checkpoint.exists():
        load_emulator(keep.weights)  # the best ones may stay the best
    run_trainer(trainer, module, data, keep=keep)
    keep.write_table()
    check_finished(trainer, keep.folder)
