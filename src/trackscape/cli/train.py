"""`trackscape train`: settings and hit files to weights."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.text import shown


def train(
    config: Annotated[
        Path, typer.Argument(help="Settings, such as configs/cpu/line-graph-pat.yaml.")
    ],
    data: Annotated[Path, typer.Option(help="Folder with the hit files that the settings name.")],
    runs: Annotated[Path, typer.Option(help="Folder for the run folder.")] = Path("runs"),
    weights: Annotated[
        Path | None, typer.Option(help="Weights to start from, instead of random ones.")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of weights and of the order of frames.")
    ] = 0,
) -> None:
    """Train a network without (ptt) or through (pat) the assignment.

    Run the same command again after an interruption: it goes on at the last validation and ends
    with the same weights.
    """
    from trackscape.experiments.config import TrainingConfig
    from trackscape.experiments.train import train as run

    settings = TrainingConfig.load(config)
    try:
        trained = run(settings, data=data, runs=runs, seed=seed, weights=weights)
    except KeyboardInterrupt:
        typer.echo("Interrupted. Run the same command again to go on.", err=True)
        raise typer.Exit(130) from None
    typer.echo(
        f"Best validation purity {100 * trained.purity:.2f} %: "
        f"{shown(trained.folder)}/weights.safetensors"
    )
