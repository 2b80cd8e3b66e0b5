"""The state of a training <-> a file, which is whole or refused in a sentence."""

import io
from pathlib import Path
from typing import Any, final

import torch
from lightning.fabric.plugins import CheckpointIO

from trackscape.errors import RunError
from trackscape.files import replacing


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
    if not isinstance(content, dict):
        return False
    keep, *one = (content.get(name) for name in ("callbacks", "optimizer_states", "lr_schedulers"))
    return (
        isinstance(keep, dict)
        and "KeepRun" in keep
        and all(isinstance(states, list) and len(states) == 1 for states in one)
    )


def unusable(path: str | Path, reason: object) -> RunError:
    """Returns the error for a file that is no checkpoint of the training at hand."""
    first = (str(reason).strip().splitlines() or [type(reason).__name__])[0][:200].rstrip(".:; ")
    return RunError(
        f"{path}: expected a checkpoint of this training, but it cannot be used ({first}). Restore "
        "it, or remove it to train again from the start."
    )
