"""Options that several verbs share, and what they mean."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trackscape.cli.completion import METHODS, among, detectors
from trackscape.files import check_place

if TYPE_CHECKING:
    pass


def option(metavar: str, text: str, *names: str, **more: Any) -> Any:
    """Returns an option with a name for its values and a help text."""
    return typer.Option(*names, metavar=metavar, help=text, **more)


def written_file(*suffixes: str, text: str) -> Any:
    """Returns the option --output for a file with one of the suffixes, or any if there are none.

    What cannot be written is refused before any work is done.
    """
    return option("FILE", text, "--output", "-o", callback=checked_place(*suffixes))


def checked_place(*suffixes: str) -> Callable[[Any], Any]:
    """Returns what checks the value of an option: a path, several, or None."""

    def check(value: Any) -> Any:
        for path in value if isinstance(value, (list, tuple)) else [value]:
            if path is not None:
                check_place(path, suffixes=suffixes)
        return value

    return check


_LOG = logging.getLogger(__name__)
NETWORK_NAMES = "trackscape, line-graph-ptt or line-graph-pat"
DEFAULT_METHOD = "trackscape"
HitFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="Hit file: npz, npy, root, parquet or csv, or folder of events."
    ),
]
PipedFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="Hit file: npz, npy, root, parquet or csv, or folder of events; - is standard input.",
    ),
]
PerFrame = Annotated[int, option("PROTONS", "Primary protons per readout frame.", min=1)]
Method = Annotated[
    str,
    option(
        "NAME",
        f"{NETWORK_NAMES} (networks, shipped weights), nine-constants (trackscape without its "
        "network), line-graph-ptt-tuned-end (tracks may end), track-follower, kalman, "
        "physics-assignment or greedy.",
        autocompletion=among(METHODS),
    ),
]
Weights = Annotated[
    Path | None,
    option(
        "FILE|FOLDER",
        "Weights of your own training, used instead of a shipped method: a file, a run folder, or "
        "a folder of a model.",
    ),
]
NetworkClass = Annotated[
    str | None,
    option(
        "CLASS",
        "Your own class of the networks in files of weights, such as my_package.MyScorer; it is "
        "imported.",
        "--network",
    ),
]
DetectorName = Annotated[
    str | None,
    option(
        "NAME|FILE",
        "Detector that recorded the hits: a variant (see `trackscape detector`) or YAML file; its "
        "sensitive thickness sets the cut. (default: the shipped one with the same layers)",
        autocompletion=detectors,
    ),
]
SimulatedDetector = Annotated[
    str,
    option(
        "NAME|FILE",
        "Variant (see `trackscape detector`) or YAML file.",
        autocompletion=detectors,
    ),
]
MinLastDeposit = Annotated[
    float | None,
    option(
        "KEV",
        "Smallest deposit of a track in its last layer, in keV. (default: the detector's cut)",
        min=0,
    ),
]
MaxBytes = Annotated[
    int | None,
    option(
        "N",
        "Largest unpacked size of the file, in bytes. (default: 100 times its size, from 64 MiB "
        "to 16 GiB)",
        min=1,
    ),
]

CalibrationFile = Annotated[
    Path | None,
    option(
        "FILE",
        "Calibration that `trackscape calibrate` wrote. (default: bergen-auto at 230 MeV)",
        "--calibration",
    ),
]


HitFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="FILES",
        help="Hit files (npz, npy, root, parquet or csv), folders of them, patterns.",
    ),
]
PipedFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="FILES",
        help="Hit files (npz, npy, root, parquet or csv), folders of them or of events, patterns; "
        "- is standard input.",
    ),
]
ProtonsOfFrame = Annotated[
    int | None,
    option(
        "PROTONS",
        "Simulated protons per readout frame. (default: frames as the column frameID numbers them)",
        "--per-frame",
        min=1,
    ),
]
Window = Annotated[
    float | None,
    option(
        "TIME",
        "Length of a readout frame, in the unit of the column time. (default: frames as the "
        "column frameID numbers them)",
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict", help="Stop at a damaged file or frame. (default: it is left out, and listed)"
    ),
]
AlignmentFile = Annotated[
    Path | None,
    option("FILE", "Alignment that `trackscape align` wrote. (default: hits are where they say)"),
]
Changes = Annotated[
    list[str] | None,
    option("KEY=VALUE", "Setting to replace, such as optimiser.steps=20; repeat it.", "--set"),
]
WorkerCount = Annotated[
    int | None, option("N", "Processes that share the work. (default: one per core)", min=1)
]
ExecutorName = Annotated[
    str,
    option(
        "processes|ray[://ADDRESS]",
        "Who computes: processes of this machine, or a Ray cluster (extra: cluster), a new one of "
        "this machine or that at an address.",
    ),
]
