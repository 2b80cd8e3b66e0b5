"""Who computes a landscape, and where what is done is kept."""

import dataclasses
from pathlib import Path
from typing import Any, Literal, get_args

from trackscape.errors import LandscapeError
from trackscape.execution import Executor, FileQueue, Processes, RayCluster
from trackscape.tracker_landscape.outputs import check_choice

ExecutorName = Literal["serial", "processes", "ray", "queue"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Computing:
    """Makes the executor of each part of a work.

    Raises:
        LandscapeError: There is no such executor, or a queue has no folder.
    """

    executor: ExecutorName | None = None
    """None: ``processes`` if there are several workers, else ``serial``."""
    workers: int = 1
    """Processes, or actors of Ray."""
    folder: Path | None = None
    """Keeps what is done, so that an interrupted work goes on from there; what machines of a
    ``queue`` share."""
    progress: bool = True
    """Whether it shows how far it is."""

    def __post_init__(self) -> None:
        check_choice(self.name, of=get_args(ExecutorName), what="the executor")
        if self.name == "queue" and self.folder is None:
            raise LandscapeError(
                "Expected a folder for the executor queue, got none; name one with --work that all "
                "machines see."
            )

    @property
    def name(self) -> ExecutorName:
        """Name of the executor."""
        return self.executor or ("processes" if self.workers > 1 else "serial")

    def of(self, part: str) -> dict[str, Any]:
        """Returns what `evaluate` and `spectral_density` need for one part of the work.

        Arguments:
            part: Name of its own folder.
        """
        folder = self.folder / part if self.folder else None
        executor: Executor | None = None
        if self.name == "queue" and self.folder:
            executor = FileQueue(self.folder)  # which keeps each work apart by itself
        elif self.name == "ray":
            executor = RayCluster(self.workers)
        elif self.name == "processes":
            executor = Processes(self.workers)
        return {"executor": executor, "folder": folder, "progress": self.progress}


HERE = Computing()
"""This process, with a progress bar."""
