"""`trackscape inspect`, `reconstruct` and `evaluate`: hits to tracks, and how good they are."""

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from trackscape.cli.opening import OpenedFiles, opening_files
from trackscape.cli.options import CalibrationFile, MaxBytes, PipedFile, option
from trackscape.cli.output import Json, file_of, publish, say
from trackscape.cli.pipes import checked_output, from_standard_input, is_piped, to_standard_output
from trackscape.errors import ConfigError
from trackscape.files import check_place
from trackscape.text import shown

if TYPE_CHECKING:
    from trackscape.imaging import Calibration
    from trackscape.reconstruction import Outcome

_LOG = logging.getLogger(__name__)
_MOST_SKIPPED = 20  # lines on what was left out


def _file_or_folder(path: Path) -> Path:
    """Refuses before any work what cannot be written; a name without suffix is a folder."""
    if path.suffix or is_piped(path):
        return checked_output(path)
    check_place(path / "about.json")
    return path


def inspect_verb(file: PipedFile, json: Json = None, max_bytes: MaxBytes = None) -> None:
    """Print what a hit file holds.

    Lists columns, layers, events, primaries, beam spots, and what is missing.
    """
    from trackscape.formats import HitReport, inspect_file

    with from_standard_input(file) as path:
        report = dataclasses.replace(inspect_file(path, max_bytes=max_bytes), path=file)
    content: dict[str, Any] = {"kind": "primaries", **dataclasses.asdict(report)}
    lines: list[str] = []
    if isinstance(report, HitReport):
        from trackscape.simulation import describe_detector, recognise_detector

        found = recognise_detector(report.layers.depths)
        content |= {"kind": "hits", "detector": None if found is None else found.name}
        lines = [f"  {line}" for line in describe_detector(report.layers.depths)]
    publish(content, json, lambda: print(report.render(), *lines, sep="\n"))


@opening_files
def reconstruct_verb(
    opened: OpenedFiles,
    output: Annotated[
        Path,
        option(
            "FILE|FOLDER",
            "File to write (parquet, csv, root or npz), folder NAME.trackml for files of TrackML, "
            "or folder for many tables of parquet; - is standard output as csv, -.parquet as "
            "parquet.",
            "--output",
            "-o",
            callback=_file_or_folder,
        ),
    ],
    calibration: CalibrationFile = None,
    min_probability: Annotated[
        float,
        option("P", "Smallest probability of a track to be right that is written.", min=0, max=1),
    ] = 0.0,
    device: Annotated[
        str | None,
        option(
            "NAME",
            "Device of PyTorch, such as cuda, for many frames in one go. (default: the "
            "processor, frame by frame)",
        ),
    ] = None,
) -> None:
    """Reconstruct the tracks of hit files.

    The output has one row for each hit on a track. NAME_ranges beside it has one row for each
    track, with its residual range and water-equivalent path length (WEPL), where the detector is
    that of the calibration. A folder has both, as tracks/*.parquet and ranges/*.parquet. Standard
    output has the tracks alone. After an interruption the same command goes on.
    """
    with to_standard_output(output) as place:
        _reconstruct(opened, place, calibration, min_probability, device, piped=place != output)


def _reconstruct(
    opened: OpenedFiles,
    output: Path,
    calibration: Path | None,
    min_probability: float,
    device: str | None,
    *,
    piped: bool,
) -> None:
    from trackscape.reconstruction import FindTracks, ranges_beside, reconstruct_files
    from trackscape.tracking import on_device

    if piped and calibration is not None:
        raise ConfigError(
            "--calibration: ranges are a table of their own, and standard output takes that of "
            "tracks; name a file (--output)."
        )
    tracker = opened.tracker if device is None else on_device(opened.tracker, device)
    fitting = None if piped else _fitting_calibration(opened.depths, calibration)
    provenance = opened.about | {
        "hits": [path.name for path in opened.given.paths],
        "min_probability": min_probability,
        "device": device,
    }
    if fitting is not None:
        provenance["calibration"] = fitting.provenance
    work = FindTracks(
        tracker=tracker,
        min_last_deposit=opened.cut.min_last_deposit,
        calibration=fitting,
        provenance=provenance,
        strict=opened.given.strict,
        alignment=opened.alignment,
        min_probability=min_probability,
        together=device is not None,
    )
    executor = opened.executor if device is None else None  # one process feeds a device
    earlier = bool(output.suffix) and ranges_beside(output).is_file()
    outcome = reconstruct_files(opened.given, work, output, executor=executor)
    _tell_skipped(outcome)
    _say_outcome(opened, outcome)
    say(f"{outcome.frames:,} frames: {'standard output' if piped else shown(output)}")
    if piped:
        return
    tracks = outcome.acceptance.accepted
    if fitting is None:
        if earlier:
            say(f"{shown(ranges_beside(output))} was that of other tracks, and is removed.")
        say(
            "No ranges: the hits are not of the detector of the shipped calibration; make one "
            "with `trackscape calibrate` and name it with --calibration."
        )
    else:
        place = ranges_beside(output) if output.suffix else output / "ranges"
        say(f"{tracks:,} tracks with their ranges: {shown(place)}")


def _fitting_calibration(
    depths: dict[int, float], calibration: Path | None
) -> "Calibration | None":
    """Returns the calibration if it is for the detector of the hits; refuses one that is named."""
    from trackscape.imaging import read_calibration
    from trackscape.simulation import load_detector, recognise_detector

    read = read_calibration(calibration)
    found, layers = recognise_detector(depths), len(read.plane)
    if found is not None:
        fits = read.fits(load_detector(found.name))
    else:  # that of a calibration that is named may be one that is not shipped
        fits = calibration is not None and max(depths, default=0) < layers
    if calibration is not None and not fits:
        raise ConfigError(
            f"Expected a calibration for the detector of the hits, {found or 'unknown'}, but "
            f"{shown(calibration)} is for {read.provenance['detector']} with "
            f"{layers} layers; make one with `trackscape calibrate`."
        )
    return read if fits else None


def _say_outcome(opened: OpenedFiles, outcome: "Outcome") -> None:
    from trackscape.tracking.acceptance import describe_acceptance

    say(str(opened.cut))
    say(describe_acceptance(outcome.acceptance, left_over=outcome.left_over))


def _tell_skipped(outcome: "Outcome") -> None:
    """Says what was left out, also with --quiet."""
    for each in outcome.skipped[:_MOST_SKIPPED]:
        _LOG.error("%s", each)
    if len(outcome.skipped) > _MOST_SKIPPED:
        _LOG.error("... and %s more.", f"{len(outcome.skipped) - _MOST_SKIPPED:,}")


@opening_files
def evaluate_verb(
    opened: OpenedFiles,
    json: Json = None,
) -> None:
    """Reconstruct simulated files and compare with their truth.

    Every metric is explained in docs/conventions.md. With --json FILE, the same command goes on
    after an interruption.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from trackscape.reconstruction import MeasureTracks, evaluate_files

    written = file_of(json)
    work = MeasureTracks(
        opened.tracker,
        opened.cut.min_last_deposit,
        strict=opened.given.strict,
        alignment=opened.alignment,
    )
    summary, outcome = evaluate_files(
        opened.given,
        work,
        method=opened.method,
        about=opened.about,
        output=written,
        executor=opened.executor,
    )
    _tell_skipped(outcome)
    paths, per_frame = opened.given.paths, opened.given.rule.per_frame
    density = f"{per_frame} p+/F, " if per_frame else ""
    name = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
    what = f"{opened.method}, {density}{summary.frames} frames"
    columns = (Column(name, justify="right") for name in ("%", "95 % interval"))
    table = Table("metric", *columns, title=escape(f"{shown(name)}: {what}"))
    for row in summary.rows():
        table.add_row(*row)
    table.add_row("graph ceiling", f"{100 * summary.graph_ceiling:.2f}", "")

    def show() -> None:
        Console().print(table)
        _say_outcome(opened, outcome)
        say(f"{1e3 * summary.seconds_per_frame:.0f} ms per frame")

    publish(summary.as_dict(), json if written is None else None, show)
