"""Surface -> tables (CSV) and VTK structured grids (.vts), which ParaView and others read."""

import base64
import csv
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from trackscape.errors import LandscapeError
from trackscape.files import replacing
from trackscape.landscape.output.plane import labels_of
from trackscape.landscape.surface import Surface

_TYPES = {"float64": "Float64", "uint8": "UInt8"}


def write_csv(surface: Surface, path: Path | str) -> None:
    """Writes coordinates, means and standard errors, to the last digit; ``nan`` where none is.

    Raises:
        FormatError: The file cannot be written there.
    """
    columns = dict(zip(labels_of(surface), surface.points.coordinates.T.tolist(), strict=True))
    for name in surface.names:
        with np.errstate(invalid="ignore"):
            columns[name] = surface.mean(name).ravel().tolist()
            columns[f"{name} standard error"] = surface.standard_error(name).ravel().tolist()
    with replacing(Path(path)) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def write_vtk(surface: Surface, path: Path | str) -> None:
    """Writes means, standard errors and a mask of numbers over the coordinates of a grid.

    The grid lies flat, at coordinates 0 along missing directions; in ParaView, "Warp By Scalar"
    makes a value its height, and a threshold on "... is finite" cuts out what is no number.

    Arguments:
        surface: Over a grid of up to three directions, one for each axis, or a line in them.
        path: The .vts file.

    Raises:
        LandscapeError: There are more directions or axes, or the name has another suffix.
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
    arrays: dict[str, NDArray[Any]] = {}
    for name in surface.names:
        with np.errstate(invalid="ignore"):
            arrays[name] = surface.mean(name)
            arrays[f"{name} standard error"] = surface.standard_error(name)
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
