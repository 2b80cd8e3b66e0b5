"""What Lightning is told about a training: its process, its files, its checkpoints, its errors."""

import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, final

import torch
from lightning.fabric.plugins import CheckpointIO
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.loggers import TensorBoardLogger

from trackscape.errors import RunError
from trackscape.files import replacing

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def never_exhausted(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Makes a `StopIteration` from within an error, as Python does in generators (PEP 479).

    Lightning, as any loop, takes it for the end of the frames or epochs, and stops without a word.
    """

    @functools.wraps(function)
    def call(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        try:
            return function(*args, **kwargs)
        except StopIteration as error:
            raise RuntimeError(f"{function.__qualname__} raised StopIteration") from error

    return call


@final
class OneProcess(LightningEnvironment):
    """A training is one process, whatever Lightning reads in variables of SLURM, torchrun or MPI.

    It would conclude that there are others to wait for, or that it is not the one that writes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.set_global_rank(0)

    @property
    def creates_processes_externally(self) -> bool:
        """Nobody else takes part."""
        return False

    def local_rank(self) -> int:
        """The first on this machine."""
        return 0

    def node_rank(self) -> int:
        """On the first machine."""
        return 0

    def teardown(self) -> None:
        """Leaves the environment variables as they are."""


@final
class FolderLogger(TensorBoardLogger):
    """Writes to a folder of any name; the parent takes ``::``, ``$`` and ``~`` for more."""

    def __init__(self, folder: str) -> None:
        super().__init__("", name="", version="")
        self._folder = folder

    @property
    def log_dir(self) -> str:
        """The folder."""
        return self._folder


@final
class WholeCheckpoints(CheckpointIO):
    """Reads and writes checkpoints on this machine's disks; no part of a name is an address."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Writes a checkpoint, under a temporary name first."""
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with replacing(Path(path)) as partial:
            partial.write_bytes(content.getbuffer())

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Reads tensors, numbers, texts and containers of them; no code in the file is run.

        Raises:
            RunError: The file is no checkpoint.
        """
        try:
            content = torch.load(path, map_location=map_location, weights_only=True)
        except Exception as error:  # damaged files raise whatever they run into
            raise unusable(path, error) from error
        if not _is_whole(content):
            raise unusable(path, "it lacks states of a training")
        return content

    def remove_checkpoint(self, path: str | Path) -> None:
        """Removes the file."""
        Path(path).unlink(missing_ok=True)


def _is_whole(content: Any) -> bool:
    """Whether no state is missing, which Lightning would leave as it was at the start."""
    match content:
        case {"callbacks": {"KeepRun": _}, "optimizer_states": [_], "lr_schedulers": [_]}:
            return True
        case _:
            return False


def unusable(path: str | Path, reason: object) -> RunError:
    """Returns the error for a file that is no checkpoint of the training at hand."""
    first = (str(reason).strip().splitlines() or [type(reason).__name__])[0][:200].rstrip(".:; ")
    return RunError(
        f"{path}: expected a checkpoint of this training, but it cannot be used ({first}). Restore "
        "it, or remove it to train again from the start."
    )
