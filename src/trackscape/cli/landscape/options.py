"""Options that the verbs of landscapes share, and what they mean."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from trackscape.cli.options import NETWORK_NAMES

if TYPE_CHECKING:
    from trackscape.tracker_landscape.computing import Computing
    from trackscape.tracker_landscape.problem import LandscapeConfig

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
LOSSES = (
    "cross_entropy, track_likelihood, hamming_blackbox, fenchel_young, imle, perturbed, aimle, "
    "lpgd, hinge, spo_plus, sinkhorn, identity"
)
"""Objectives with a gradient, as `trackscape.training` knows them; named here for a fast start."""
Losses = Annotated[
    list[str] | None,
    typer.Option(
        "--loss",
        metavar="NAME",
        help=f"{LOSSES}, hamming, errors or missed; repeat for more. The first is the one that is "
        "differentiated. (default: what the network is trained by, and hamming)",
    ),
]
Reject = Annotated[
    float,
    typer.Option(metavar="COST", help="Cost of leaving a hit unmatched, for losses of decisions."),
]
Card = Annotated[
    bool, typer.Option("--card", help="Decide as published: tracks end only where they must.")
]
Norm = Literal["frozen", "recomputed", "batch"]
NormOption = Annotated[
    Norm | None,
    typer.Option(
        metavar="frozen|recomputed|batch",
        help="What BatchNorm does. (default: frozen around one network, recomputed between "
        "several)",
    ),
]
Seed = Annotated[
    int,
    typer.Option(min=0, metavar="N", help="Random seed of frames, directions and noise."),
]
Workers = Annotated[
    int, typer.Option(min=1, metavar="N", help="Number of processes that compute in parallel.")
]
ExecutorOption = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="serial|processes|ray|queue",
        help="Who computes; queue: many machines that see the folder --work. (default: processes "
        "if there are several --workers, else serial)",
    ),
]
WorkFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder that keeps what is done; the same command goes on from there.",
    ),
]


def make_config(
    file: Path,
    *,
    per_frame: int,
    frames: int,
    losses: list[str] | None,
    reject: float,
    card: bool,
    norm: Norm | None,
    seed: int,
    network: str | None,
) -> "LandscapeConfig":
    """Returns what the options say."""
    from trackscape.assignment import Assigner
    from trackscape.tracker_landscape.problem import LandscapeConfig

    assigner = Assigner() if card else Assigner(semantics="with_unmatched", unmatched_cost=reject)
    return LandscapeConfig(
        file=file,
        per_frame=per_frame,
        frames=frames,
        losses=tuple(losses or ()),
        assigner=assigner,
        norm=norm,
        network=network,
        seed=seed,
    )


def make_computing(executor: str | None, *, workers: int, work: Path | None) -> "Computing":
    """Returns who computes."""
    from trackscape.tracker_landscape.computing import Computing

    return Computing(executor=cast(Any, executor), workers=workers, folder=work)
