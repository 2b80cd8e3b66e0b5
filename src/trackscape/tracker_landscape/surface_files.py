"""Surface -> files: all losses, a table, pictures, a page to turn and zoom."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trackscape.errors import LandscapeError
from trackscape.landscape.output import (
    draw_contour,
    draw_line,
    save_surface,
    write_csv,
    write_surface_html,
    write_vtk,
)
from trackscape.landscape.surface import Surface
from trackscape.landscape.trajectory import Trajectory
from trackscape.pictures import PICTURES
from trackscape.tracker_landscape.outputs import Writer, write_numbers

ENDINGS = (".npz", ".csv", ".json", ".html", ".vts", *PICTURES)
SHOWN: dict[str, tuple[int, ...]] = {
    ".html": (2,),
    ".vts": (1, 2, 3),
    **dict.fromkeys(PICTURES, (1, 2)),
}
"""How many directions a file can show, where there are limits."""


def check_dimensions(outputs: Sequence[Path], *, dimensions: int) -> None:
    """Raises a LandscapeError for a file that cannot show so many directions."""
    for path in outputs:
        possible = SHOWN.get(path.suffix.lower(), (dimensions,))
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
        ".json": lambda path: write_numbers(path, as_dict(surface)),
        ".html": functools.partial(write_surface_html, surface, trajectory=way),
        ".vts": functools.partial(write_vtk, surface),
        **{ending: lambda path: draw(surface, path, trajectory=way) for ending in PICTURES},
    }


def as_dict(surface: Surface) -> dict[str, Any]:
    """Returns means and standard errors in plain values, in the order of the coordinates."""
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


def draw(surface: Surface, path: Path, *, trajectory: Trajectory | None) -> None:
    """Draws each loss into a file of its own."""
    for name, place in zip(surface.names, _pictures(path, surface), strict=True):
        if len(surface.points.shape) == 1:
            draw_line(surface, name, place)
        else:
            draw_contour(surface, name, place, trajectory=trajectory)
