"""Run as ``python -m studies.estimators CONFIG --data FOLDER --runs FOLDER -o PAGE``."""

from pathlib import Path
from typing import Annotated

import typer

from studies.estimators.config import StudyConfig
from studies.estimators.page import write_page
from studies.estimators.summary import summarise_study
from studies.estimators.work import carry_out_study


def main(
    config: Annotated[Path, typer.Argument(help="Settings, such as configs/study/cpu.yaml.")],
    runs: Annotated[Path, typer.Option(help="Folder of the run folders.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Page whose generated parts are replaced.")
    ],
    data: Annotated[Path, typer.Option(help="Folder with the hit files.")] = Path(),
    workers: Annotated[int, typer.Option(min=1, help="Trainings side by side.")] = 1,
    report_only: Annotated[bool, typer.Option("--report-only", help="Train nothing.")] = False,
) -> None:
    """Train what was not trained yet, then fill the tables of the page and draw its figure."""
    study = StudyConfig.load(config)
    if not report_only:
        carry_out_study(study, data=data, runs=runs, workers=workers)
    write_page(study, summarise_study(study, runs=runs), output)


if __name__ == "__main__":
    typer.run(main)
