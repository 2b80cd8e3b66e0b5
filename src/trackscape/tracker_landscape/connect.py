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
from trackscape.tracker_landscape.networks import load_several, unit_groups
from trackscape.tracker_landscape.outputs import (
    Writer,
    check_endings,
    write_arrays,
    write_numbers,
    write_outputs,
)
from trackscape.tracker_landscape.problem import (
    LandscapeConfig,
    LossLike,
    name_losses,
    needs_plain,
)
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
    """Learning rate of the optimiser."""
    frames_per_step: int = 1
    """Number of frames whose gradients are averaged."""

    def __post_init__(self) -> None:
        for name, loss in self.objectives.items():
            if loss.kind not in TRAINABLE:
                raise LandscapeError(
                    f"Expected curves that are trained by {', '.join(TRAINABLE)}, got {name}."
                )

    @property
    def objectives(self) -> dict[str, Objective]:
        """The losses by name."""
        return name_losses(self.losses) if self.losses else {}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConnectingPath:
    """A path from the first network to the second."""

    name: str
    control: tuple[Tensor, ...]
    """Control points (P,); two of a line."""
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
                for way in self.paths
            },
        }


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
    """Evaluates all losses on ways between two networks, and writes files.

    Arguments:
        config: Frames and losses. Statistics of BatchNorm are recomputed unless it says otherwise.
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
        check_endings(outputs, known=_ENDINGS)
    if steps < 2:
        raise LandscapeError(f"Expected at least 2 steps, got {steps}.")
    first, second = load_several(weights, network=config.network)
    problem = config.problem(first, several=True)
    distances = {"plain": _distance(problem.space.read(first), problem.space.read(second))}
    ways: dict[str, list[Tensor]] = {"line": [problem.centre, problem.space.read(second)]}
    if aligned:
        second = align(second, first, unit_groups(first), seed=config.seed).model
        ways["aligned line"] = [problem.centre, problem.space.read(second)]
        distances["aligned"] = _distance(*ways["aligned line"])
    for name, control in _curves(config, first, second, curve or CurveConfig(), computing):
        ways[name] = control
    found_paths = [
        ConnectingPath(
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
    found = Connection(paths=tuple(found_paths), distances=distances)
    _write(found, outputs, origin=config.origin(*weights))
    return found


def _curves(
    config: LandscapeConfig,
    first: Scorer,
    second: nn.Module,
    curve: CurveConfig,
    computing: Computing,
) -> Iterator[tuple[str, list[Tensor]]]:
    """Trains as the networks were: BatchNorm looks at each frame."""
    training = dataclasses.replace(config, file=curve.file or config.file, norm="batch")
    for name, loss in curve.objectives.items():
        plain = needs_plain(first, loss)
        problem = training.problem(first, losses=[loss], twice_differentiable=plain)
        yield (
            f"curve of {name}",
            train_bezier(
                problem,
                problem.centre,
                problem.space.read(second),
                bends=curve.bends,
                steps=curve.steps,
                learning_rate=curve.learning_rate,
                batches_per_step=curve.frames_per_step,
                seed=config.seed,
                progress=computing.progress,
            ),
        )


def _distance(a: Tensor, b: Tensor) -> float:
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
        **{ending: lambda path: save_figure(draw_connection(found), path) for ending in PICTURES},
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
