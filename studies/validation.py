"""The fast engine beside Geant4 hits, number by number, as pages of the docs.

Run as ``python -m studies.validation DATA -o docs/validation``, with the folder that
holds ``water_{100,150,200}_{train,val}.npz`` and their ``_truth.npz``.
"""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from studies.data_sets import PHANTOMS
from trackscape.comparison import (
    FileComparison,
    compare_files,
    draw_comparison,
    markdown,
    summary,
)
from trackscape.files import replacing
from trackscape.pictures import save_figure
from trackscape.progress import show_primaries
from trackscape.simulation import make_setup, simulate

REFERENCES = ("val", "train")
PRIMARIES = 60_000
SEED = 1


def main(
    data: Annotated[Path, typer.Argument(help="Folder with the Geant4 files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the pages.")],
) -> None:
    """Simulate behind each phantom, compare, and write the pages."""
    sections: list[str] = []
    for phantom in PHANTOMS:
        with tempfile.TemporaryDirectory() as folder:
            hits = Path(folder) / f"fast_{phantom}.npz"
            simulate(
                make_setup(phantom=f"water:{phantom}"),
                hits,
                primaries=PRIMARIES,
                seed=SEED,
                truth=hits.with_stem(f"fast_{phantom}_truth"),
                progress=show_primaries,
            )
            for reference in REFERENCES:
                name = f"water_{phantom}_{reference}"
                comparison = compare_files(data / f"{name}.npz", hits)
                sections.append(f"## {name}\n\n{summary(comparison)}")
                if reference == "val":
                    sections.append(f"[All numbers]({name}.md).\n")
                    _write_page(comparison, output / f"{name}.md")
    with replacing(output / "README.md") as partial:
        partial.write_text("\n".join([HEAD, *sections]), encoding="utf-8")
    typer.echo(output / "README.md")


HEAD = f"""# The fast engine beside Geant4

Made by `make validation DATA=folder`: {PRIMARIES:,} protons of the fast engine (seed {SEED}, law
geant4) behind 100, 150 and 200 mm of water, against Geant4's hits behind the same water: 5,000
primaries in val, 60,000 in train, Geant4 11.4 without its data files, range cut 0.7 mm. A is
Geant4, B the fast engine. What the columns mean is on the pages with all numbers.
"""


def _write_page(comparison: FileComparison, path: Path) -> None:
    picture = path.with_suffix(".png")
    save_figure(draw_comparison(comparison), picture, dpi=150)
    with replacing(path) as partial:
        partial.write_text(markdown(comparison, picture=picture.name), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
