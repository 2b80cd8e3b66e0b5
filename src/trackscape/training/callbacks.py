"""What a training leaves behind after every validation: metrics, the best weights, a checkpoint."""

import csv
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import lightning
from lightning.pytorch.callbacks import Callback

from trackscape.errors import RunError
from trackscape.files import replacing
from trackscape.scoring import save_network
from trackscape.training.modules import VALIDATION_METRICS, TrackingModule
from trackscape.training.process import never_exhausted

COLUMNS = ("step", "loss", *(f"validation_{name}" for name in VALIDATION_METRICS))


@final
class KeepRun(Callback):
    """Writes metrics.csv, timing.csv, weights.safetensors (best validation purity) and last.ckpt.

    In this order, each under a temporary name first: whenever the process is killed, the checkpoint
    is never newer than the others, and the epoch that is run again writes the same once more: but
    for timing.csv, the seconds that the steps took, without validations.
    """

    def __init__(self, folder: Path, *, about: dict[str, str]) -> None:
        self.folder, self.about = folder, about
        self.best = -1.0
        self.rows: list[dict[str, float]] = []
        self.times: list[dict[str, float]] = []
        self.trains = False
        self._seconds = self._started = 0.0

    @property
    def checkpoint(self) -> Path:
        """The state from which the run goes on."""
        return self.folder / "last.ckpt"

    @property
    def weights(self) -> Path:
        """The best weights."""
        return self.folder / "weights.safetensors"

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

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Notes that all states have been restored."""
        self.trains = True

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Starts the clock."""
        self._started = time.monotonic()

    def on_validation_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Stops the clock: an epoch ends with its validation."""
        self._seconds += time.monotonic() - self._started

    @never_exhausted
    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Keeps the epoch that has just been trained and validated."""
        assert isinstance(pl_module, TrackingModule)
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        row = {"step": float(trainer.global_step)}
        self.rows.append(row | {name: metrics.get(name, math.nan) for name in COLUMNS[1:]})
        self.times.append({"step": float(trainer.global_step), "seconds": self._seconds})
        self.write_tables()
        if metrics["validation_purity"] > self.best:
            self.best = metrics["validation_purity"]
            about = {"step": str(trainer.global_step), "validation_purity": f"{self.best:.4f}"}
            save_network(pl_module.best_scorer, self.weights, about=self.about | about)
        trainer.save_checkpoint(self.checkpoint)

    def write_tables(self) -> None:
        """Writes metrics.csv and timing.csv of all epochs, also of those before a resumption."""
        self._write(self.rows, COLUMNS, name="metrics.csv")
        self._write(self.times, ("step", "seconds"), name="timing.csv")

    def _write(self, rows: list[dict[str, float]], columns: Sequence[str], *, name: str) -> None:
        with replacing(self.folder / name) as path, path.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows({**row, "step": int(row["step"])} for row in rows)
