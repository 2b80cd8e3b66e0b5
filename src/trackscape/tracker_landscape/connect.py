"""Two networks -> what lies between them: on a line, after alignment, and along trained curves."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from trackscape.errors import LandscapeError
from trackscape.landscape import Surface, align, evaluate_path, path_summary, train_bezier
from trackscape.landscape.connectivity import PathSummary
from trackscape.landscape.output import add_line
from trackscape.landscape.space import Point
from trackscape.pictures import PICTURES, save_figure
from trackscape.scoring import Scorer
from trackscape.tracker_landscape.config import (
    HERE,
    Computing,
    LandscapeConfig,
    check_endings,
    load_several,
)
from trackscape.tracker_landscape.outputs import Writer, write_arrays, write_numbers, write_outputs
from trackscape.tracker_landscape.problem import LossLike, name_losses, needs_plain, unit_groups
from trackscape.training import TRAINABLE, Objective

_ENDINGS = (".json", ".npz", *PICTURES)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CurveConfig:
    """How Bezier curves are trained."""

    losses: tuple[LossLike, ...] = ()
    """Losses that a curve each is trained by; no curve if empty."""
    file: Path | None = None
    """Hits that curves are trained on; if None, the frames that they are evaluated on."""
    bends: int = 1
    """Number of control points between the ends."""
    steps: int = 500
    """Number of steps of the optimiser Adam."""
    learning_rate: float = 1e-3
    frames_per_step: int = 1
    """Number of frames whose gradients are averaged."""

    def __post_init__(self) -> None:
        for name, loss in self.objectives.items():
            if loss.smoothness == "constant":
                raise LandscapeError(
                    f"Expected curves that are trained by {', '.join(TRAINABLE)}, got {name}."
                )

    @property
    def objectives(self) -> dict[str, Objective]:
        """Losses by name."""
        return name_losses(self.losses) if self.losses else {}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConnectingPath:
    """A path from the first network to the second."""

    name: str
    control: tuple[Point, ...]
    """Control points; two of a line."""
    surface: Surface
    """Losses along the path."""

    @property
    def summaries(self) -> list[PathSummary]:
        """Barrier and connectivity, for each loss."""
        return [path_summary(self.surface, name) for name in self.surface.names]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Connection:
    """All paths between two networks."""

    paths: tuple[ConnectingPath, ...]
    distances: dict[str, float]
    """Distances of the parameters: ``plain``, and ``aligned`` if the second network was."""

    def as_dict(self) -> dict[str, Any]:
        """Returns distances, and a summary of each loss on each way, in plain values."""
        ways = {
            path.name: {summary.name: _summary_as_dict(summary) for summary in path.summaries}
            for path in self.paths
        }
        return {"distances": self.distances, "ways": ways}


def _summary_as_dict(summary: PathSummary) -> dict[str, Any]:
    places = ("barrier", "connectivity")
    return dataclasses.asdict(summary) | {name: getattr(summary, name)._asdict() for name in places}


def connect_networks(
    config: LandscapeConfig,
    weights: tuple[str, str],
    *,
    outputs: Sequence[Path] = (),
    steps: int = 25,
    aligned: bool = True,
    curve: CurveConfig | None = None,
    computing: Computing = HERE,
) -> Connection:
    """Evaluates all losses on paths between two networks, and writes files.

    These are JSON (summaries), npz (losses of each frame and control points), and pictures.
    Statistics of BatchNorm are recomputed unless the config says otherwise. If `aligned`, the
    hidden units of the second network are permuted to be like those of the first one, so that it
    computes the same with other weights; curves then end there.

    Raises:
        LandscapeError: Two architectures, equal weights, or a setting is out of range.
    """
    check_endings(outputs, known=_ENDINGS)
    if steps < 2:
        raise LandscapeError(f"Expected at least 2 steps, got {steps}.")
    first, second = load_several(weights, network=config.network)
    problem = config.problem(first, several=True)
    ways: dict[str, list[Point]] = {"line": [problem.centre, problem.space.read(second)]}
    distances = {"plain": _distance(*ways["line"])}
    if aligned:
        second = align(second, first, unit_groups(first), seed=config.seed).model
        ways["aligned line"] = [problem.centre, problem.space.read(second)]
        distances["aligned"] = _distance(*ways["aligned line"])
    ways.update(_curves(config, first, second, curve or CurveConfig(), computing))
    paths: list[ConnectingPath] = []
    for name, control in ways.items():
        work = computing.of(name.replace(" ", "-"))
        surface = evaluate_path(problem, control, steps=steps, **work)
        paths.append(ConnectingPath(name=name, control=tuple(control), surface=surface))
    found = Connection(paths=tuple(paths), distances=distances)
    _write(found, outputs, origin=config.origin(*weights))
    return found


def _curves(
    config: LandscapeConfig,
    first: Scorer,
    second: nn.Module,
    curve: CurveConfig,
    computing: Computing,
) -> Iterator[tuple[str, list[Point]]]:
    """Trains as the networks were: BatchNorm looks at each frame."""
    training = dataclasses.replace(config, file=curve.file or config.file, norm="batch")
    for name, loss in curve.objectives.items():
        plain = needs_plain(first, loss)
        problem = training.problem(first, losses=[loss], twice_differentiable=plain)
        control = train_bezier(
            problem,
            problem.centre,
            problem.space.read(second),
            bends=curve.bends,
            steps=curve.steps,
            learning_rate=curve.learning_rate,
            batches_per_step=curve.frames_per_step,
            seed=config.seed,
            progress=computing.progress,
        )
        yield f"curve of {name}", control


def _distance(a: Point, b: Point) -> float:
    return float((a - b).norm())


def _write(found: Connection, outputs: Sequence[Path], *, origin: dict[str, Any]) -> None:
    arrays: dict[str, Any] = {"names": np.array(found.paths[0].surface.names)}
    for way in found.paths:
        key = way.name.replace(" ", "_")
        arrays[f"{key}_values"] = way.surface.values
        arrays[f"{key}_control"] = np.stack([point.numpy() for point in way.control])
    content = found.as_dict() | {"origin": origin}
    writers: dict[str, Writer] = {
        ".json": lambda path: write_numbers(path, content),
        ".npz": lambda path: write_arrays(path, **arrays),
        **dict.fromkeys(PICTURES, lambda path: save_figure(draw_connection(found), path)),
    }
    write_outputs(outputs, writers=writers)


def draw_connection(found: Connection) -> Figure:
    """Draws each loss along all ways, with its standard error."""
    names = found.paths[0].surface.names
    figure = Figure(figsize=(5 * len(names), 4), layout="constrained")
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names, strict=True):
        for place, way in enumerate(found.paths):
            # The narrower the later, so that equal ways are all seen.
            width = 1.5 + 2.5 * (len(found.paths) - 1 - place)
            add_line(axes, way.surface, name, label=way.name, width=width)
        axes.set_xlabel("share of the way, t")
    figure.axes[0].legend()
    return figure
