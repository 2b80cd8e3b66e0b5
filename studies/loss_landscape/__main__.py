"""Run as ``python -m studies.loss_landscape CONFIG --data A --runs B -o PAGE``."""

from pathlib import Path
from typing import Annotated

import typer

from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.page import write_page
from studies.loss_landscape.registered import registered_figures
from studies.loss_landscape.summary import summarise_study
from studies.loss_landscape.work import carry_out_study
from studies.registered import write_figures
from studies.trainings import copy_finished


def main(
    config: Annotated[Path, typer.Argument(help="Settings, such as configs/landscape/cpu.yaml.")],
    runs: Annotated[Path, typer.Option(help="Folder of the run folders.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Page whose generated parts are replaced.")
    ],
    data: Annotated[Path, typer.Option(help="Folder with the hit files.")] = Path(),
    workers: Annotated[int, typer.Option(min=1, help="Processes side by side.")] = 1,
    report_only: Annotated[bool, typer.Option("--report-only", help="Measure nothing.")] = False,
    trained_only: Annotated[
        bool, typer.Option("--trained-only", help="Train nothing: take the seeds that are there.")
    ] = False,
    archive: Annotated[
        Path | None, typer.Option(help="Folder that keeps trainings, and what took long.")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="File for the numbers of registered findings.")
    ] = None,
) -> None:
    """Train and measure what is not there yet, then fill the page and draw its figures."""
    study = StudyConfig.load(config)
    if archive is not None:
        copy_finished(study, archive, runs)
    if trained_only:
        study = study.trained(runs)
    if not report_only:
        training = not trained_only
        carry_out_study(
            study, data=data, runs=runs, workers=workers, training=training, archive=archive
        )
    summary = summarise_study(study, runs=runs)
    write_page(study, summary, output)
    if figures is not None:
        write_figures(figures, registered_figures(study, summary), seeds=len(study.seeds))


if __name__ == "__main__":
    typer.run(main)
