"""Surface -> tables (CSV), VTK structured grids (.vts), and a page with an interactive view."""

import base64
import csv
import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from trackscape.errors import LandscapeError
from trackscape.files import replacing
from trackscape.landscape.output.plots import SURE, is_logarithmic, labels_of, plane_of
from trackscape.landscape.surface import Surface
from trackscape.landscape.trajectory import Trajectory
from trackscape.pages import Page, make_viewer

_TYPES = {"float64": "Float64", "uint8": "UInt8"}


def write_csv(surface: Surface, path: Path | str) -> None:
    """Writes coordinates, means and standard errors, to the last digit; ``nan`` where none is.

    Raises:
        FormatError: The file cannot be written there.
    """
    columns = dict(zip(labels_of(surface), surface.points.coordinates.T.tolist(), strict=True))
    columns |= {name: values.ravel().tolist() for name, values in _numbers_of(surface).items()}
    with replacing(Path(path)) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def _numbers_of(surface: Surface) -> dict[str, NDArray[Any]]:
    """Returns mean and standard error of each value, by what they are called in files."""
    arrays: dict[str, NDArray[Any]] = {}
    for name in surface.names:
        with np.errstate(invalid="ignore"):
            arrays[name] = surface.mean(name)
            arrays[f"{name} standard error"] = surface.standard_error(name)
    return arrays


def write_vtk(surface: Surface, path: Path | str) -> None:
    """Writes means, standard errors and a mask of numbers over a grid, or line, as a .vts file.

    The grid lies flat, at coordinates 0 along missing directions; in ParaView, "Warp By Scalar"
    makes a value its height, and a threshold on "... is finite" cuts out what is no number.

    Raises:
        LandscapeError: There are more than three directions or axes, or it is no .vts.
        FormatError: The file cannot be written there.
    """
    path = Path(path)
    if path.suffix.lower() != ".vts":
        raise LandscapeError(f"{path}: expected a name that ends with .vts for a VTK grid.")
    shape, coordinates = surface.points.shape, surface.points.coordinates.cpu().numpy()
    if len(shape) > 3 or coordinates.shape[1] > 3:
        raise LandscapeError(
            f"Expected a grid of up to 3 axes in up to 3 directions for VTK, got {shape} in "
            f"{coordinates.shape[1]}; write a table instead."
        )
    # Its first axis is the fastest, ours is the last.
    extent = " ".join(f"0 {size - 1}" for size in (*shape[::-1], 1, 1)[:3])
    places = np.zeros((len(coordinates), 3))
    places[:, : coordinates.shape[1]] = coordinates
    data = "".join(_array(name, values) for name, values in _data(surface).items())
    text = (
        '<?xml version="1.0"?>\n'
        '<VTKFile type="StructuredGrid" version="1.0" byte_order="LittleEndian" '
        'header_type="UInt64">\n'
        f'<StructuredGrid WholeExtent="{extent}">\n<Piece Extent="{extent}">\n'
        f"<PointData Scalars={quoteattr(surface.names[0])}>\n{data}</PointData>\n"
        f"<Points>\n{_array('coordinates', places, components=3)}</Points>\n"
        "</Piece>\n</StructuredGrid>\n</VTKFile>\n"
    )
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _data(surface: Surface) -> dict[str, NDArray[Any]]:
    numbers = _numbers_of(surface)
    arrays: dict[str, NDArray[Any]] = {}
    for name in surface.names:
        for each in (name, f"{name} standard error"):
            arrays[each] = numbers[each]
        arrays[f"{name} is finite"] = surface.finite(name).astype(np.uint8)
    return arrays


def _array(name: str, values: NDArray[Any], *, components: int = 1) -> str:
    """One array in base64, after its length in bytes: as text, not all readers take NaN."""
    content = values.astype(values.dtype.newbyteorder("<")).tobytes()
    encoded = base64.b64encode(len(content).to_bytes(8, "little") + content).decode()
    return (
        f'<DataArray type="{_TYPES[values.dtype.name]}" Name={quoteattr(name)} '
        f'NumberOfComponents="{components}" format="binary">{encoded}</DataArray>\n'
    )


_HINT = (
    "Point at the surface to read a value with its standard error. The cross is the centre. "
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
    """Writes a page, which needs no network, with a view of all values over two directions.

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

    The title describes the view for those who cannot see it; a trajectory is from `project`.
    """
    return make_viewer(
        "trackscape.landscape.output",
        "surface",
        scripts=["surface"],
        label=f"{title}: a surface in three dimensions",
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
        "values": [
            {
                "name": plane.name,
                "mean": _rounded(plane.mean),
                "error": _rounded(plane.error),
                "significance": _rounded(plane.significance),
                "logarithmic": is_logarithmic(plane.mean, None),
            }
            for plane in planes
        ],
    }
    if trajectory is not None:
        payload["trajectory"] = {
            "coordinates": np.asarray(trajectory.coordinates).tolist(),
            "residuals": np.asarray(trajectory.residuals).tolist(),
        }
    return payload


def _rounded(values: NDArray[np.float64]) -> list[float | None]:
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values.ravel()]
