"""What a run measured, in JSON files of one folder."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.agreement import Agreement
from benchmarks.cases import Case, Size
from benchmarks.machine import Machine
from benchmarks.memory import Memory
from benchmarks.scaling import Point
from trackscape.files import replacing

STAGES_FILE, OTHERS_FILE = "stages.json", "others.json"


class Results(NamedTuple):
    machine: Machine
    about: str
    """What was measured: files, frames."""
    times: dict[tuple[str, str, Case], float]
    """ms of each stage, of "ours", "baseline" or "variant", medians over frames and rounds."""
    sizes: dict[Case, Size]
    memory: dict[tuple[str, str, Case], Memory]
    scaling: list[Point]
    agreement: Agreement

    def time(self, stage: str, who: str, case: Case) -> float:
        """Milliseconds; NaN if it was not measured."""
        return self.times.get((stage, who, case), math.nan)

    def ratio(self, stage: str, case: Case) -> float:
        """How many times as long the baseline takes."""
        return self.time(stage, "baseline", case) / self.time(stage, "ours", case)

    def above(self, stage: str, who: str, case: Case) -> float:
        """MB of the peak above what the process had before; NaN if it was not measured."""
        memory = self.memory.get((stage, who, case))
        return math.nan if memory is None else memory.above


def write_others(
    folder: Path,
    *,
    machine: Machine,
    about: str,
    memory: dict[tuple[str, str, Case], Memory],
    scaling: Sequence[Point],
    agreement: Agreement,
) -> None:
    """Writes what is not in pytest-benchmark's own file."""
    content = {
        "machine": machine._asdict(),
        "about": about,
        "memory": [[*key, value] for key, value in memory.items()],
        "scaling": [point._asdict() for point in scaling],
        "agreement": agreement._asdict(),
    }
    with replacing(folder / OTHERS_FILE) as partial:
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")


def read_results(folder: Path) -> Results:
    times: dict[tuple[str, str, Case], float] = {}
    sizes: dict[Case, Size] = {}
    for benchmark in _load(folder / STAGES_FILE)["benchmarks"]:
        info = benchmark["extra_info"]
        case = Case(info["thickness"], info["per_frame"])
        times[info["stage"], info["who"], case] = 1e3 * benchmark["stats"]["median"]
        sizes[case] = Size(*(info[name] for name in Size._fields))
    others = _load(folder / OTHERS_FILE)
    memory = {
        (stage, who, Case(*case)): Memory(*value) for stage, who, case, value in others["memory"]
    }
    return Results(
        machine=Machine(**others["machine"]),
        about=others["about"],
        times=times,
        sizes=sizes,
        memory=memory,
        scaling=[Point(**point) for point in others["scaling"]],
        agreement=Agreement(**others["agreement"]),
    )


def _load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
