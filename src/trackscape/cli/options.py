"""Options that several verbs share, and what they mean."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trackscape.scoring import Scorer

HitFile = Annotated[Path, typer.Argument(help="Hit file: npz, npy, root, parquet or csv.")]
PerFrame = Annotated[int, typer.Option(min=1, help="Primary protons in a readout frame.")]
Method = Annotated[str, typer.Option(help="line-graph-ptt or line-graph-pat (shipped weights).")]
DEFAULT_METHOD = "line-graph-pat"
Weights = Annotated[
    Path | None, typer.Option(help="Weights of your own training, instead of a shipped method.")
]


def choose_scorer(method: str, weights: Path | None) -> "tuple[str, Scorer]":
    """Returns name and network: the weights if given, else the shipped method."""
    from trackscape.scoring import load_method, load_network

    if weights is not None:
        return weights.stem, load_network(weights)
    return method, load_method(method)
