"""Network + frames -> how its landscape curves: eigenvalues, their density, the trace."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor, nn

from trackscape.assignment import by_region, cross_entropy_loss
from trackscape.data import EdgeScores, HitGraph
from trackscape.errors import LandscapeError
from trackscape.landscape.curvature import (
    Density,
    Eigenpairs,
    Operator,
    TraceEstimate,
    empirical_fisher,
    exact_hessian,
    finite_difference_hessian,
    gauss_newton,
    spectral_density,
    top_eigenpairs,
    trace,
)
from trackscape.landscape.problem import Problem
from trackscape.pictures import PICTURES, save_figure
from trackscape.progress import show_status
from trackscape.scoring import Scorer
from trackscape.tracker_landscape.computing import HERE, Computing
from trackscape.tracker_landscape.networks import fast_gradient, load_weights
from trackscape.tracker_landscape.outputs import (
    Writer,
    check_choice,
    check_endings,
    write_arrays,
    write_numbers,
    write_outputs,
)
from trackscape.tracker_landscape.problem import LossName
from trackscape.tracker_landscape.settings import Setting
from trackscape.training.frames import Example

Kind = Literal["hessian", "difference", "gauss-newton", "fisher"]
"""``hessian``: exact, of a smooth loss. ``difference``: of the gradient over a distance, also that
of ``blackbox``. ``gauss-newton``: of ``bce`` for a linearised network. ``fisher``: spread of the
gradients of frames."""
ENDINGS = (".json", ".npz", *PICTURES)
DENSITY_STEPS = 30
"""Products for each random vector of the density: enough for its shape at the width it is drawn."""
PIECEWISE: tuple[LossName, ...] = ("blackbox", "hamming", "errors", "missed")
"""Losses whose own second derivative is zero almost everywhere."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Curvature:
    """What was found at one point."""

    loss: LossName
    eigenpairs: Eigenpairs
    trace: TraceEstimate
    density: Density

    def as_dict(self) -> dict[str, Any]:
        """Returns all but the eigenvectors, in plain values."""
        curves = ("grid", "mean", "low", "high")
        return {
            "loss": self.loss,
            "kind": self.eigenpairs.kind,
            "parameters": self.density.size,
            "eigenvalues": self.eigenpairs.values.tolist(),
            "residuals": self.eigenpairs.residuals.tolist(),
            "products": self.eigenpairs.num_matvecs,
            "trace": {
                "products" if name == "num_matvecs" else name: value
                for name, value in dataclasses.asdict(self.trace).items()
            },
            "density": {
                **{name: getattr(self.density, name).tolist() for name in curves},
                "width": self.density.width,
            },
        }


def measure_curvature(
    setting: Setting,
    weights: str,
    *,
    outputs: tuple[Path, ...] = (),
    kind: Kind = "hessian",
    step: float = 1e-3,
    eigenvalues: int = 5,
    products: int = 30,
    probes: int = 4,
    computing: Computing = HERE,
) -> Curvature:
    """Measures the curvature of the first loss at the weights of a network, and writes files.

    Arguments:
        setting: Frames and losses.
        weights: A shipped method or a file of weights.
        outputs: Files to write: JSON (all numbers), npz (eigenvectors, too), a picture.
        kind: Which matrix.
        step: Distance of ``difference``, relative to the length of the parameters.
        eigenvalues: How many, the largest by magnitude.
        products: With vectors, for the trace.
        probes: Random vectors for the density.
        computing: Who computes the density.

    Raises:
        LandscapeError: The loss has no such curvature, or a setting is out of range.
    """
    if outputs:
        check_endings(outputs, known=ENDINGS)
    scorer = load_weights(weights)
    recipe = operator_factory(setting, scorer, kind=kind, step=step)
    operator, show = recipe(), show_status if computing.progress else contextlib.nullcontext
    with show("largest eigenvalues"):
        eigenpairs = top_eigenpairs(operator, eigenvalues, seed=setting.seed)
    with show("trace"):
        estimate = trace(operator, num_matvecs=products, seed=setting.seed)
    found = Curvature(
        loss=setting.losses_of(scorer)[0],
        eigenpairs=eigenpairs,
        trace=estimate,
        density=spectral_density(
            recipe,
            probes=probes,
            steps=DENSITY_STEPS,
            seed=setting.seed,
            **computing.of("density"),
        ),
    )
    _write(found, outputs, origin=setting.origin(weights))
    return found


def operator_factory(
    setting: Setting, scorer: Scorer, *, kind: Kind, step: float = 1e-3
) -> Callable[[], Operator]:
    """Returns what makes the matrix of a kind; picklable.

    Raises:
        LandscapeError: The first loss has no such matrix.
    """
    check_choice(kind, of=get_args(Kind), what="kind")
    loss = setting.losses_of(scorer)[0]
    if kind in ("hessian", "gauss-newton") and loss in PIECEWISE:
        raise LandscapeError(
            f"Expected a smooth loss for {kind}, got {loss}, which is piecewise constant; choose "
            "bce or likelihood, or kind difference for the gradient of blackbox."
        )
    if kind == "gauss-newton" and loss != "bce":
        raise LandscapeError(f"Expected the loss bce for gauss-newton, got {loss}.")
    plain = kind in ("hessian", "gauss-newton") or not fast_gradient(scorer, loss)
    problem = setting.problem(scorer, losses=[loss], twice_differentiable=plain)
    return functools.partial(_MAKERS[kind], problem, step)


def _hessian(problem: Problem, _: float) -> Operator:
    return exact_hessian(problem)


def _difference(problem: Problem, step: float) -> Operator:
    return finite_difference_hessian(problem, step=step)


def _gauss_newton(problem: Problem, _: float) -> Operator:
    return gauss_newton(problem, outputs=edge_logits, loss=edge_cross_entropy)


def _fisher(problem: Problem, _: float) -> Operator:
    return empirical_fisher(problem)


_MAKERS: dict[Kind, Callable[[Problem, float], Operator]] = {
    "hessian": _hessian,
    "difference": _difference,
    "gauss-newton": _gauss_newton,
    "fisher": _fisher,
}


def edge_logits(scorer: nn.Module, example: Example) -> Tensor:
    """Returns the log odds of the edges of a frame, (E,)."""
    return cast(EdgeScores, scorer(example.graph)).logit


def edge_cross_entropy(logit: Tensor, example: Example) -> Tensor:
    """Returns the cross-entropy ``bce`` of log odds (E,) of a frame."""
    prepared = example.graph
    graph = prepared if isinstance(prepared, HitGraph) else prepared.hit_graph
    return by_region(cross_entropy_loss, logit, example.label, graph=graph)


def _write(found: Curvature, outputs: tuple[Path, ...], *, origin: dict[str, Any]) -> None:
    density, pairs = found.density, found.eigenpairs
    writers: dict[str, Writer] = {
        ".json": lambda path: write_numbers(path, found.as_dict() | {"origin": origin}),
        ".npz": lambda path: write_arrays(
            path,
            eigenvalues=pairs.values.numpy(),
            eigenvectors=pairs.vectors.numpy(),
            residuals=pairs.residuals.numpy(),
            density_grid=density.grid,
            density=np.stack([density.low, density.mean, density.high]),
            kind=np.array(pairs.kind),
        ),
        **{ending: lambda path: save_figure(draw_curvature(found), path) for ending in PICTURES},
    }
    write_outputs(outputs, writers=writers)


def draw_curvature(found: Curvature) -> Figure:
    """Draws the density of eigenvalues with its band, and the largest ones as marks."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes, density = figure.subplots(), found.density
    # The curve spans orders of magnitude; below one eigenvalue in all of them it says nothing.
    least = 1e-2 / (density.size * density.width)
    axes.fill_between(
        density.grid, np.maximum(density.low, least), np.maximum(density.high, least), alpha=0.3
    )
    axes.plot(density.grid, np.maximum(density.mean, least))
    values = found.eigenpairs.values.numpy()
    axes.plot(values, np.full(len(values), least), "|", color="C3", ms=12, label="largest")
    axes.set_yscale("log")
    axes.set_ylim(least, 3 * density.high.max())
    axes.set_xlabel(f"eigenvalue: {density.kind}, {found.loss}")
    axes.set_ylabel("density")
    axes.legend()
    return figure
