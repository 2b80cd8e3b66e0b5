"""Options that several verbs share, and what they mean."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trackscape.tracking import Tracker

HitFile = Annotated[Path, typer.Argument(help="Hit file: npz, npy, root, parquet or csv.")]
PerFrame = Annotated[int, typer.Option(min=1, help="Primary protons in a readout frame.")]
Method = Annotated[
    str,
    typer.Option(
        help="trackscape, nine-constants, line-graph-ptt, line-graph-pat or "
        "line-graph-ptt-tuned-end (shipped weights), "
        "track-follower, kalman, physics-assignment or greedy."
    ),
]
DEFAULT_METHOD = "trackscape"
Weights = Annotated[
    Path | None, typer.Option(help="Weights of your own training, instead of a shipped method.")
]

Detector = Annotated[
    str | None,
    typer.Option(
        help="Detector of the hits, a variant (see `trackscape detector`) or YAML file, instead of "
        "the shipped one whose layers lie alike. The cut follows its sensitive thickness."
    ),
]
MinLastDeposit = Annotated[
    float | None,
    typer.Option(
        min=0, help="keV that a track must leave in its last layer, instead of the detector's cut."
    ),
]


def choose_tracker(method: str, weights: Path | None) -> "tuple[str, Tracker]":
    """Returns name and tracker: that of the weights if given, else the method."""
    from trackscape.scoring import load_network
    from trackscape.tracking import load_tracker, network_tracker

    if weights is not None:
        return weights.stem, network_tracker(load_network(weights))
    return method, load_tracker(method)


def choose_cut(
    depths: Mapping[int, float],
    *,
    detector: str | None,
    min_last_deposit: float | None,
    name: str,
    weights: Path | None,
) -> float:
    """Returns the cut in MeV for hits, says why, and warns if the method is for another detector.

    Arguments:
        depths: Mean z in mm of the hits in each layer.
        detector: As `Detector`.
        min_last_deposit: As `MinLastDeposit`, in keV.
        name: That of the method.
        weights: As `Weights`.
    """
    from trackscape.experiments import acceptance
    from trackscape.units import keV

    deposit = None if min_last_deposit is None else min_last_deposit * keV
    cut = acceptance.choose_cut(depths, detector=detector, min_last_deposit=deposit)
    warning = acceptance.mismatch(depths, acceptance.trained_for(weights), what=name)
    for line in filter(None, [warning, str(cut)]):
        typer.echo(line, err=True)
    return cut.min_last_deposit
