"""A module and its frames -> weights: the training loop, resumable at every validation."""

import csv
import importlib
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, final

from lightning import LightningModule, Trainer

from trackscape.errors import RunError, WeightsError
from trackscape.files import locked, replacing
from trackscape.scoring import read_weights, save_network
from trackscape.training import process
from trackscape.training.frames import FrameData
from trackscape.training.loop import KeepsRun, check_finished, make_trainer, quiet, run_trainer
from trackscape.training.modules import VALIDATION_METRICS, TrackingModule

_COLUMNS = ("step", "loss", *(f"validation_{name}" for name in VALIDATION_METRICS))


@final
class KeepRun(KeepsRun):
    """Writes metrics.csv, timing.csv, weights.safetensors (best validation purity) and last.ckpt.

    In this order: whenever the process is killed, the checkpoint is never newer than the others,
    and the epoch that is run again writes the same once more: but for timing.csv, the seconds that
    the steps took, without validations.
    """

    def __init__(self, folder: Path, *, about: dict[str, str]) -> None:
        super().__init__(folder)
        self.about, self.best = about, -1.0
        self.times: list[dict[str, float]] = []
        self._seconds = self._started = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Returns what a resumed run has to know."""
        return {"best": self.best, "rows": self.rows, "times": self.times, "about": self.about}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes back what `state_dict` returned.

        Raises:
            RunError: It is the state of another run.
        """
        about = state_dict.get("about", self.about)  # older checkpoints do not know it
        if about != self.about:
            raise RunError(f"it belongs to {about}, not to {self.about}")
        self.best, self.rows = float(state_dict["best"]), list(state_dict["rows"])
        self.times = list(state_dict["times"])
        self._seconds = self.times[-1]["seconds"]

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock."""
        self._started = time.monotonic()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stops the clock: an epoch ends with its validation."""
        self._seconds += time.monotonic() - self._started

    @process.never_exhausted
    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps the epoch that has just been trained and validated."""
        assert isinstance(pl_module, TrackingModule)
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        row = {"step": float(trainer.global_step)}
        self.rows.append(row | {name: metrics.get(name, math.nan) for name in _COLUMNS[1:]})
        self.times.append(row | {"seconds": self._seconds})
        self.write_tables()
        if metrics["validation_purity"] > self.best:
            self.best = metrics["validation_purity"]
            about = {"step": str(trainer.global_step), "validation_purity": f"{self.best:.4f}"}
            save_network(pl_module.best_scorer, self.weights, about=self.about | about)
        trainer.save_checkpoint(self.checkpoint)

    def write_tables(self) -> None:
        """Writes metrics.csv and timing.csv of all epochs, also of those before a resumption."""
        self._write(self.rows, _COLUMNS, name="metrics.csv")
        self._write(self.times, ("step", "seconds"), name="timing.csv")

    def _write(self, rows: list[dict[str, float]], columns: Sequence[str], *, name: str) -> None:
        with replacing(self.folder / name) as path, path.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows({**row, "step": int(row["step"])} for row in rows)


def fit(
    module: TrackingModule,
    data: FrameData,
    *,
    folder: Path | str,
    epochs: int,
    graphs_per_step: int,
    about: dict[str, str],
    progress: bool = True,
) -> float:
    """Trains, keeps the best weights, and returns their validation purity.

    A folder with a checkpoint is resumed: on a CPU the weights come out bit for bit as without the
    interruption, since the frames of an epoch depend on seed and epoch only. One epoch lies between
    two validations; the gradients of `graphs_per_step` graphs are averaged for a step, and `about`
    is the header of the weights file.

    Raises:
        KeyboardInterrupt: It was interrupted; the last checkpoint is whole.
        RunError: Another training has the folder, it cannot be written to, or what it holds is
            damaged or of another training.
    """
    keep = KeepRun(Path(folder), about=about)
    with locked(keep.folder), quiet():
        trainer = make_trainer(
            keep,
            epochs=epochs,
            progress="validation_purity" if progress else None,
            logger=_logger(keep.folder),
            accumulate_grad_batches=graphs_per_step,
            log_every_n_steps=1,
        )
        if keep.checkpoint.exists():
            _check_weights(keep)
        run_trainer(trainer, module, data, keep=keep)
        keep.write_tables()
    check_finished(trainer, keep.folder)
    return keep.best


def _logger(folder: Path) -> process.FolderLogger | Literal[False]:
    """TensorBoard's, where it is installed; metrics.csv is written in any case."""
    try:
        importlib.import_module("tensorboard.version")  # which a mere folder of that name lacks
    except ImportError:
        return False
    return process.FolderLogger(str(folder / "tensorboard"))


def _check_weights(keep: KeepRun) -> None:
    """The best weights before an interruption may stay the best."""
    try:
        read_weights(keep.weights)
    except WeightsError as error:
        raise RunError(
            f"{str(error).rstrip('.')}. Restore it, or remove {keep.checkpoint} to start again."
        ) from error
