"""`trackscape tune`: ranges of settings to the best ones."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.completion import settings_of
from trackscape.cli.computing import Threads, prepare
from trackscape.cli.opening import choose_executor
from trackscape.cli.options import Changes, ExecutorName, option, written_file
from trackscape.cli.output import Json, publish, say
from trackscape.text import shown


def tune_verb(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|NAME",
            help="What is tuned, and in which ranges, or shipped settings, such as tuning/kalman.",
            autocompletion=settings_of("tuning"),
        ),
    ],
    data: Annotated[Path, option("FOLDER", "Folder with the hit files that the settings name.")],
    storage: Annotated[
        str,
        option("URL", "Where trials are kept: sqlite:///FILE, another database, or a FILE.log."),
    ],
    output: Annotated[
        Path, written_file(".yaml", ".yml", text="Best settings to write: yaml; a picture beside.")
    ],
    trials: Annotated[int, option("N", "Complete trials in all.", min=1)] = 100,
    runs: Annotated[Path, option("FOLDER", "For a training: folder of the run folders.")] = Path(
        "runs"
    ),
    workers: Annotated[int, option("N", "Trials that run side by side.", min=1)] = 1,
    executor: ExecutorName = "processes",
    changes: Changes = None,
    json: Json = None,
    threads: Threads = None,
) -> None:
    """Tune settings of a tracker or a training, by Bayesian optimisation.

    Run the same command again after an interruption, or with more --trials: it goes on. Needs the
    extra tuning; Optuna's dashboard shows the storage.
    """
    from trackscape.files import check_place, replacing
    from trackscape.pictures import save_figure
    from trackscape.tracker_tuning import TuningConfig, tune
    from trackscape.tuning import draw_tuning

    prepare(threads)
    settings = TuningConfig.load(config, changes or ())
    check_place(picture := output.with_suffix(".png"))
    found = tune(
        settings,
        data=data,
        storage=storage,
        trials=trials,
        runs=runs,
        executor=choose_executor(executor, workers),
    )
    with replacing(output) as partial:
        partial.write_text(found.as_yaml(), encoding="utf-8")
    drawn = found.trials >= 5
    if drawn:
        save_figure(draw_tuning(found.optimizer, maximised=True, value_name="score"), picture)

    def show() -> None:
        print(f"Best score {100 * found.score:.2f} % of {found.trials} trials: {shown(output)}")
        for name, value in found.values.items():
            print(f"  {name}: {value:.6g}" if isinstance(value, float) else f"  {name}: {value}")
        if drawn:
            say(shown(picture))

    content = {"score": found.score, "trials": found.trials, "settings": found.values}
    publish(content, json, show)
