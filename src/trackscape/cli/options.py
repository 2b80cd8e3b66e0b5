"""Options that several verbs share, and what they mean."""

import functools
import inspect
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from trackscape.cli.completion import METHODS, among, detectors
from trackscape.cli.computing import Threads, prepare, set_signature
from trackscape.cli.pipes import from_standard_input
from trackscape.errors import ConfigError
from trackscape.files import check_place
from trackscape.text import shown

if TYPE_CHECKING:
    from trackscape.alignment import LayerAlignment
    from trackscape.evaluation.evaluate import FrameSet
    from trackscape.execution import Processes, RayCluster
    from trackscape.reconstruction import Input
    from trackscape.tracking import Tracker
    from trackscape.tracking.acceptance import Cut


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


class OpenedFiles(NamedTuple):
    """Files of hits, and what finds tracks in them."""

    given: "Input"
    method: str
    """Name of the method, or of the file of weights."""
    tracker: "Tracker"
    depths: dict[int, float]
    """Mean z in mm of the hits in each layer of the first frames."""
    cut: "Cut"
    about: dict[str, Any]
    """What decides the tracks, as JSON can hold it."""
    executor: "Processes | RayCluster | None"
    alignment: "LayerAlignment | None"


def open_files(
    files: PipedFiles,
    per_frame: ProtonsOfFrame = None,
    window: Window = None,
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    network: NetworkClass = None,
    detector: DetectorName = None,
    min_last_deposit: MinLastDeposit = None,
    max_bytes: MaxBytes = None,
    alignment: AlignmentFile = None,
    strict: Strict = False,
    workers: WorkerCount = None,
    executor: ExecutorName = "processes",
    threads: Threads = None,
) -> OpenedFiles:
    """Looks at hit files for a method, and warns if that was made for another detector."""
    from trackscape.alignment import read_alignment
    from trackscape.files import digest_of, weights_file
    from trackscape.reconstruction import FrameRule, Input, find_files
    from trackscape.simulation import check_layers

    prepare(threads)
    crew = choose_executor(executor, workers)
    name, tracker = choose_tracker(method, weights, network)
    rule = FrameRule(per_frame=per_frame, window=window)
    given = Input(find_files(files), rule, strict=strict, max_bytes=max_bytes)
    depths = given.depths()
    if detector is not None:
        check_layers(depths, detector)
    cut = _cut_for(depths, name, weights, detector, min_last_deposit)
    about = {
        "method": name,
        "weights": None if weights is None else digest_of(weights_file(weights)),
        "per_frame": per_frame,
        "min_last_deposit": cut.min_last_deposit,
        "alignment": None if alignment is None else digest_of(alignment),
    }
    moved = None if alignment is None else read_alignment(alignment)
    if moved is not None and max(depths, default=0) >= moved.n_layers:
        raise ConfigError(
            f"Expected hits in the {moved.n_layers} layers of the alignment, got some in layer "
            f"{max(depths)}; name the alignment of this detector."
        )
    return OpenedFiles(given, name, tracker, depths, cut, about, crew, moved)


def choose_executor(name: str, workers: int | None) -> "Processes | RayCluster | None":
    """Returns who computes, by --executor and --workers; None for this process.

    Raises:
        ConfigError: There is no such executor.
    """
    from trackscape.execution import Processes, RayCluster

    kind, colon, address = name.partition("://")
    if kind == "ray" and bool(address) == bool(colon):
        return RayCluster(workers, address=name if address else None)
    if name != "processes":
        raise ConfigError(
            f"--executor: expected processes, ray or ray://ADDRESS, got {shown(name)}."
        )
    workers = workers or len(os.sched_getaffinity(0))
    return None if workers == 1 else Processes(workers)


class Opened(NamedTuple):
    """Frames of a hit file, and what finds tracks in them."""

    path: Path
    per_frame: int | None
    method: str
    """Name of the method, or of the file of weights."""
    tracker: "Tracker"
    file: "FrameSet"
    cut: "Cut"


def open_frames(
    file: PipedFile,
    per_frame: ProtonsOfFrame = None,
    method: Method = DEFAULT_METHOD,
    weights: Weights = None,
    network: NetworkClass = None,
    detector: DetectorName = None,
    min_last_deposit: MinLastDeposit = None,
    max_bytes: MaxBytes = None,
    threads: Threads = None,
) -> Opened:
    """Reads a hit file for a method, and warns if that was made for another detector."""
    from trackscape.evaluation.evaluate import split_file

    prepare(threads)
    name, tracker = choose_tracker(method, weights, network)
    found = split_file(file, per_frame=per_frame, max_bytes=max_bytes)
    cut = _cut_for(found.depths, name, weights, detector, min_last_deposit)
    return Opened(file, per_frame, name, tracker, found, cut)


def _cut_for(
    depths: dict[int, float],
    name: str,
    weights: Path | None,
    detector: str | None,
    min_last_deposit: float | None,
) -> "Cut":
    """Returns the cut on tracks, and warns if the method was made for another detector."""
    from trackscape.simulation import mismatch
    from trackscape.tracking.acceptance import choose_cut, trained_for
    from trackscape.units import keV

    deposit = None if min_last_deposit is None else min_last_deposit * keV
    cut = choose_cut(depths, detector=detector, min_last_deposit=deposit)
    warning = mismatch(depths, trained_for(weights), what=name, detector=detector)
    if warning:
        _LOG.warning("%s", warning)
    return cut


def choose_tracker(method: str, weights: Path | None, network: str | None) -> "tuple[str, Tracker]":
    """Returns the name and the tracker of the options --method, --weights and --network."""
    from trackscape.scoring import find_network, load_network
    from trackscape.tracking import load_tracker, network_tracker

    if weights is not None:
        own = None if network is None else find_network(network)
        name = weights.resolve().name if weights.is_dir() else weights.stem
        return shown(name), network_tracker(load_network(weights, network=own))
    return method, load_tracker(method)


def opening(
    open_: Callable[..., Any],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a verb, whose first argument is what a function returns, the options of that."""
    shared = list(inspect.signature(open_).parameters.values())

    def decorate(verb: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(verb).parameters.values())[1:]

        @functools.wraps(verb)
        def run(**options: Any) -> None:
            given = {each.name: options.pop(each.name) for each in shared}
            with from_standard_input(given[shared[0].name]) as files:
                verb(open_(**given | {shared[0].name: files}), **options)

        parameters = [*shared[:2], *own, *shared[2:]]
        parameters.sort(key=lambda each: each.default is not each.empty)  # needed ones come first
        set_signature(run, parameters)
        return run

    return decorate


opening_frames = opening(open_frames)
opening_files = opening(open_files)
