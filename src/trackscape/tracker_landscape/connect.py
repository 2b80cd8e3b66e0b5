"""Two networks -> what lies between them: on a line, after alignment, and along trained curves."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.connectivity import (
    PathSummary,
    align,
    evaluate_path,
    path_summary,
    train_bezier,
)
from trackscape.landscape.output import add_line
from trackscape.landscape.surface import Surface
from trackscape.pictures import PICTURES, save_figure
from trackscape.scoring import Scorer
from trackscape.tracker_landscape.computing import HERE, Computing
from trackscape.tracker_landscape.networks import fast_gradient, load_several
from trackscape.tracker_landscape.outputs import (
    Writer,
    check_endings,
    write_arrays,
    write_numbers,
    write_outputs,
)
from trackscape.tracker_landscape.permutations import unit_groups
from trackscape.tracker_landscape.problem import LossName
from trackscape.tracker_landscape.settings import Setting

ENDINGS = (".json", ".npz", *PICTURES)
CURVED: tuple[LossName, ...] = ("bce", "likelihood", "blackbox")
"""Losses with a gradient, that a curve can be trained by."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CurveSetting:
    """How a Bezier curve is trained."""

    losses: tuple[LossName, ...] = ()
    """One curve for each; no curve if empty."""
    file: Path | None = None
    """Hits that it is trained on; if None, the frames that it is evaluated on."""
    bends: int = 1
    """Control points between the ends."""
    steps: int = 500
    """Of the optimiser Adam."""
    learning_rate: float = 1e-3
    """Of the optimiser."""
    frames_per_step: int = 1
    """Whose gradients are averaged."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.losses if name not in CURVED]
        if unknown:
            raise LandscapeError(
                f"Expected curves that are trained by {', '.join(CURVED)}, got {unknown[0]}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Way:
    """One way from the first network to the second."""

    name: str
    control: tuple[Tensor, ...]
    """Control points (P,); two of a line."""
    surface: Surface
    """Losses along it."""

    @property
    def summaries(self) -> list[PathSummary]:
        """Barrier and connectivity, for each loss."""
        return [path_summary(self.surface, name) for name in self.surface.names]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Connection:
    """All ways between two networks."""

    ways: tuple[Way, ...]
    distances: dict[str, float]
    """Of the parameters: ``plain``, and ``aligned`` if the second network was."""

    def as_dict(self) -> dict[str, Any]:
        """Returns distances, and a summary of each loss on each way, in plain values."""
        return {
            "distances": self.distances,
            "ways": {
                way.name: {
                    summary.name: {
                        **dataclasses.asdict(summary),
                        "barrier": summary.barrier._asdict(),
                        "connectivity": summary.connectivity._asdict(),
                    }
                    for summary in way.summaries
                }
                for way in self.ways
            },
        }


def connect_networks(
    setting: Setting,
    weights: tuple[str, str],
    *,
    outputs: Sequence[Path] = (),
    steps: int = 25,
    aligned: bool = True,
    curve: CurveSetting | None = None,
    computing: Computing = HERE,
) -> Connection:
    """Evaluates all losses on ways between two networks, and writes files.

    Arguments:
        setting: Frames and losses. Statistics of BatchNorm are recomputed unless it says otherwise.
        weights: Shipped methods or files of one architecture.
        outputs: Files to write, by their endings: JSON (summaries), npz (losses of each frame and
            control points), pictures.
        steps: Points of each way, both ends included.
        aligned: Whether the second network is also aligned with the first one: its hidden units are
            permuted, so that it computes the same with other weights. Curves then end there.
        curve: Which curves are trained; none if None.
        computing: Who computes.

    Raises:
        LandscapeError: Two architectures, equal weights, or a setting is out of range.
    """
    if outputs:
        check_endings(outputs, known=ENDINGS)
    if steps < 2:
        raise LandscapeError(f"Expected at least 2 steps, got {steps}.")
    first, second = load_several(weights)
    problem = setting.problem(first, several=True)
    distances = {"plain": _distance(problem.space.read(first), problem.space.read(second))}
    ways: dict[str, list[Tensor]] = {"line": [problem.centre, problem.space.read(second)]}
    if aligned:
        second = align(second, first, unit_groups(first), seed=setting.seed).model
        ways["aligned line"] = [problem.centre, problem.space.read(second)]
        distances["aligned"] = _distance(*ways["aligned line"])
    for name, control in _curves(setting, first, second, curve or CurveSetting(), computing):
        ways[name] = control
    found_ways = [
        Way(
            name=name,
            control=tuple(control),
            surface=evaluate_path(
                problem,
                control,
                steps=steps,
                **computing.of(name.replace(" ", "-")),
            ),
        )
        for name, control in ways.items()
    ]
    found = Connection(ways=tuple(found_ways), distances=distances)
    _write(found, outputs, origin=setting.origin(*weights))
    return found


def _curves(
    setting: Setting, first: Scorer, second: nn.Module, curve: CurveSetting, computing: Computing
) -> Iterator[tuple[str, list[Tensor]]]:
    """Trains as the networks were: BatchNorm looks at each frame."""
    training = dataclasses.replace(setting, file=curve.file or setting.file, norm="batch")
    for loss in curve.losses:
        plain = not fast_gradient(first, loss)
        problem = training.problem(first, losses=[loss], twice_differentiable=plain)
        yield (
            f"curve of {loss}",
            train_bezier(
                problem,
                problem.centre,
                problem.space.read(second),
                bends=curve.bends,
                steps=curve.steps,
                learning_rate=curve.learning_rate,
                batches_per_step=curve.frames_per_step,
                seed=setting.seed,
                progress=computing.progress,
            ),
        )


def _distance(a: Tensor, b: Tensor) -> float:
    return float((a - b).norm())


def _write(found: Connection, outputs: Sequence[Path], *, origin: dict[str, Any]) -> None:
    arrays: dict[str, Any] = {"names": np.array(found.ways[0].surface.names)}
    for way in found.ways:
        key = way.name.replace(" ", "_")
        arrays[f"{key}_values"] = way.surface.values
        arrays[f"{key}_control"] = np.stack([point.numpy() for point in way.control])
    content = found.as_dict() | {"origin": origin}
    writers: dict[str, Writer] = {
        ".json": lambda path: write_numbers(path, content),
        ".npz": lambda path: write_arrays(path, **arrays),
        **{ending: lambda path: save_figure(draw_connection(found), path) for ending in PICTURES},
    }
    write_outputs(outputs, writers=writers)


def draw_connection(found: Connection) -> Figure:
    """Draws each loss along all ways, with its standard error."""
    names = found.ways[0].surface.names
    figure = Figure(figsize=(5 * len(names), 4), layout="constrained")
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
        for place, way in enumerate(found.ways):
            # The narrower the later, so that equal ways are all seen.
            width = 1.5 + 2.5 * (len(found.ways) - 1 - place)
            add_line(axes, way.surface, name, label=way.name, width=width)
        axes.set_xlabel("share of the way, t")
    figure.axes[0].legend()
    return figure
