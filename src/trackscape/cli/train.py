"""`trackscape train` and `demo`: settings and hit files to weights."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.completion import settings_of
from trackscape.cli.computing import Threads, prepare
from trackscape.cli.options import Changes, option
from trackscape.cli.output import Json, publish, say
from trackscape.files import RUN_WEIGHTS
from trackscape.text import shown


def train_verb(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|NAME",
            help="Training settings, or shipped ones, such as cpu/trackscape.",
            autocompletion=settings_of("cpu", "paper"),
        ),
    ],
    data: Annotated[Path, option("FOLDER", "Folder with the hit files that the settings name.")],
    runs: Annotated[Path, option("FOLDER", "Folder that gets the run folder.")] = Path("runs"),
    weights: Annotated[
        Path | None, option("FILE", "Weights to start from, instead of random ones.")
    ] = None,
    seed: Annotated[
        int, option("N", "Random seed of the weights and of the order of frames.", min=0)
    ] = 0,
    changes: Changes = None,
    json: Json = None,
    threads: Threads = None,
) -> None:
    """Train a network, without or through the assignment.

    Run the same command again after an interruption: it goes on at the last validation and ends
    with the same weights.
    """
    from trackscape.training.config import TrainingConfig
    from trackscape.training.train import train

    prepare(threads)
    settings = TrainingConfig.load(config, changes or ())
    trained = train(settings, data=data, runs=runs, seed=seed, weights=weights)
    kept = trained.folder / RUN_WEIGHTS
    publish(
        {"purity": trained.purity, "weights": kept},
        json,
        lambda: print(f"Best validation purity {100 * trained.purity:.2f} %: {shown(kept)}"),
    )


def demo_verb(
    data: Annotated[
        Path | None,
        option(
            "FOLDER",
            "Folder with your own *_train and *_val hit files. (default: the shipped sample)",
        ),
    ] = None,
    output: Annotated[Path, option("FOLDER", "Folder for the report.", "--output", "-o")] = Path(
        "demo"
    ),
    threads: Threads = None,
) -> None:
    """Train through the assignment, evaluate, and write a report."""
    from trackscape.demo import run_demo
    from trackscape.files import check_place

    prepare(threads)
    check_place(output / "report.html")
    report = run_demo(data=data, output=output)
    say(f"Report: {shown(report)}")
