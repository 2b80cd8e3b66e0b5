"""Files of hits -> a file of pixels; files of pixels -> a file of hits; chunk by chunk."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped

import trackscape
from trackscape.data import Hits
from trackscape.data.tables import all_hit_columns
from trackscape.errors import ConfigError, DataError
from trackscape.formats.rows import write_table
from trackscape.formats.write import gathered
from trackscape.graph_construction import merge_deposits
from trackscape.pixels.cluster import cluster_pixels
from trackscape.pixels.digitise import digitise_hits, fields_of
from trackscape.pixels.read import noisy_pixels, pixel_frames
from trackscape.pixels.table import more_fields, pixel_key, pixel_type
from trackscape.progress import progress_bar
from trackscape.reconstruction import FrameRule, Input
from trackscape.reconstruction.files import count_rows
from trackscape.simulation import Detector, PixelGrid

NOISY_SHARE = 0.05
"""Of the frames: a pixel that fires in more of them is noisy. In the core of a pencil beam of 3 mm
and 200 protons a frame with 5 pixels each, one fires in 200 * 5 * 29 um * 27 um / (2 pi (3 mm)^2),
0.014."""
_DECIMAL = [(name, "f4") for name in ("posX", "posY", "posZ", "edep")]
_HIT = [("frameID", "i8"), ("layer", "i4"), *_DECIMAL]


class Written(NamedTuple):
    """What was written."""

    frames: int
    hits: int
    """Deposits of a particle in a layer, or clusters."""
    pixels: int
    noisy: int = 0
    """Pixels that were left out as they are noisy."""


def digitise_files(
    given: Input,
    output: Path,
    *,
    detector: Detector,
    noise: float = 0.0,
    seed: int = 0,
    progress: bool = True,
) -> Written:
    """Writes the pixels that fire in the frames of files of hits; see `digitise_hits`.

    Frames are numbered from 0 over all files, and events that begin anew are counted on. The rows
    of `pixel_type` go to a file of parquet, npz or csv.

    Raises:
        ConfigError: The detector has no pixels, or the noise is no probability.
        FormatError: A file cannot be read or written; likewise DataError.
    """
    grid = pixel_grid(detector)
    if not 0 <= noise < 1:
        raise ConfigError(f"Expected a probability of noise from 0 to below 1, got {noise:g}.")
    first = given.first_frames[0]
    dtype = pixel_type(fields_of(first))
    parts, hits = given.parts(), 0

    def chunks() -> Iterator[np.ndarray]:
        nonlocal hits
        events = _Events()
        total = count_rows(given.paths) if progress else None
        with progress_bar("hits", total=total, show=progress) as advance:
            for part in parts:
                frames = part.hits(_merged)
                shift = events.shift(frames)
                for number, each in enumerate(frames, part.first_frame):
                    generator = np.random.default_rng([seed, number])
                    rows = digitise_hits(
                        each,
                        grid,
                        thickness=detector.sensitive_thickness,
                        frame=number,
                        noise=noise,
                        generator=generator,
                    )
                    if shift:
                        rows["eventID"][rows["eventID"] >= 0] += shift
                    hits += len(each)
                    yield rows
                advance(int(part.frames.start[-1]))

    provenance = {
        "trackscape": trackscape.__version__,
        "detector": detector.name,
        "hits": [path.name for path in given.paths],
        "frames": given.rule._asdict(),
        "noise": noise,
        "seed": seed,
    }
    rows = gathered(chunks())
    pixels = write_table(rows, output, dtype=dtype, provenance=provenance, tree="Pixels")
    return Written(parts.frames, hits, pixels)


def _merged(hits: Hits) -> Hits:
    return hits if hits.truth is None else merge_deposits(hits)


class _Events:
    """Tells events of a part from those of the parts before, where they begin anew."""

    def __init__(self) -> None:
        self._last = -1

    def shift(self, frames: Sequence[Hits]) -> int:
        """Returns what is to be added to the events of the next part."""
        events = [each.truth.event for each in frames if each.truth is not None and len(each)]
        if not events:
            return 0
        first, last = (int(f(f(e) for e in events)) for f in (min, max))
        shift = self._last + 1 if first <= self._last else 0
        self._last = last + shift
        return shift


def cluster_files(
    paths: Sequence[Path],
    output: Path,
    *,
    detector: Detector,
    rule: FrameRule | None = None,
    noisy_share: float = NOISY_SHARE,
    split: bool = True,
    progress: bool = True,
) -> Written:
    """Writes the clusters of files of pixels as hits; see `cluster_pixels`.

    The columns: frameID (from 0, over all files), posX posY posZ (mm), edep (MeV), layer, then
    spotX spotY, and eventID trackID parentID pdg, where pixels have them. Rows are cut into frames
    as they come, in the order of their numbers or times.

    Arguments:
        paths: Files of pixels.
        output: New file of parquet, npz or csv.
        detector: Where layers and pixels are.
        rule: What makes a frame; frameID by default.
        noisy_share: Share of the first 1,000 frames that a pixel may fire in; others are left out,
            if there are 50 frames or more.
        split: Whether to cut clusters that are too long for one deposit.
        progress: Whether to show a bar.

    Raises:
        ConfigError: The detector has no pixels, or the share is none.
        FormatError: A file cannot be read or written, or has pixels that the detector lacks.
    """
    grid, rule = pixel_grid(detector), rule or FrameRule()
    if not 0 < noisy_share <= 1:
        raise ConfigError(
            "Expected a share of frames above 0, up to 1, from which a pixel is noisy, got "
            f"{noisy_share:g}."
        )
    with contextlib.closing(pixel_frames(paths, rule, detector, grid)) as frames:
        first = next(frames)
        begin = itertools.chain([first], frames)
        noisy = noisy_pixels(begin, grid, share=noisy_share)
    dtype = np.dtype([*_HIT, *more_fields(first[0].dtype.names or ())])
    counts = np.zeros(3, dtype=np.int64)  # frames, clusters, pixels

    def chunks() -> Iterator[np.ndarray]:
        with progress_bar("pixels", total=None, show=progress) as advance:
            for pixels, n_frames in pixel_frames(paths, rule, detector, grid):
                _check_alike(pixels.dtype, first[0].dtype)
                kept = pixels[~np.isin(pixel_key(pixels, grid), noisy)]
                if len(kept):
                    hits = cluster_pixels(kept, detector, grid, split=split)
                    counts[1] += len(hits)
                    yield _as_rows(hits, dtype)
                counts[[0, 2]] += n_frames, len(pixels)
                advance(len(pixels))

    provenance = {
        "trackscape": trackscape.__version__,
        "detector": detector.name,
        "pixels": [path.name for path in paths],
        "frames": rule._asdict(),
        "split": split,
        "noisy pixels": len(noisy),
    }
    write_table(chunks(), output, dtype=dtype, provenance=provenance, tree="Hits")
    return Written(*counts.tolist(), noisy=len(noisy))


def pixel_grid(detector: Detector) -> PixelGrid:
    """Returns where the pixels of a detector are.

    Raises:
        ConfigError: It does not say.
    """
    if detector.pixels is None:
        raise ConfigError(
            f"Expected a detector whose pixels are known, but {detector.name} has none; describe "
            "them under `pixels` in its YAML file (docs/detectors.md)."
        )
    return detector.pixels


def _as_rows(hits: Hits, dtype: np.dtype) -> Shaped[np.ndarray, " hits"]:
    columns = all_hit_columns(hits)
    rows = np.empty(len(hits), dtype)
    for name in dtype.names or ():
        rows[name] = columns[name]
    return rows


def _check_alike(found: np.dtype, first: np.dtype) -> None:
    if found != first:
        raise DataError(
            f"Expected the columns {first.names} in all files of pixels, as in the first one, got "
            f"{found.names}; cluster files that differ apart from each other."
        )
