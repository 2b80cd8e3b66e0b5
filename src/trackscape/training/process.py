"""The process that trains, as Lightning should see it."""

from typing import final

from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.loggers import TensorBoardLogger


@final
class OneProcess(LightningEnvironment):
    """A training is one process on one device, whatever launched it.

    Without this, Lightning concludes from the variables of SLURM, torchrun, MPI, LSF or Kubeflow
    that there are others to wait for, or that it is not the one that writes.
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
    """Writes TensorBoard's files to a folder of any name.

    The parent takes ``::``, ``$`` and ``~`` in the name for more than letters.
    """

    def __init__(self, folder: str) -> None:
        super().__init__("", name="", version="")
        self._folder = folder

    @property
    def log_dir(self) -> str:
        """The folder."""
        return self._folder
