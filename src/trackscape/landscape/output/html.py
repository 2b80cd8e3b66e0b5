"""Surface over two directions -> an interactive view, in one HTML file that needs no network."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trackscape.landscape.output.plots import SURE, PlaneValues, is_logarithmic, plane_of
from trackscape.landscape.surface import Surface
from trackscape.landscape.trajectory import Trajectory
from trackscape.pages import Page, make_viewer

_HINT = (
    "point at the surface to read a value with its standard error. The cross is the centre. "
    f"White dots: cells with a corner within {SURE:g} standard errors of the minimum."
)
_TRAJECTORY = (
    " Checkpoints of the training are drawn where they are nearest to the plane, the first one "
    "large; the redder, the farther away. Those beyond the grid are left out."
)
_SWITCHES = (
    "<label>value <select></select></label>",
    '<label><input type="checkbox" data-show="log"> logarithmic</label>',
    '<label><input type="checkbox" data-show="mesh" checked> mesh</label>',
    '<label><input type="checkbox" data-show="uncertain" checked> near the minimum</label>',
    '<label><input type="checkbox" data-show="trajectory" checked> training</label>',
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
    page = Page(title)
    page.add_html_fragment(surface_fragment(surface, title=title, trajectory=trajectory))
    about = json.dumps(surface.about, indent=2, sort_keys=True)
    page.add_details("Where this surface comes from", about)
    page.write(path)


def surface_fragment(surface: Surface, *, title: str, trajectory: Trajectory | None = None) -> str:
    """Returns the interactive view as HTML for a page of one's own; any number fit on one.

    Arguments:
        surface: Over a grid of two directions.
        title: Description of the view for those who cannot see it.
        trajectory: Checkpoints of a training, from `project`.
    """
    return make_viewer(
        "trackscape.landscape.output",
        "surface",
        label=f"{title}: a surface in three dimensions",
        switches=_SWITCHES,
        hint=_HINT + (_TRAJECTORY if trajectory is not None else ""),
        data=_payload(surface, trajectory),
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
