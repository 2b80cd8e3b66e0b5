"""`trackscape emulate`: networks in the place of the aerosol microphysics M7."""

import math
import statistics
from pathlib import Path
from typing import Annotated, Any

import typer

from trackscape.cli.completion import REGIMES, among, settings_of
from trackscape.cli.computing import Threads, add_verb, prepare
from trackscape.cli.options import Changes, option, written_file
from trackscape.cli.output import Json, publish, say
from trackscape.files import RUN_WEIGHTS
from trackscape.text import shown

EmulatorWeights = Annotated[
    Path, typer.Argument(metavar="WEIGHTS", help="weights.safetensors of a run folder, or m7.")
]
Runs = Annotated[
    Path, option("FILE", "Runs of the model: parquet, made by `trackscape emulate data`.", "--data")
]


def data_verb(
    output: Annotated[Path, written_file(".parquet", text="Runs to write: parquet.")],
    runs: Annotated[int, option("N", "Number of runs.", min=1)] = 10_000,
    steps: Annotated[int, option("N", "Steps of each run.", min=1)] = 4,
    regimes: Annotated[
        list[str] | None,
        option(
            "NAME",
            f"Regime of the air: {', '.join(REGIMES)}; repeat it. (default: those to train on)",
            autocompletion=among(REGIMES),
        ),
    ] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Take the regimes that are held out.")
    ] = False,
    mixed: Annotated[
        float,
        option(
            "SHARE", "Share of the air with surroundings and gas of other air.", min=0.0, max=1.0
        ),
    ] = 0.0,
    seed: Annotated[int, option("N", "Random seed.", min=0)] = 0,
    threads: Threads = None,
) -> None:
    """Run M7 with κ-Köhler water and binary nucleation, in steps of 450 s, from sampled states."""
    from trackscape.emulation.m7 import HELD_OUT, M7, TRAINING, write_m7_data
    from trackscape.progress import show_status

    prepare(threads)
    chosen = regimes or (HELD_OUT if held_out else TRAINING)
    with show_status("running M7"):
        write_m7_data(output, M7(), regimes=chosen, runs=runs, steps=steps, seed=seed, mixed=mixed)
    say(f"{shown(output)}: {runs} runs of {', '.join(chosen)}.")


def train_verb(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|NAME",
            help="Settings, or shipped ones, such as emulation/fluxes.",
            autocompletion=settings_of("emulation"),
        ),
    ],
    data: Runs,
    validation: Annotated[Path, option("FILE", "Runs that choose the best weights: parquet.")],
    runs: Annotated[Path, option("FOLDER", "Folder that gets the run folder.")] = Path("runs"),
    seed: Annotated[
        int, option("N", "Random seed of the weights and of the order of runs.", min=0)
    ] = 0,
    changes: Changes = None,
    json: Json = None,
    threads: Threads = None,
) -> None:
    """Train an emulator of M7.

    Run the same command again after an interruption: it goes on at the last validation and ends
    with the same weights.
    """
    from trackscape.emulation import EmulatorConfig, read_windows, train_emulator
    from trackscape.emulation.m7 import M7, m7_system

    prepare(threads)
    settings = EmulatorConfig.load(config, changes or ())
    trained = train_emulator(
        settings,
        m7_system(M7()),
        training=read_windows(data),
        validation=read_windows(validation),
        runs=runs,
        seed=seed,
        rest=M7(repartition=False).step,
        inputs=[data, validation],
    )
    kept = trained.folder / RUN_WEIGHTS
    publish(
        {"loss": trained.loss, "weights": kept},
        json,
        lambda: print(f"Best validation loss {trained.loss:.4f}: {shown(kept)}"),
    )


def evaluate_verb(
    weights: EmulatorWeights, data: Runs, json: Json = None, threads: Threads = None
) -> None:
    """Print how well an emulator predicts the first steps of runs, and what it makes or loses."""
    from trackscape.emulation import load_emulator, read_windows, score

    prepare(threads)
    emulator = load_emulator(weights)
    found = score(emulator, read_windows(data))
    columns = {
        name: {"r2": r2, "r2_log": r2_log, "rmse": rmse}
        for name, r2, r2_log, rmse in zip(
            emulator.system.state, found.r2, found.r2_log, found.rmse, strict=True
        )
    }
    content = {
        "columns": columns,
        "worst_mass": found.worst_mass,
        "negative_share": found.negative_share,
    }
    publish(content, json, lambda: _print_scores(content))


def _print_scores(content: dict[str, Any]) -> None:
    print(f"{'':8}{'R²':>9}{'R² log':>9}{'RMSE':>9}")
    for name, each in content["columns"].items():
        print(f"{name:8}{each['r2']:9.4f}{each['r2_log']:9.4f}{each['rmse']:9.4f}")
    # R² has no meaning for what never changes in these runs.
    moving = [each for each in content["columns"].values() if math.isfinite(each["r2"])]
    if moving:
        r2, r2_log = (statistics.fmean(each[name] for each in moving) for name in ("r2", "r2_log"))
        print(f"Mean R² of {len(moving)} columns {r2:.4f}, in the logarithm {r2_log:.4f}.")
    print(f"Largest relative error of a species in a cell: {content['worst_mass']:.1e}.")
    print(f"Negative values: {100 * content['negative_share']:.3g} %.")


def rollout_verb(
    weights: EmulatorWeights,
    data: Runs,
    output: Annotated[Path, written_file(".npz", text="States to write: npz.")],
    steps: Annotated[int, option("N", "Steps of 450 s.", min=1)] = 1920,
    keep: Annotated[int, option("N", "Every how many steps states are kept.", min=1)] = 48,
    cells: Annotated[int, option("N", "First runs of the data that are taken.", min=1)] = 200,
    json: Json = None,
    threads: Threads = None,
) -> None:
    """Run an emulator on its own states, beside M7, for ten days if not said otherwise."""
    from trackscape.emulation import compare_long_runs, load_emulator, read_windows
    from trackscape.emulation.m7 import M7
    from trackscape.progress import progress_bar

    prepare(threads)
    windows = read_windows(data)
    first = windows.part(slice(0, cells))
    with progress_bar("steps", total=steps // keep) as advance:
        found = compare_long_runs(
            load_emulator(weights), M7().run, first, steps=steps, keep=keep, progress=advance
        )
    found.write(output)
    cells = len(first)
    errors = found.median_errors()

    def show() -> None:
        say(f"{shown(output)}: {len(found.step) - 1} times {cells} cells.")
        for name, error in errors.items():
            print(f"{name:8}{100 * error:8.1f} %")
        print("Median relative error at the end.")

    content = {"steps": found.step[-1], "cells": cells, "median_errors": errors}
    publish(content, json, show)


app = typer.Typer(
    no_args_is_help=True,
    help="Networks in the place of the aerosol microphysics M7, exact in mass.",
)
for verb, then in {
    data_verb: "Nothing was written.",
    train_verb: "Run the same command again to go on.",
    evaluate_verb: "Nothing was written.",
    rollout_verb: "Nothing was written.",
}.items():
    add_verb(app, verb, then=then)
