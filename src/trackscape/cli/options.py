"""Options that several verbs share, and what they mean."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from trackscape.files import check_place
from trackscape.text import shown

if TYPE_CHECKING:
    from trackscape.evaluation.evaluate import FrameSet
    from trackscape.tracking import Tracker
    from trackscape.tracking.acceptance import Cut

NETWORK_NAMES = "trackscape, line-graph-ptt or line-graph-pat"
HitFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="Hit file: npz, npy, root, parquet or csv.")
]
PerFrame = Annotated[
    int, typer.Option(min=1, metavar="PROTONS", help="Primary protons per readout frame.")
]
Method = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=f"{NETWORK_NAMES} (networks, shipped weights), nine-constants (trackscape without its "
        "network), line-graph-ptt-tuned-end (tracks may end), track-follower, kalman, "
        "physics-assignment or greedy.",
    ),
]
DEFAULT_METHOD = "trackscape"
Weights = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Weights of your own training, used instead of --method."),
]
NetworkClass = Annotated[
    str | None,
    typer.Option(
        "--network",
        metavar="CLASS",
        help="Your own class of the networks in files of weights, such as my_package.MyScorer; it "
        "is imported.",
    ),
]

DetectorName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="Detector that recorded the hits: a variant (see `trackscape detector`) or YAML file; "
        "its sensitive thickness sets the cut. (default: the shipped one with the same layers)",
    ),
]
MinLastDeposit = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="KEV",
        help="Smallest deposit of a track in its last layer, in keV. (default: the detector's cut)",
    ),
]


MaxBytes = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Largest unpacked size of the file, in bytes. (default: 100 times its size, from "
        "64 MiB to 16 GiB)",
    ),
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


class Opened(NamedTuple):
    """A hit file, and what finds tracks in it."""

    name: str
    """Name of the method, or of the file of weights."""
    tracker: "Tracker"
    file: "FrameSet"
    cut: "Cut"


def open_frames(
    file: Path,
    *,
    per_frame: int,
    method: str,
    weights: Path | None,
    network: str | None,
    detector: str | None,
    min_last_deposit: float | None,
    max_bytes: int | None,
) -> Opened:
    """Reads a hit file for a method, and warns if that was made for another detector.

    Arguments are values of the options of the same names, `min_last_deposit` in keV.
    """
    from trackscape.evaluation.evaluate import split_file
    from trackscape.simulation import mismatch
    from trackscape.tracking.acceptance import choose_cut, trained_for
    from trackscape.units import keV

    name, tracker = _choose_tracker(method, weights, network)
    found = split_file(file, per_frame=per_frame, max_bytes=max_bytes)
    deposit = None if min_last_deposit is None else min_last_deposit * keV
    cut = choose_cut(found.depths, detector=detector, min_last_deposit=deposit)
    warning = mismatch(found.depths, trained_for(weights), what=name)
    if warning:
        print(warning, file=sys.stderr)
    return Opened(name, tracker, found, cut)


def _choose_tracker(
    method: str, weights: Path | None, network: str | None
) -> "tuple[str, Tracker]":
    from trackscape.scoring import find_network, load_network
    from trackscape.tracking import load_tracker, network_tracker

    if weights is not None:
        own = None if network is None else find_network(network)
        return shown(weights.stem), network_tracker(load_network(weights, network=own))
    return method, load_tracker(method)
