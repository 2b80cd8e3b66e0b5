"""Lightning's loop around a module and its data, for every training: resumed, quiet, explained."""

import contextlib
import logging
import warnings
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from lightning import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from trackscape.errors import RunError, from_interrupt
from trackscape.files import RUN_WEIGHTS
from trackscape.progress import news_bar
from trackscape.training import process

_LOG = logging.getLogger(__name__)


class KeepsRun(Callback):
    """A callback that keeps a training in a folder."""

    def __init__(self, folder: Path) -> None:
        # Absolute, so that no beginning of a name looks like the address of something elsewhere.
        self.folder = folder.absolute()
        self.checkpoint, self.weights = self.folder / "last.ckpt", self.folder / RUN_WEIGHTS
        self.rows: list[dict[str, float]] = []
        self.trains = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes that all states have been restored."""
        self.trains = True


class _Steps(Callback):
    """Shows the bar of all other verbs: steps, how fast they come, and the last validation."""

    def __init__(self, what: str) -> None:
        self._what, self._bar = what, contextlib.ExitStack()
        self._move: Callable[[int, str], object] = lambda steps, news: None
        self._done, self._news = 0, ""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Opens the bar, where a resumed training goes on."""
        self._done = trainer.global_step
        total = int(trainer.estimated_stepping_batches)
        bar = news_bar("steps", total=total, done=self._done)
        self._move = self._bar.enter_context(bar)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Moves the bar on; some batches together make a step."""
        self._move(trainer.global_step - self._done, self._news)
        self._done = trainer.global_step

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tells the validation, in the log as well."""
        value = float(trainer.callback_metrics[self._what])
        self._news = f"{self._what.replace('_', ' ')} {value:.4g}"
        _LOG.info("Step %d: %s.", trainer.global_step, self._news)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Closes the bar."""
        self._bar.close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Closes the bar, before what went wrong is said."""
        self._bar.close()


class _Training(Trainer):
    """Of another name than its parent, whose arguments variables PL_TRAINER_... would change."""


def make_trainer(
    keep: KeepsRun,
    *,
    epochs: int,
    progress: str | None,
    **settings: Any,
) -> Trainer:
    """Returns the trainer of one process that leaves checkpoints to the callback `keep`.

    A bar shows its steps, and the validated value that `progress` names; None for no bar.
    """
    return _Training(
        default_root_dir=keep.folder,
        max_epochs=epochs,
        callbacks=[keep] if progress is None else [keep, _Steps(progress)],
        plugins=[process.OneProcess(), process.WholeCheckpoints()],
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
        accelerator="auto",
        devices=1,
        **settings,
    )


def run_trainer(
    trainer: Trainer, module: LightningModule, data: LightningDataModule, *, keep: KeepsRun
) -> None:
    """Trains, from the checkpoint if there is one, and gives what a user can mend a name.

    Raises:
        RunError: The folder cannot be written to, or the checkpoint is of another training.
    """
    resume = str(keep.checkpoint) if keep.checkpoint.exists() else None
    try:
        trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    except (SystemExit, Exception) as error:
        if from_interrupt(error):
            raise KeyboardInterrupt from error
        if isinstance(error, OSError):
            raise RunError(
                f"{keep.folder}: expected to write to this folder, but got "
                f"{error.strerror or error}; mend that, and run again to go on."
            ) from error
        damaged = resume is not None and not keep.trains and resume not in str(error)
        if isinstance(error, SystemExit) or not damaged:
            raise
        raise process.unusable(str(resume), error) from error


def check_finished(trainer: Trainer, folder: Path) -> None:
    """Raises a RunError if a training came to an end before its last epoch."""
    epochs = trainer.max_epochs or 0
    if trainer.current_epoch < epochs:
        raise RunError(
            f"{folder} stopped after {trainer.current_epoch} of {epochs} epochs; run it again."
        )


@contextlib.contextmanager
def quiet() -> Generator[None, None, None]:
    """Silences what Lightning says about itself; errors stay."""
    logger = logging.getLogger("lightning.pytorch")
    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        stack.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.ERROR)
        # Graphs are made in this process on purpose: workers would compete for the same cores.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        # Lightning 2.6 with PyTorch 2.13; nothing that we could call otherwise.
        warnings.filterwarnings("ignore", ".*LeafSpec.* is deprecated", FutureWarning)
        yield
