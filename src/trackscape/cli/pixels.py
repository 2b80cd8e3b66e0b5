"""`trackscape digitise` and `cluster`: hits to pixels, and back."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.completion import detectors
from trackscape.cli.options import (
    DetectorName,
    HitFiles,
    ProtonsOfFrame,
    Window,
    option,
    written_file,
)
from trackscape.cli.output import say
from trackscape.errors import ConfigError
from trackscape.text import shown

_TABLES = (".parquet", ".npz", ".csv", ".root")
_NOISY_SHARE = 0.05


def digitise_verb(
    files: HitFiles,
    output: Annotated[
        Path, written_file(*_TABLES, text="Pixels to write: parquet, npz, csv, root.")
    ],
    per_frame: ProtonsOfFrame = None,
    window: Window = None,
    detector: DetectorName = None,
    noise: Annotated[
        float, option("SHARE", "Probability that a pixel fires in a frame without a cause.")
    ] = 0.0,
    seed: Annotated[int, option("N", "Seed of the noise.", min=0)] = 0,
) -> None:
    """Write the pixels that hits fire, frame by frame.

    A deposit fires as many pixels as the published law says, the nearest ones. Gaps between chips
    and dead chips are those of the detector. `trackscape cluster` makes hits of them again.
    """
    from trackscape.pixels import digitise_files
    from trackscape.reconstruction import FrameRule, Input, find_files
    from trackscape.simulation import load_detector, recognise_detector

    rule = FrameRule(per_frame=per_frame, window=window)
    given = Input(find_files(files), rule, strict=True)
    found = None if detector else recognise_detector(given.depths())
    if detector is None and found is None:
        raise ConfigError(
            f"{shown(given.paths[0])}: expected hits of a shipped detector, but their layers lie "
            "differently; name the detector that recorded them (--detector)."
        )
    setup = load_detector(detector or (found.name if found else ""))
    written = digitise_files(given, output, detector=setup, noise=noise, seed=seed)
    say(
        f"{shown(output)}: {written.pixels:,} pixels of {written.hits:,} deposits in "
        f"{written.frames:,} frames."
    )


def cluster_verb(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES",
            help="Files of pixels (npz, npy, root, parquet or csv), folders of them, patterns.",
        ),
    ],
    output: Annotated[Path, written_file(*_TABLES, text="Hits to write: parquet, npz, csv, root.")],
    detector: Annotated[
        str,
        option(
            "NAME|FILE",
            "Detector with its pixels: a variant or a YAML file.",
            autocompletion=detectors,
        ),
    ] = "bergen-auto",
    window: Window = None,
    noisy: Annotated[
        float,
        option(
            "SHARE", "Share of the frames from which a pixel that fires is noisy, and left out."
        ),
    ] = _NOISY_SHARE,
    split: Annotated[
        bool,
        typer.Option("--split/--no-split", help="Whether to cut clusters too long for a deposit."),
    ] = True,
) -> None:
    """Make hits of pixels that touch, frame by frame.

    Columns: layer, stave, chip, column, row, and frameID or time. Position and deposit follow from
    the pixels of a cluster. `trackscape reconstruct` takes the hits, without --per-frame.
    """
    from trackscape.pixels import cluster_files
    from trackscape.reconstruction import FrameRule, find_files
    from trackscape.simulation import load_detector

    written = cluster_files(
        find_files(files),
        output,
        detector=load_detector(detector),
        rule=FrameRule(window=window),
        noisy_share=noisy,
        split=split,
    )
    say(
        f"{shown(output)}: {written.hits:,} clusters of {written.pixels:,} pixels in "
        f"{written.frames:,} frames; {written.noisy:,} noisy pixels left out."
    )
