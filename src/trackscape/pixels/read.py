"""Files of pixels -> rows of whole frames, some at a time, and the pixels that are noisy."""

from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Shaped

from trackscape.errors import FormatError
from trackscape.formats.columns import PIXELS, checked, refuse_rows
from trackscape.formats.stream import stream_columns
from trackscape.pixels.table import PLACE, more_fields, pixel_key, pixel_type
from trackscape.reconstruction.cutting import Cutter, FrameRule, Frames
from trackscape.reconstruction.parts import with_last
from trackscape.simulation import Detector, PixelGrid

_FRAMES_FOR_NOISE, _FEWEST_FRAMES = 1000, 50  # that noisy pixels are looked for in
_MEANINGS = {each.aliases[0]: key for key, each in PIXELS.meanings.items() if each.aliases}


def pixel_frames(
    paths: Sequence[Path], rule: FrameRule, detector: Detector, grid: PixelGrid
) -> Generator[tuple[Shaped[np.ndarray, " pixels"], int], None, None]:
    """Yields the pixels of some whole frames, numbered over all files, and how many frames.

    Raises:
        FormatError: A file cannot be read, is out of order, or has pixels that the detector lacks.
    """
    done = 0
    for path in paths:
        cutter = Cutter(rule, path)
        with stream_columns(path, PIXELS) as stream:
            for columns, last in with_last(stream.chunks):
                frames = cutter.cut(checked(columns, path=path), last=last)
                if len(frames):
                    yield _as_rows(frames, done, path, detector, grid), len(frames)
                done += len(frames)
    if done == 0:
        files = f"{paths[0]}" + (" and others" if len(paths) > 1 else "")
        raise FormatError(
            f"{files}: expected pixels, but the columns have no rows; name other files."
        )


def _as_rows(
    frames: Frames, first_frame: int, path: Path, detector: Detector, grid: PixelGrid
) -> Shaped[np.ndarray, " pixels"]:
    columns = frames.columns
    sizes = (len(detector.layer_z), grid.staves, grid.chips, grid.rows, grid.columns)
    for name, size in zip(PLACE, sizes, strict=True):
        value = columns.values[name]
        place = f"{path}: column {columns.names[name]}"
        expected = f"a number from 0 to {size - 1}, as the detector {detector.name} has them"
        refuse_rows(value, (value < 0) | (value >= size), place=place, expected=expected)
    more = more_fields([name for name, key in _MEANINGS.items() if key in columns.values])
    names = [name for name, _ in more]
    rows = np.empty(len(columns), pixel_type(names))
    rows["frameID"] = first_frame + np.repeat(np.arange(len(frames)), np.diff(frames.start))
    for name in (*PLACE, *names):
        rows[name] = columns.values[_MEANINGS[name]]
    return rows


def noisy_pixels(
    frames: Iterable[tuple[Shaped[np.ndarray, " pixels"], int]], grid: PixelGrid, *, share: float
) -> Int64[np.ndarray, " noisy"]:
    """Returns the `pixel_key` of those that fire in more than a share of the first 1,000 frames.

    Less than 50 frames do not tell, and give none.
    """
    seen, fired = 0, list[np.ndarray]()
    for pixels, n_frames in frames:
        rows = pixels[pixels["frameID"] < _FRAMES_FOR_NOISE]
        pairs = np.stack([rows["frameID"], pixel_key(rows, grid)], axis=1)
        fired.append(np.unique(pairs, axis=0)[:, 1])  # once a frame
        seen += n_frames
        if seen >= _FRAMES_FOR_NOISE:
            break
    if seen < _FEWEST_FRAMES:
        return np.zeros(0, dtype=np.int64)
    key, count = np.unique(np.concatenate(fired), return_counts=True)
    return key[count > share * min(seen, _FRAMES_FOR_NOISE)]
