"""`trackscape image` and `pairs`: scans to maps of stopping power."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from trackscape.cli.completion import METHODS, among
from trackscape.cli.computing import Threads, prepare
from trackscape.cli.opening import choose_executor, choose_tracker
from trackscape.cli.options import (
    DEFAULT_METHOD,
    NETWORK_NAMES,
    CalibrationFile,
    ExecutorName,
    NetworkClass,
    PerFrame,
    Weights,
    WorkerCount,
    option,
    written_file,
)
from trackscape.cli.output import say
from trackscape.files import check_place
from trackscape.text import shown

if TYPE_CHECKING:
    from trackscape.execution import Workers
    from trackscape.imaging import Hull, ScanTracks

_IMAGES = (".mhd", ".npz", ".nii", ".nii.gz")


ScanFolder = Annotated[
    Path, typer.Argument(metavar="SCAN", help="Folder that `trackscape simulate --scan` wrote.")
]
TrackerName = Annotated[
    str,
    option(
        "NAME",
        f"{NETWORK_NAMES}, another method of `trackscape reconstruct`, or truth.",
        autocompletion=among(("truth", *METHODS)),
    ),
]
HullText = Annotated[
    str,
    option(
        "auto|cylinder:MM",
        "Outline: from a first image, or a cylinder, a mm wider than the object.",
    ),
]
Tables = Annotated[
    Path | None,
    option(
        "FOLDER",
        "Where the tracks of each angle are kept. (default: SCAN/tracks_TRACKER_PROTONS)",
    ),
]


def image_verb(
    scan: ScanFolder,
    output: Annotated[
        Path, written_file(*_IMAGES, text="Image to write: mhd, npz, or nii with the extra nifti.")
    ],
    method: Annotated[
        Literal["fbp", "tv", "cgls", "drop"],
        option(
            "fbp|tv|cgls|drop",
            "Filtered back-projection, or what goes on from there: least total variation, "
            "conjugate gradients, diagonally relaxed projections.",
        ),
    ] = "fbp",
    tracker: TrackerName = DEFAULT_METHOD,
    per_frame: PerFrame = 100,
    weights: Weights = None,
    network: NetworkClass = None,
    calibration: CalibrationFile = None,
    hull: HullText = "auto",
    size: Annotated[float, option("MM", "Extent of the image in x and z.", min=1)] = 180.0,
    voxel: Annotated[float, option("MM", "Side of a voxel in x and z.", min=0.1)] = 1.0,
    slices: Annotated[int, option("N", "Number of slices in y.", min=1)] = 1,
    thickness: Annotated[float, option("MM", "Thickness of a slice.", min=0.1)] = 20.0,
    soft: Annotated[
        bool,
        typer.Option(
            "--soft",
            help="Take what the tracker expects of each proton, in place of the tracks that it "
            f"decides for; for {DEFAULT_METHOD} and networks of its class.",
        ),
    ] = False,
    tables: Tables = None,
    workers: WorkerCount = None,
    executor: ExecutorName = "processes",
    threads: Threads = None,
) -> None:
    """Make an image of relative stopping power from a scan.

    Tracks are found angle by angle and kept, so that the next image of the scan starts from them.
    A picture of the image is written beside it.
    """
    from trackscape.imaging import Grid, draw_image, make_image, picture_beside, write_image
    from trackscape.pictures import save_figure

    outline = _hull(hull)
    grid = Grid(size=size, voxel=voxel, slices=slices, thickness=thickness)
    prepare(threads)
    crew = choose_executor(executor, workers)
    found = _track(scan, tracker, weights, network, per_frame, calibration, tables, crew, soft=soft)
    image = make_image(
        found.rows,
        found.angles,
        optics=found.optics,
        grid=grid,
        hull=outline,
        method=method,
        progress=_angles,
    )
    picture = picture_beside(output)
    save_figure(draw_image(image), picture)
    for path in (*write_image(image, output), picture):
        say(shown(path))


def pairs_verb(
    scan: ScanFolder,
    output: Annotated[Path, option("FOLDER", "Folder for the pairs.", "--output", "-o")],
    tracker: TrackerName = DEFAULT_METHOD,
    per_frame: PerFrame = 100,
    weights: Weights = None,
    network: NetworkClass = None,
    calibration: CalibrationFile = None,
    hull: HullText = "auto",
    tables: Tables = None,
    workers: WorkerCount = None,
    executor: ExecutorName = "processes",
    threads: Threads = None,
) -> None:
    """Write proton pairs of a scan as RTK and PCT read them.

    One pairsNNNN.mhd for each angle, with the lines before and behind the object and the WEPL, and
    the geometry of the scan as RTK's XML.
    """
    from trackscape.imaging import find_geometry, scan_protons, write_scan_pairs

    outline = _hull(hull)
    check_place(output / "pairs0000.mhd")
    prepare(threads)
    crew = choose_executor(executor, workers)
    found = _track(scan, tracker, weights, network, per_frame, calibration, tables, crew)
    geometry = find_geometry(
        found.rows, found.angles, optics=found.optics, hull=outline, progress=_angles
    )
    protons = scan_protons(found.rows, found.angles, geometry, progress=_angles)
    files = write_scan_pairs(protons, geometry, output)
    say(f"{len(found.angles)} angles, {len(files)} files: {shown(output)}")


def _angles(numbers: Sequence[int]) -> Iterable[int]:
    from trackscape.progress import show_progress

    return show_progress(numbers, "angles")


def _hull(text: str) -> "Hull | None":
    from trackscape.errors import ConfigError
    from trackscape.imaging import Cylinder

    kind, _, value = text.partition(":")
    if text == "auto":
        return None
    try:
        radius = float(value)
        if kind == "cylinder" and radius > 0:
            return Cylinder(radius)
    except ValueError:
        pass
    raise ConfigError(
        f"hull: expected auto, or cylinder and a radius in mm, got {shown(text)}; write for "
        "example cylinder:75."
    )


def _track(
    folder: Path,
    tracker: str,
    weights: Path | None,
    network: str | None,
    per_frame: int,
    calibration: Path | None,
    tables: Path | None,
    executor: "Workers | None",
    *,
    soft: bool = False,
) -> "ScanTracks":
    from trackscape.errors import ConfigError
    from trackscape.files import digest_of, weights_file
    from trackscape.imaging import (
        TRUE_TRACKS,
        Recipe,
        read_calibration,
        track_scan,
    )
    from trackscape.simulation import read_scan
    from trackscape.tracking import TRACKERS
    from trackscape.tracking.acceptance import least_last_deposit

    if weights is None and tracker not in (TRUE_TRACKS, *TRACKERS):
        raise ConfigError(
            f"--tracker: expected {TRUE_TRACKS}, {', '.join(TRACKERS)}, got {shown(tracker)}."
        )
    scan, made = read_scan(folder), read_calibration(calibration)
    made.check(scan.detector, scan.beam)
    truth = tracker == TRUE_TRACKS and weights is None
    name, finder = (tracker, None) if truth else choose_tracker(tracker, weights, network)
    recipe = Recipe(
        method=name,
        tracker=finder,
        per_frame=per_frame,
        calibration=made,
        min_last_deposit=least_last_deposit(made.thickness),
        weights="" if weights is None else digest_of(weights_file(weights)),
        soft=soft,
    )
    place = tables or scan.folder / f"tracks_{name}_{per_frame}{'_soft' if soft else ''}"
    return track_scan(scan, recipe, place, executor=executor, progress=_angles)
