"""Options that the verbs of landscapes share, and what they mean."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from trackscape.cli.options import NETWORK_NAMES

if TYPE_CHECKING:
    from trackscape.tracker_landscape.computing import Computing
    from trackscape.tracker_landscape.settings import Setting

Network = Annotated[
    str,
    typer.Argument(
        metavar="NETWORK", help=f"Network: {NETWORK_NAMES} (shipped), or a file of weights."
    ),
]
NetworkMethod = Annotated[str, typer.Option(metavar="NAME", help=f"Network: {NETWORK_NAMES}.")]
Frames = Annotated[
    int, typer.Option(min=1, metavar="N", help="Frames that are drawn from the file.")
]
Losses = Annotated[
    list[str] | None,
    typer.Option(
        "--loss",
        metavar="NAME",
        help="bce, likelihood, blackbox, hamming, errors or missed; repeat for more. The first is "
        "the one that is differentiated. (default: what the network is trained by, and hamming)",
    ),
]
Reject = Annotated[
    float,
    typer.Option(
        metavar="COST", help="Cost of a track's end, for the losses that are of decisions."
    ),
]
Card = Annotated[
    bool, typer.Option("--card", help="Decide as published: tracks end only where they must.")
]
Norm = Annotated[
    str | None,
    typer.Option(
        metavar="frozen|recomputed|batch",
        help="What BatchNorm does. (default: frozen around one network, recomputed between "
        "several)",
    ),
]
Seed = Annotated[
    int,
    typer.Option(min=0, metavar="N", help="Of the draw of frames, and of random directions."),
]
Workers = Annotated[
    int, typer.Option(min=1, metavar="N", help="Number of processes that compute in parallel.")
]
ExecutorName = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="serial|processes|ray|queue",
        help="Who computes; queue: many machines that see the folder --work. (default: processes "
        "if there are several --workers, else serial)",
    ),
]
Work = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder that keeps what is done; the same command goes on from there.",
    ),
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
    from trackscape.tracker_landscape.settings import Setting

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
    from trackscape.tracker_landscape.computing import Computing

    return Computing(executor=cast(Any, executor), workers=workers, folder=work)
