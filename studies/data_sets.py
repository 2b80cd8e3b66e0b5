"""The simulated files that trainings and pages need beside the Geant4 files, by one command each.

Run as ``python -m studies.data_sets KIND FOLDER`` with one of the kinds below. What
is there already is not made again; the same command makes the same bytes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer

from trackscape.progress import show_primaries
from trackscape.simulation import make_setup, simulate

Kind = Literal["training", "test"]


class DataSet(NamedTuple):
    """One hit file."""

    name: str
    """Of the file."""
    phantom: str
    """In words of `trackscape simulate`."""
    energy: float
    """Of the beam in MeV."""
    spot: float
    """Standard deviation of the beam at the isocentre in mm."""
    engine: Literal["fast", "geant4"]
    primaries: int
    seed: int


WIDE = (
    ("none", 100, 3.8),
    ("none", 120, 3.8),
    ("none", 120, 7.6),
    ("none", 140, 3.8),
    ("none", 160, 7.6),
    ("none", 180, 3.8),
    ("none", 200, 3.8),
    ("none", 230, 3.8),
    ("water:50", 150, 3.8),
    ("water:50", 230, 7.6),
    ("water:100", 180, 3.8),
    ("water:150", 200, 7.6),
    ("water:100", 210, 3.8),
    ("water:250", 230, 3.8),
    ("water:270", 230, 3.8),
    ("water:280", 230, 3.8),
    ("water:280", 230, 7.6),
)
"""Phantoms, energies and spots beside those of the Geant4 training files."""
FIRST_SEED = 101
"""Of the first of `WIDE`; the others follow."""
TEST_SEED = 1128
"""Chose nothing: no setting of this project was ever looked at on the files of this seed."""
PHANTOMS = (100, 150, 200)
"""Thickness of the water in mm for which there are Geant4 files of all kinds."""
TESTED = (
    ("water:100", 230, 5000),
    ("water:150", 230, 5000),
    ("water:200", 230, 5000),
    ("water:280", 230, 3000),
    ("none", 120, 3000),
)
"""Phantoms, energies and primaries of the test files."""


def data_sets(kind: Kind) -> Iterator[DataSet]:
    """Yields the files of a kind.

    Example:
        >>> [each.name for each in data_sets("test")][:2]
        ['water_100_test.npz', 'water_150_test.npz']
    """
    if kind == "training":
        for number, (phantom, energy, spot) in enumerate(WIDE):
            name = f"{phantom.replace(':', '_')}_{energy}_{spot}.npz"
            yield DataSet(name, phantom, energy, spot, "fast", 20_000, FIRST_SEED + number)
    else:
        for phantom, energy, primaries in TESTED:
            name = phantom.replace(":", "_") + ("" if energy == 230 else f"_{energy}")
            yield DataSet(f"{name}_test.npz", phantom, energy, 3.8, "geant4", primaries, TEST_SEED)


def main(
    kind: Annotated[str, typer.Argument(help="training (fast engine) or test (Geant4).")],
    folder: Annotated[Path, typer.Argument(help="Where the files go.")],
) -> None:
    """Simulate the files of a kind that are missing in the folder."""
    if kind not in ("training", "test"):
        raise typer.BadParameter(f"expected training or test, got {kind}")
    for each in data_sets(kind):
        path = folder / each.name
        if not path.exists():
            setup = make_setup(phantom=each.phantom, beam=f"energy={each.energy},spot={each.spot}")
            simulate(
                setup,
                path,
                primaries=each.primaries,
                seed=each.seed,
                engine=each.engine,
                progress=show_primaries,
            )
        typer.echo(path)


if __name__ == "__main__":
    typer.run(main)
