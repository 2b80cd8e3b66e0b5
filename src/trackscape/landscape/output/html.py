"""Surface over two directions -> an interactive view, in one HTML file that needs no network."""

import html
import json
import string
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trackscape.files import replacing
from trackscape.landscape.output.plane import SURE, PlaneValues, is_logarithmic, plane_of
from trackscape.landscape.surface import Surface
from trackscape.landscape.trajectory import Trajectory

_CAPTION = (
    "Drag to rotate, wheel or pinch to zoom, shift-drag or two fingers to move; point at the "
    "surface to read a value with its standard error. The cross is the centre. "
    f"White dots: cells with a corner within {SURE:g} standard errors of the minimum."
)
_TRAJECTORY = (
    " Checkpoints of the training are drawn where they are nearest to the plane, the first one "
    "large; the redder, the farther away. Those beyond the grid are left out."
)


def write_surface_html(
    surface: Surface,
    path: Path | str,
    *,
    title: str = "Loss surface",
    trajectory: Trajectory | None = None,
) -> None:
    """Writes a page with an interactive view of all values of a surface.

    Arguments:
        surface: Over a grid of two directions.
        path: The HTML file; it appears whole or not at all.
        title: Heading of the page.
        trajectory: Checkpoints of a training, from `project`.

    Raises:
        LandscapeError: The surface is no such grid, or one of its values is finite nowhere.
        FormatError: The file cannot be written there.
    """
    page = _fill(
        "page.html",
        title=html.escape(title),
        figure=surface_fragment(surface, title=title, trajectory=trajectory),
        about=html.escape(json.dumps(surface.about, indent=2, sort_keys=True)),
    )
    with replacing(Path(path)) as partial:
        partial.write_text(page, encoding="utf-8")


def surface_fragment(surface: Surface, *, title: str, trajectory: Trajectory | None = None) -> str:
    """Returns the interactive view as HTML for a page of one's own; any number fit on one.

    Arguments:
        surface: Over a grid of two directions.
        title: Description of the view for those who cannot see it.
        trajectory: Checkpoints of a training, from `project`.
    """
    return _fill(
        "surface.html",
        title=html.escape(title),
        caption=_CAPTION + (_TRAJECTORY if trajectory is not None else ""),
        # "<" could end the script that holds the data.
        data=json.dumps(
            _payload(surface, trajectory), separators=(",", ":"), allow_nan=False
        ).replace("<", "\\u003c"),
        script=_fill("surface.js"),
    )


def _payload(surface: Surface, trajectory: Trajectory | None) -> dict[str, Any]:
    """What the script draws; numbers to six digits, null for none."""
    planes = [plane_of(surface, name) for name in surface.names]
    payload: dict[str, Any] = {
        "axes": planes[0].labels,
        "x": planes[0].x.tolist(),
        "y": planes[0].y.tolist(),
        "sure": SURE,
        "values": [_value(plane) for plane in planes],
    }
    if trajectory is not None:
        payload["trajectory"] = {
            "coordinates": np.asarray(trajectory.coordinates).tolist(),
            "residuals": np.asarray(trajectory.residuals).tolist(),
        }
    return payload


def _value(plane: PlaneValues) -> dict[str, Any]:
    return {
        "name": plane.name,
        "mean": _numbers(plane.mean),
        "error": _numbers(plane.error),
        "significance": _numbers(plane.significance),
        "logarithmic": is_logarithmic(plane.mean, None),
    }


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values.ravel()]


class _Asset(string.Template):
    """A template whose places look like ``%%{name}``: ``$`` and ``{}`` belong to JavaScript."""

    delimiter = "%%"


def _fill(name: str, **places: str) -> str:
    text = (
        resources.files("trackscape.landscape.output").joinpath("assets", name).read_text("utf-8")
    )
    return _Asset(text).substitute(places)
