"""A folder <-> what a training decided on frames, edge by edge."""

import dataclasses
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trackscape.errors import RunError
from trackscape.evaluation import FrameCounts
from trackscape.files import replacing

COUNTS, CHOSEN = "counts.json", "chosen.npz"


class Decisions(NamedTuple):
    """What was decided on the frames of all files, at one density."""

    counts: dict[str, list[FrameCounts]]
    """Counts of each frame by decision rule: ``half`` for the unmatched cost 0.5, ``tuned`` for the
    tuned one, ``card`` for the maximum cardinality."""
    chosen: Tensor
    """(E,) bool. Whether an edge, of all frames, is chosen at the tuned cost."""


def write_decisions(folder: Path, decisions: dict[int, Decisions]) -> None:
    """Keeps decisions at each number of primaries per frame; the counts come last."""
    with replacing(folder / CHOSEN) as partial, partial.open("wb") as file:
        bits = {str(density): np.packbits(each.chosen) for density, each in decisions.items()}
        np.savez_compressed(file, allow_pickle=False, **bits)
    content = {
        str(density): {name: _columns(counts) for name, counts in each.counts.items()}
        for density, each in decisions.items()
    }
    with replacing(folder / COUNTS) as partial:
        partial.write_text(json.dumps(content), encoding="utf-8")


def read_decisions(folder: Path) -> dict[int, Decisions]:
    """Returns what `write_decisions` wrote.

    Raises:
        RunError: If the run was not judged.
    """
    decisions: dict[int, Decisions] = {}
    content = read_result(folder / COUNTS)
    with np.load(folder / CHOSEN, allow_pickle=False) as bits:
        for density, by_name in content.items():
            counts = {name: _counts(columns) for name, columns in by_name.items()}
            n_edges = sum(each.true_edges + each.false_edges for each in counts["tuned"])
            chosen = torch.from_numpy(np.unpackbits(bits[density], count=n_edges)).bool()
            decisions[int(density)] = Decisions(counts=counts, chosen=chosen)
    return decisions


def wrong_edges(counts: list[FrameCounts]) -> Tensor:
    """(F,) Wrong decisions of each frame."""
    return torch.tensor(
        [each.true_edges - each.selected_true_edges + each.selected_false_edges for each in counts]
    ).double()


def edges(counts: list[FrameCounts]) -> Tensor:
    """(F,) Edges of each frame."""
    return torch.tensor([each.true_edges + each.false_edges for each in counts]).double()


def _columns(counts: list[FrameCounts]) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(FrameCounts)]
    return {name: [getattr(each, name) for each in counts] for name in names}


def _counts(columns: dict[str, Any]) -> list[FrameCounts]:
    rows = zip(*columns.values(), strict=True)
    return [FrameCounts(**dict(zip(columns, map(_tuple, row), strict=True))) for row in rows]


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def read_result(path: Path) -> Any:
    """Returns the content of a JSON file that a finished run holds.

    Raises:
        RunError: It is not there.
    """
    check_there(path)
    return json.loads(path.read_text(encoding="utf-8"))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Returns all arrays of a ``.npz`` file that a finished run holds.

    Raises:
        RunError: It is not there.
    """
    check_there(path)
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def check_there(path: Path) -> None:
    """Raises a RunError if the result of a run is missing."""
    if not path.exists():
        raise RunError(
            f"{path}: expected the result of a finished run, but it is not there. Run the study "
            "without --report-only; what is done is not done again."
        )
