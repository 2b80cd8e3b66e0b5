"""`trackscape train`: settings and hit files to weights."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.computing import Threads, prepare
from trackscape.text import shown


def train(
    config: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Settings, such as configs/cpu/line-graph-pat.yaml."),
    ],
    data: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Folder with the hit files that the settings name."),
    ],
    runs: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the run folder.")] = Path(
        "runs"
    ),
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights to start from, instead of random ones."),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Seed of weights and of the order of frames."),
    ] = 0,
    threads: Threads = None,
) -> None:
    """Train a network, without or through the assignment.

    Run the same command again after an interruption: it goes on at the last validation and ends
    with the same weights.
    """
    from trackscape.training.config import TrainingConfig
    from trackscape.training.train import train as run

    prepare(threads)
    settings = TrainingConfig.load(config)
    trained = run(settings, data=data, runs=runs, seed=seed, weights=weights)
    print(
        f"Best validation purity {100 * trained.purity:.2f} %: "
        f"{shown(trained.folder)}/weights.safetensors"
    )
