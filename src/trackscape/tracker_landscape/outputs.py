"""What was found -> files, by their endings."""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trackscape.files import as_plain, replacing, write_json
from trackscape.landscape import Surface, Trajectory, output
from trackscape.pictures import PICTURES

Writer = Callable[[Path], object]


def write_outputs(outputs: Sequence[Path], *, writers: Mapping[str, Writer]) -> None:
    """Writes each file by the writer of its ending."""
    for path in outputs:
        writers[path.suffix.lower()](path)


def write_numbers(path: Path, content: Mapping[str, Any]) -> None:
    """Writes JSON, with null where a number is not finite: other programs read no NaN."""
    write_json(path, as_plain(content))


def write_arrays(path: Path, **arrays: Any) -> None:
    """Writes arrays as npz."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)


def surface_writers(surface: Surface, *, route: Trajectory) -> dict[str, Writer]:
    """Returns what writes a surface, through the networks of a route, by the ending of a file."""
    way = route if len(route.residuals) > 1 else None  # one alone is its middle
    return {
        ".npz": functools.partial(output.save_surface, surface, trajectory=way),
        ".csv": functools.partial(output.write_csv, surface),
        ".json": lambda path: write_numbers(path, surface_as_dict(surface)),
        ".html": functools.partial(output.write_surface_html, surface, trajectory=way),
        ".vts": functools.partial(output.write_vtk, surface),
        **dict.fromkeys(PICTURES, functools.partial(_draw, surface, trajectory=way)),
    }


def surface_as_dict(surface: Surface) -> dict[str, Any]:
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


def _draw(surface: Surface, path: Path, *, trajectory: Trajectory | None) -> None:
    for name, place in zip(surface.names, _pictures(path, surface), strict=True):
        if len(surface.points.shape) == 1:
            output.draw_line(surface, name, place)
        else:
            output.draw_contour(surface, name, place, trajectory=trajectory)
