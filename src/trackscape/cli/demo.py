"""`trackscape demo`: everything once, in some minutes."""

from pathlib import Path
from typing import Annotated

import typer

from trackscape.cli.computing import Threads, prepare
from trackscape.text import shown


def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder with your own *_train and *_val hit files; default: the shipped sample.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the report.")
    ] = Path("demo"),
    threads: Threads = None,
) -> None:
    """Train through the assignment, evaluate, and write a report."""
    from trackscape.demo import run_demo
    from trackscape.files import check_place

    prepare(threads)
    check_place(output / "report.html")
    report = run_demo(data=data, output=output)
    print(f"Report: {shown(report)}")
