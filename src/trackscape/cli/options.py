"""Options that several verbs share, and what they mean."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trackscape.files import check_place

if TYPE_CHECKING:
    from trackscape.tracking import Tracker

NETWORKS = "trackscape, line-graph-ptt or line-graph-pat"
HitFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="Hit file: npz, npy, root, parquet or csv.")
]
PerFrame = Annotated[
    int, typer.Option(min=1, metavar="PROTONS", help="Primary protons in a readout frame.")
]
Method = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=f"{NETWORKS} (networks, shipped weights), track-follower, kalman, physics-assignment "
        "or greedy.",
    ),
]
DEFAULT_METHOD = "trackscape"
Weights = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Weights of your own training, instead of a shipped method."),
]


def written_file(*suffixes: str, text: str) -> Any:
    """Returns the option --output for one file, or for several if it is a list.

    What cannot be written is refused before any work is done.

    Arguments:
        suffixes: What a name may end with; anything if none are given.
        text: Help.
    """
    return typer.Option(
        "--output", "-o", metavar="FILE", help=text, callback=checked_place(*suffixes)
    )


def checked_place(*suffixes: str) -> Callable[[Any], Any]:
    """Returns what checks the value of an option: a path, several, or None."""

    def check(value: Any) -> Any:
        for path in value if isinstance(value, (list, tuple)) else [value]:
            if path is not None:
                check_place(path, suffixes=suffixes)
        return value

    return check


def choose_tracker(method: str, weights: Path | None) -> "tuple[str, Tracker]":
    """Returns name and tracker: that of the weights if given, else the method."""
    from trackscape.scoring import load_network
    from trackscape.tracking import load_tracker, network_tracker

    if weights is not None:
        return weights.stem, network_tracker(load_network(weights))
    return method, load_tracker(method)
