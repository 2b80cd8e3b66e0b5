"""`trackscape landscape study`: landscapes of many trainings."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.options import written_file
from trackscape.text import shown


def study(
    config: Annotated[
        Path, typer.Argument(metavar="FILE", help="Settings, such as configs/landscape/cpu.yaml.")
    ],
    runs: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the run folders.")],
    output: Annotated[Path, written_file(".md", text="Page to write: md.")],
    data: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder with the hit files.")
    ] = Path(),
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="Runs side by side.")] = 1,
    report_only: Annotated[bool, typer.Option("--report-only", help="Compute nothing.")] = False,
) -> None:
    """Compare the landscapes of many trainings, and write a page."""
    from trackscape.experiments.landscape_study.config import StudyConfig
    from trackscape.experiments.landscape_study.page import write_page
    from trackscape.experiments.landscape_study.summary import summarise_study
    from trackscape.experiments.landscape_study.work import carry_out_study

    settings = StudyConfig.load(config)
    if not report_only:
        carry_out_study(settings, data=data, runs=runs, workers=workers)
    write_page(settings, summarise_study(settings, runs=runs), output)
    print(shown(output))
