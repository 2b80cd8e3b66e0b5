"""Options that the verbs of landscapes share, and what they mean."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

if TYPE_CHECKING:
    from trackscape.experiments.landscape.computing import Computing
    from trackscape.experiments.landscape.settings import Setting

Network = Annotated[str, typer.Argument(help="Network: a shipped method or a file of weights.")]
Frames = Annotated[int, typer.Option(min=1, help="Frames that are drawn from the file.")]
Losses = Annotated[
    list[str] | None,
    typer.Option(
        "--loss",
        help="bce, likelihood, blackbox, hamming, errors or missed; repeat for more. The first is "
        "the one that is differentiated. [what the network is trained by, and hamming]",
    ),
]
Reject = Annotated[
    float, typer.Option(help="Cost of a track's end, for the losses that are of decisions.")
]
Card = Annotated[
    bool, typer.Option("--card", help="Decide as published: tracks end only where they must.")
]
Norm = Annotated[
    str | None,
    typer.Option(
        help="BatchNorm: frozen, recomputed or batch. [frozen around one network, recomputed "
        "between several]"
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Of the draw of frames, and of random directions.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes that compute side by side.")]
ExecutorName = Annotated[
    str | None,
    typer.Option(
        "--executor",
        help="serial, processes, ray, or queue: many machines that see the folder --work.",
    ),
]
Work = Annotated[
    Path | None,
    typer.Option(help="Folder that keeps what is done; the same command goes on from there."),
]


def make_setting(
    file: Path,
    *,
    per_frame: int,
    frames: int,
    losses: list[str] | None,
    reject: float,
    card: bool,
    norm: str | None,
    seed: int,
) -> "Setting":
    """Returns what the options say."""
    from trackscape.assignment import Assigner
    from trackscape.experiments.landscape.settings import Setting

    assigner = Assigner() if card else Assigner(semantics="reject", reject=reject)
    return Setting(
        file=file,
        per_frame=per_frame,
        frames=frames,
        losses=cast(Any, tuple(losses or ())),
        assigner=assigner,
        norm=cast(Any, norm),
        seed=seed,
    )


def make_computing(executor: str | None, *, workers: int, work: Path | None) -> "Computing":
    """Returns who computes."""
    from trackscape.experiments.landscape.computing import Computing

    return Computing(executor=cast(Any, executor), workers=workers, folder=work)
