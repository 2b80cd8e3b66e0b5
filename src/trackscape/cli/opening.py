"""Options of files and methods -> opened files, frames, and what finds tracks in them."""

import functools
import inspect
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from trackscape.cli.computing import Threads, prepare, set_signature
from trackscape.cli.options import (
    DEFAULT_METHOD,
    AlignmentFile,
    DetectorName,
    ExecutorName,
    MaxBytes,
    Method,
    MinLastDeposit,
    NetworkClass,
    PipedFile,
    PipedFiles,
    ProtonsOfFrame,
    Strict,
    Weights,
    Window,
    WorkerCount,
)
from trackscape.cli.pipes import from_standard_input
from trackscape.errors import ConfigError
from trackscape.text import shown

if TYPE_CHECKING:
    from trackscape.alignment import LayerAlignment
    from trackscape.evaluation.evaluate import FrameSet
    from trackscape.execution import Processes, RayCluster
    from trackscape.reconstruction import Input
    from trackscape.tracking import Tracker
    from trackscape.tracking.acceptance import Cut

_LOG = logging.getLogger(__name__)


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
        if method != DEFAULT_METHOD:
            raise ConfigError(
                f"Expected a shipped method or weights of your own, got both, {shown(method)} and "
                f"{shown(weights)}; leave one of them out."
            )
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
