"""Surface -> CSV table, one row for each point."""

import csv
from pathlib import Path

import numpy as np

from trackscape.files import replacing
from trackscape.landscape.output.plane import labels_of
from trackscape.landscape.surface import Surface


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
