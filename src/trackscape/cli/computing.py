"""What every verb that computes does first: choose threads, and announce what takes long."""

import os
from typing import Annotated

import typer

Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Threads of PyTorch. (default: OMP_NUM_THREADS, or 1, as tensors are small)",
    ),
]


def prepare(threads: int | None) -> None:
    """Sets the number of threads, and makes the process say when it compiles.

    Threads of OpenMP spin while they wait. With tensors as small as ours they gain little on an
    idle machine, and on a busy one they keep those from running that they wait for.
    """
    import torch

    from trackscape.cli.compilation import announce_compilation

    if threads is not None or "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(threads or 1)
    announce_compilation()
