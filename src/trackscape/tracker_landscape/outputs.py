"""Names of files -> what is written into them, decided by their endings before work begins."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trackscape.errors import LandscapeError
from trackscape.files import check_place, replacing, write_json
from trackscape.landscape import Trajectory
from trackscape.landscape.output import (
    draw_contour,
    draw_line,
    save_surface,
    write_csv,
    write_surface_html,
    write_vtk,
)
from trackscape.landscape.surface import Surface
from trackscape.pictures import PICTURES

Writer = Callable[[Path], None]


def check_endings(outputs: Sequence[Path], *, known: Sequence[str]) -> None:
    """Refuses, before any work, files whose ending says nothing and places of which none can be.

    Raises:
        LandscapeError: There is no file.
        FormatError: One cannot be written.
    """
    if not outputs:
        raise LandscapeError(f"Expected a file to write, one of {', '.join(known)}.")
    for path in outputs:
        check_place(path, suffixes=known)


def check_choice(value: str, *, of: Sequence[str], what: str) -> None:
    """Raises a LandscapeError for a word that is none of a few."""
    if value not in of:
        raise LandscapeError(f"Expected {what} {', '.join(of)}, got {value!r}.")


def write_outputs(outputs: Sequence[Path], *, writers: Mapping[str, Writer]) -> None:
    """Writes each file by the writer of its ending."""
    for path in outputs:
        writers[path.suffix.lower()](path)


def write_numbers(path: Path, content: Mapping[str, Any]) -> None:
    """Writes JSON, with null where a number is not finite: other programs read no NaN."""
    write_json(path, _finite(content))


def _finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def write_arrays(path: Path, **arrays: Any) -> None:
    """Writes arrays as npz."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)


SURFACE_ENDINGS = (".npz", ".csv", ".json", ".html", ".vts", *PICTURES)
_SHOWN: dict[str, tuple[int, ...]] = {
    ".html": (2,),
    ".vts": (1, 2, 3),
    **dict.fromkeys(PICTURES, (1, 2)),
}
"""How many directions a file can show, where there are limits."""


def check_dimensions(outputs: Sequence[Path], *, dimensions: int) -> None:
    """Raises a LandscapeError for a file that cannot show so many directions."""
    for path in outputs:
        possible = _SHOWN.get(path.suffix.lower(), (dimensions,))
        if dimensions not in possible:
            raise LandscapeError(
                f"{path}: expected {' or '.join(map(str, possible))} directions for such a file, "
                f"got {dimensions}; write npz or csv."
            )


def surface_writers(surface: Surface, *, route: Trajectory) -> dict[str, Writer]:
    """Returns what writes a surface, by the ending of a file.

    Arguments:
        surface: What was computed.
        route: The networks that its grid goes through; one alone is its middle.
    """
    way = route if len(route.residuals) > 1 else None
    return {
        ".npz": lambda path: save_surface(surface, path, trajectory=way),
        ".csv": functools.partial(write_csv, surface),
        ".json": lambda path: write_numbers(path, _as_dict(surface)),
        ".html": functools.partial(write_surface_html, surface, trajectory=way),
        ".vts": functools.partial(write_vtk, surface),
        **{ending: lambda path: _draw(surface, path, trajectory=way) for ending in PICTURES},
    }


def _as_dict(surface: Surface) -> dict[str, Any]:
    """Means and standard errors in plain values, in the order of the coordinates."""
    return {
        "shape": list(surface.points.shape),
        "axes": list(surface.points.axes),
        "coordinates": surface.points.coordinates.tolist(),
        "losses": {
            name: {
                "mean": surface.mean(name).ravel().tolist(),
                "standard_error": surface.standard_error(name).ravel().tolist(),
            }
            for name in surface.names
        },
        "about": surface.about,
    }


def files_of(outputs: Sequence[Path], surface: Surface) -> list[Path]:
    """Returns all files that a surface is written into: pictures show one loss each."""
    return [
        place
        for path in outputs
        for place in (_pictures(path, surface) if path.suffix.lower() in PICTURES else [path])
    ]


def _pictures(path: Path, surface: Surface) -> list[Path]:
    """The file of the first loss, and ``NAME-LOSS`` beside it for each other one."""
    return [path, *(path.with_stem(f"{path.stem}-{name}") for name in surface.names[1:])]


def _draw(surface: Surface, path: Path, *, trajectory: Trajectory | None) -> None:
    for name, place in zip(surface.names, _pictures(path, surface), strict=True):
        if len(surface.points.shape) == 1:
            draw_line(surface, name, place)
        else:
            draw_contour(surface, name, place, trajectory=trajectory)
