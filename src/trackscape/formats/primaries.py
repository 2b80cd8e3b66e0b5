"""Tables with one row for each primary, as written beside the hits -> a report."""

import dataclasses
from pathlib import Path

import numpy as np

from trackscape.formats.files import kind_to_read, reading
from trackscape.formats.numpy_files import PUBLISHED_KEY, refusing_pickles

MARKS = ("eventID", "in_ekin", "out_ekin", "fate")
"""Columns by which such a table is known."""
FATES = {1: "inelastic reaction", 2: "stopped", 3: "left the world", 9: "other"}


@dataclasses.dataclass(frozen=True)
class PrimaryReport:
    """What a table of primaries says about the beam."""

    path: Path
    columns: tuple[str, ...]
    primaries: int
    """Number of rows."""
    behind_phantom: int
    """Primaries that reached the exit face of the phantom."""
    energy: tuple[float, float]
    """Median kinetic energy in MeV before the phantom, and of those that came out, behind it."""
    fates: dict[str, int]
    """How many primaries ended in which way."""

    def render(self) -> str:
        """Returns the report as plain text, one fact a line."""
        before, behind = self.energy
        fates = ", ".join(f"{fate} {n:,}" for fate, n in self.fates.items())
        return "\n".join(
            [
                str(self.path),
                "",
                "  one row for each primary, no hits: reconstruct the file of hits beside it",
                "",
                f"  columns         {', '.join(self.columns)}",
                f"  primaries       {self.primaries:,}",
                f"  behind phantom  {self.behind_phantom:,}",
                f"  median energy   {before:.1f} MeV before the phantom, {behind:.1f} MeV behind",
                f"  ends            {fates}",
            ]
        )


def inspect_primaries(path: Path) -> PrimaryReport | None:
    """Returns the report on a table of primaries, or None if the file is something else.

    Raises:
        FormatError: The file is absent or damaged.
    """
    table = read_table(path)
    if table is None or not set(MARKS) <= set(table.dtype.names or ()) or len(table) == 0:
        return None
    before, behind = table["in_ekin"], table["out_ekin"][table["out_ekin"] > 0]
    fates, counts = np.unique(table["fate"], return_counts=True)
    ends = zip(fates.tolist(), counts.tolist(), strict=True)
    return PrimaryReport(
        path=path,
        columns=table.dtype.names or (),
        primaries=len(table),
        behind_phantom=len(behind),
        energy=(float(np.median(before)), float(np.median(behind)) if len(behind) else 0.0),
        fates={FATES.get(fate, str(fate)): n for fate, n in ends},
    )


def read_table(path: Path) -> np.ndarray | None:
    """Returns the array that an .npz file holds under `arr_0`, None if the file is something else.

    Raises:
        FormatError: The file is absent or damaged.
    """
    if kind_to_read(path) != ".npz":
        return None
    with (
        reading(path),
        refusing_pickles(path),
        path.open("rb") as file,
        np.load(file, allow_pickle=False) as archive,
    ):
        return archive[PUBLISHED_KEY] if PUBLISHED_KEY in archive.files else None
