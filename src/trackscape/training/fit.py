"""A module and its frames -> weights: the training loop, resumable at every validation."""

import contextlib
import logging
import warnings
from collections.abc import Generator
from pathlib import Path

import lightning
from lightning.pytorch.callbacks import RichProgressBar

from trackscape.errors import RunError, WeightsError
from trackscape.files import locked
from trackscape.scoring import read_weights
from trackscape.training.callbacks import KeepRun
from trackscape.training.frames import FrameData
from trackscape.training.modules import TrackingModule
from trackscape.training.process import FolderLogger, OneProcess, WholeCheckpoints, unusable


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
    """Trains for `epochs` epochs, or for what is left of them, and keeps the best weights.

    A folder with a checkpoint is resumed: on a CPU the weights come out bit for bit as without the
    interruption, since the frames of an epoch depend on seed and epoch only.

    Arguments:
        module: What is trained, and by which loss.
        data: Frames; one epoch lies between two validations.
        folder: Where metrics.csv, weights.safetensors, last.ckpt and TensorBoard's files go. One
            training at a time can have it.
        epochs: Number of epochs in all.
        graphs_per_step: Graphs whose gradients are averaged for one step of the optimiser.
        about: Header of the weights file.
        progress: Whether to show a progress bar.

    Returns:
        The best validation purity.

    Raises:
        KeyboardInterrupt: It was interrupted; the last checkpoint is whole.
        RunError: Another training has the folder, it cannot be written to, or what it holds is
            damaged or of another training.
    """
    # Absolute, so that no beginning of a name looks like the address of something elsewhere.
    keep = KeepRun(Path(folder).absolute(), about=about)
    with locked(keep.folder), _quiet():
        trainer = _Training(
            default_root_dir=keep.folder,
            max_epochs=epochs,
            accumulate_grad_batches=graphs_per_step,
            callbacks=[keep, *([_ProgressBar(leave=True)] if progress else [])],
            logger=FolderLogger(str(keep.folder / "tensorboard")),
            plugins=[OneProcess(), WholeCheckpoints()],
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=progress,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
            accelerator="auto",
            devices=1,
        )
        _run(trainer, module, data, keep=keep)
        keep.write_tables()
    if trainer.current_epoch < epochs:
        raise RunError(
            f"{keep.folder}: expected {epochs} epochs, but the training stopped after "
            f"{trainer.current_epoch}; run again to go on."
        )
    return keep.best


def _run(
    trainer: lightning.Trainer, module: TrackingModule, data: FrameData, *, keep: KeepRun
) -> None:
    """Trains, and gives what a user can mend a name."""
    resume = str(keep.checkpoint) if keep.checkpoint.exists() else None
    if resume is not None:
        _check_weights(keep)
    try:
        trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    except (SystemExit, Exception) as error:
        # What Lightning makes of Ctrl-C, or rich, whose bar was about to start.
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        if isinstance(error, OSError):
            raise RunError(
                f"{keep.folder}: expected to write to this folder, but got "
                f"{error.strerror or error}; mend that, and run again to go on."
            ) from error
        damaged = resume is not None and not keep.trains and resume not in str(error)
        if isinstance(error, SystemExit) or not damaged:
            raise
        raise unusable(str(resume), error) from error


def _check_weights(keep: KeepRun) -> None:
    """The best weights before an interruption may stay the best."""
    try:
        read_weights(keep.weights)
    except WeightsError as error:
        raise RunError(
            f"{str(error).rstrip('.')}. Restore it, or remove {keep.checkpoint} to train again "
            "from the start."
        ) from error


class _Training(lightning.Trainer):
    """Of another name than its parent, whose arguments variables PL_TRAINER_... would change."""


class _ProgressBar(RichProgressBar):
    def get_metrics(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """Leaves out the version of the logger, which a run folder does not have."""
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics


@contextlib.contextmanager
def _quiet() -> Generator[None, None, None]:
    """Silences what Lightning says about itself; errors and the progress bar stay."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        stack.callback(logger.setLevel, level)
        # Graphs are made in this process on purpose: workers would compete for the same cores.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        # Lightning 2.6 with PyTorch 2.13; nothing that we could call otherwise.
        warnings.filterwarnings(
            "ignore", message=".*LeafSpec.* is deprecated", category=FutureWarning
        )
        yield
