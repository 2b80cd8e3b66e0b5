"""`trackscape inspect`, `reconstruct`, `evaluate` and `display`: hits to tracks and pictures."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from trackscape.cli.options import (
    CalibrationFile,
    HitFile,
    MaxBytes,
    Opened,
    checked_place,
    opening_frames,
    option,
    written_file,
)
from trackscape.errors import ConfigError
from trackscape.pictures import PICTURES
from trackscape.text import shown

if TYPE_CHECKING:
    from trackscape.data import Tracks


def inspect_verb(file: HitFile, max_bytes: MaxBytes = None) -> None:
    """Print what a hit file holds.

    Lists columns, layers, events, primaries, beam spots, and what is missing.
    """
    from trackscape.formats import HitReport, inspect_file

    report = inspect_file(file, max_bytes=max_bytes)
    print(report.render())
    if isinstance(report, HitReport):
        from trackscape.simulation import describe_detector

        for line in describe_detector(report.layers.depths):
            print(f"  {line}")


@opening_frames
def reconstruct_verb(
    opened: Opened,
    output: Annotated[
        Path, written_file(".parquet", ".csv", ".npz", text="File to write: parquet, csv or npz.")
    ],
    calibration: CalibrationFile = None,
) -> None:
    """Reconstruct the tracks of a hit file.

    The output has one row for each hit on a track. NAME_ranges beside it has one row for each
    track, with its residual range and water-equivalent path length (WEPL), where the detector is
    that of the calibration.
    """
    from trackscape.evaluation.evaluate import Tally, reconstruct_frames
    from trackscape.formats import write_tracks
    from trackscape.progress import show_progress
    from trackscape.tracking.acceptance import describe_acceptance

    rows = _Ranges(opened, calibration)
    tally, frames = Tally(), opened.file.frames
    tracks = reconstruct_frames(
        show_progress(frames),
        tracker=opened.tracker,
        min_last_deposit=opened.cut.min_last_deposit,
        tally=tally,
    )
    write_tracks(rows.noting(tracks), output)
    print(opened.cut)
    print(describe_acceptance(tally.total, left_over=opened.file.left_over))
    print(f"{len(frames)} frames: {shown(output)}")
    print(rows.write(output))


class _Ranges:
    """Notes a row for each track while tracks are written."""

    def __init__(self, opened: Opened, calibration: Path | None) -> None:
        from trackscape.imaging import read_calibration
        from trackscape.simulation import load_detector, recognise_detector

        self._opened, self._rows = opened, list[Any]()
        self._calibration = read_calibration(calibration)
        found, layers = recognise_detector(opened.file.depths), len(self._calibration.plane)
        if found is not None:
            self._fits = self._calibration.fits(load_detector(found.name))
        else:  # that of a calibration that is named may be one that is not shipped
            self._fits = calibration is not None and max(opened.file.depths, default=0) < layers
        if calibration is not None and not self._fits:
            raise ConfigError(
                f"Expected a calibration for the detector of the hits, {found or 'unknown'}, but "
                f"{shown(calibration)} is for {self._calibration.provenance['detector']} with "
                f"{layers} layers; make one with `trackscape calibrate`."
            )

    def noting(self, frames: "Iterable[tuple[int, Tracks]]") -> "Iterator[tuple[int, Tracks]]":
        """Passes the frames on."""
        from trackscape.imaging import track_rows

        for number, tracks in frames:
            if self._fits:
                self._rows.append(track_rows(tracks, calibration=self._calibration, frame=number))
            yield number, tracks

    def write(self, output: Path) -> str:
        """Writes the table beside the output, and says where or why not."""
        from trackscape.imaging import write_track_table

        if not self._fits:
            return (
                "No ranges: the hits are not of the detector of the shipped calibration; make one "
                "with `trackscape calibrate` and name it with --calibration."
            )
        path = output.with_name(f"{output.stem}_ranges{output.suffix}")
        about = {
            "hits": self._opened.path.name,
            "method": self._opened.method,
            "per_frame": self._opened.per_frame,
            "min_last_deposit": self._opened.cut.min_last_deposit,
            "calibration": self._calibration.provenance,
        }
        rows = write_track_table(self._rows, path, provenance=about)
        return f"{rows:,} tracks with their ranges: {shown(path)}"


@opening_frames
def evaluate_verb(
    opened: Opened,
    json: Annotated[
        Path | None,
        option("FILE", "File to which all metrics are written, too.", callback=checked_place()),
    ] = None,
) -> None:
    """Reconstruct a simulated file and compare with its truth.

    Every metric is explained in docs/conventions.md.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from trackscape.evaluation.evaluate import Tally, evaluate_frames
    from trackscape.files import write_json
    from trackscape.progress import show_progress
    from trackscape.tracking.acceptance import describe_acceptance

    tally = Tally()
    summary = evaluate_frames(
        opened.file.frames,
        tracker=opened.tracker,
        method=opened.method,
        per_frame=opened.per_frame,
        progress=show_progress,
        min_last_deposit=opened.cut.min_last_deposit,
        tally=tally,
    )
    what = f"{opened.method}, {opened.per_frame} p+/F, {summary.frames} frames"
    columns = (Column(name, justify="right") for name in ("%", "95 % interval"))
    table = Table("metric", *columns, title=escape(f"{shown(opened.path.name)}: {what}"))
    for row in summary.rows():
        table.add_row(*row)
    table.add_row("graph ceiling", f"{100 * summary.graph_ceiling:.2f}", "")
    Console().print(table)
    print(opened.cut)
    print(describe_acceptance(tally.total, left_over=opened.file.left_over))
    print(f"{1e3 * summary.seconds_per_frame:.0f} ms per frame")
    if json is not None:
        write_json(json, summary.as_dict())


@opening_frames
def display_verb(
    opened: Opened,
    output: Annotated[
        Path,
        written_file(
            *PICTURES,
            ".html",
            text="Picture to write (png, pdf, svg) with a page beside it, or the page (html).",
        ),
    ] = Path("frame.png"),
    frame: Annotated[int, option("N", "Number of the frame, counted from 0.", min=0)] = 0,
) -> None:
    """Draw the tracks of one frame.

    Beside the picture, a page shows them in a view to rotate and zoom; it works offline.
    """
    from trackscape.display.frame import display_frame
    from trackscape.evaluation.evaluate import Tally
    from trackscape.tracking.acceptance import describe_acceptance

    tally = Tally()
    written = display_frame(
        opened.path,
        opened.file.frames,
        per_frame=opened.per_frame,
        number=frame,
        tracker=opened.tracker,
        method=opened.method,
        output=output,
        min_last_deposit=opened.cut.min_last_deposit,
        tally=tally,
    )
    print(opened.cut)
    print(f"Frame {frame}: {describe_acceptance(tally.total)}")
    for path in written:
        print(shown(path))
