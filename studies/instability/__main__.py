"""Does it matter for the image which seed a tracker was trained with? A page and a picture.

Run as ``python -m studies.instability configs/landscape/full.yaml SCAN --data A --runs B -o
docs/studies/instability.md``: all finished trainings of the plan, and those with the costs of the
image, reconstruct a scan of CTP404 that has trained nothing. What was measured is kept in the
folder of runs and not measured again.
"""

import functools
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from studies.instability.measure import RULES, Case, cases_of, measure
from studies.instability.numbers import Seeds, read_seeds
from studies.instability.page import (
    draw_maps,
    fewest_seeds,
    registered,
    rsp_table,
    spread_table,
)
from studies.jobs import run_tasks
from studies.markdown import replace_parts
from studies.registered import write_figures
from studies.trainings import load_plan
from trackscape.assignment import Assigner
from trackscape.simulation import read_scan

DENSITIES = (50, 100, 150)
MAIN = 100
"""Protons a frame of the registered findings."""


def further_cases(folder: Path | None) -> list[Case]:
    """Returns the trainings whose weights, ``LOSS-sSEED.safetensors``, lie in a folder."""
    files = [] if folder is None else sorted(folder.glob("*-s*.safetensors"))
    ends = Assigner(semantics="with_unmatched", unmatched_cost=0.5)
    named = [(path, *path.stem.rsplit("-s", 1)) for path in files]
    return [Case(loss, int(seed), path, ends, RULES[0], MAIN) for path, loss, seed in named]


def read_groups(cases: Sequence[Case], folder: Path) -> list[Seeds]:
    """Returns the measurements, seeds of the same setting, rule and density together."""

    def group(case: Case) -> tuple[str, str, int]:
        return case.setting, case.rule, case.per_frame

    return [read_seeds(list(of), folder) for _, of in itertools.groupby(cases, group)]


def main(
    config: Annotated[Path, typer.Argument(help="Plan, such as configs/landscape/full.yaml.")],
    scan: Annotated[Path, typer.Argument(help="Folder of a scan of CTP404.")],
    runs: Annotated[Path, typer.Option(help="Folder of the run folders.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Page whose generated parts are replaced.")
    ],
    data: Annotated[Path, typer.Option(help="Folder with the hit files.")] = Path(),
    further: Annotated[Path | None, typer.Option(help="Folder of further weights.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes side by side.")] = 1,
    figures: Annotated[
        Path | None, typer.Option(help="File for the numbers of registered findings.")
    ] = None,
) -> None:
    """Measure what is not there yet, then fill the page and draw its picture."""
    plan, judged = load_plan(config), read_scan(scan)
    cases = [*cases_of(plan, runs, DENSITIES, main=MAIN), *further_cases(further)]
    folder = runs / f"{plan.name}-instability"
    folder.mkdir(parents=True, exist_ok=True)
    left = [case for case in cases if not case.file(folder).exists()]
    do = functools.partial(measure, scan=judged, plan=plan, data=data, folder=folder)
    run_tasks(do, left, workers=workers, before=len(cases) - len(left))
    cases.sort(key=lambda case: (case.per_frame, case.rule))  # settings keep their order
    found, first = read_groups(cases, folder), plan.settings[0].name
    parts = {"spread": spread_table(found), "rsp": rsp_table(found, first)}
    replace_parts(output, parts)
    planned = {setting.name for setting in plan.settings}
    shown = [each for each in found if (each.per_frame, each.rule) == (MAIN, RULES[0])]
    shown = [each for each in shown if each.setting in planned]
    draw_maps(shown, output.parents[1] / "images" / "instability.png")
    if figures is not None:
        numbers = registered(found, first, at=MAIN)
        write_figures(figures, numbers, seeds=fewest_seeds(shown))


if __name__ == "__main__":
    typer.run(main)
