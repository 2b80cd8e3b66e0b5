"""Run as ``python -m studies.estimators CONFIG --data FOLDER --runs FOLDER -o PAGE``."""

from pathlib import Path
from typing import Annotated

import typer

from studies.estimators.config import StudyConfig
from studies.estimators.page import write_page
from studies.estimators.summary import summarise_study
from studies.estimators.work import Places, carry_out_study, copy_archive, trained_seeds


def main(
    config: Annotated[Path, typer.Argument(help="Settings, such as configs/study/cpu.yaml.")],
    runs: Annotated[Path, typer.Option(help="Folder of the run folders.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Page whose generated parts are replaced.")
    ],
    data: Annotated[Path, typer.Option(help="Folder with the hit files.")] = Path(),
    archive: Annotated[
        Path | None, typer.Option(help="Folder that keeps what is finished.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Trainings side by side.")] = 1,
    trained_only: Annotated[
        bool, typer.Option("--trained-only", help="Train nothing: take the seeds that are there.")
    ] = False,
) -> None:
    """Train and judge what is not there yet, then fill the page and draw its figure."""
    study, places = StudyConfig.load(config), Places(data, runs, archive)
    if trained_only:
        copy_archive(study, archive, runs)
        study = trained_seeds(study, runs=runs)
    carry_out_study(study, places, workers=workers)
    write_page(study, summarise_study(study, runs=runs), output)


if __name__ == "__main__":
    typer.run(main)
