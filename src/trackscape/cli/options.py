"""Options that several verbs share, and what they mean."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trackscape.text import shown

if TYPE_CHECKING:
    from trackscape.tracking import Tracker

HitFile = Annotated[Path, typer.Argument(help="Hit file: npz, npy, root, parquet or csv.")]
PerFrame = Annotated[int, typer.Option(min=1, help="Primary protons in a readout frame.")]
MaxBytes = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Bytes that the file may unpack to. [100 times its size, from 64 MiB to 16 GiB]",
    ),
]
Method = Annotated[
    str,
    typer.Option(
        help="trackscape, line-graph-ptt or line-graph-pat (networks, shipped weights), "
        "track-follower, kalman, physics-assignment or greedy."
    ),
]
DEFAULT_METHOD = "trackscape"
Weights = Annotated[
    Path | None, typer.Option(help="Weights of your own training, instead of a shipped method.")
]


def choose_tracker(method: str, weights: Path | None) -> "tuple[str, Tracker]":
    """Returns name and tracker: that of the weights if given, else the method."""
    from trackscape.scoring import load_network
    from trackscape.tracking import load_tracker, network_tracker

    if weights is not None:
        return shown(weights.stem), network_tracker(load_network(weights))
    return method, load_tracker(method)
