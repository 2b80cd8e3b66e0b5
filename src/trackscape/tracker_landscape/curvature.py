"""Network + frames -> how its landscape curves: eigenvalues, their density, the trace."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor, nn

from trackscape.assignment import Assigner
from trackscape.data import EdgeScores
from trackscape.errors import LandscapeError
from trackscape.landscape import curvature
from trackscape.pictures import PICTURES, save_figure
from trackscape.progress import show_status
from trackscape.scoring import Scorer
from trackscape.tracker_landscape.config import (
    HERE,
    Computing,
    LandscapeConfig,
    check_choice,
    check_endings,
    load_weights,
)
from trackscape.tracker_landscape.outputs import Writer, write_arrays, write_numbers, write_outputs
from trackscape.tracker_landscape.problem import needs_plain
from trackscape.training import CrossEntropy, Example

Kind = Literal["hessian", "difference", "gauss-newton", "fisher"]
"""``hessian``: exact, of a smooth loss. ``difference``: difference of gradients over a distance, of
any loss with a gradient. ``gauss-newton``: Hessian of ``cross_entropy`` for a linearised network.
``fisher``: spread of the gradients of frames."""
_ENDINGS = (".json", ".npz", *PICTURES)
DENSITY_STEPS = 30
"""Products for each random vector of the density: enough for its shape at the width it is drawn."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Curvature:
    """What was found at one point."""

    loss: str
    """Name of the loss."""
    eigenpairs: curvature.Eigenpairs
    trace: curvature.TraceEstimate
    density: curvature.Density

    def as_dict(self) -> dict[str, Any]:
        """Returns all but the eigenvectors, in plain values."""
        density = self.density
        curves = ("grid", "mean", "low", "high")
        return {
            "loss": self.loss,
            "kind": self.eigenpairs.kind,
            "parameters": density.size,
            "eigenvalues": self.eigenpairs.values.tolist(),
            "residuals": self.eigenpairs.residuals.tolist(),
            "products": self.eigenpairs.num_matvecs,
            "trace": {
                "products" if name == "num_matvecs" else name: value
                for name, value in dataclasses.asdict(self.trace).items()
            },
            "density": {
                **{name: getattr(density, name).tolist() for name in curves},
                "width": density.width,
            },
        }


def measure_curvature(
    config: LandscapeConfig,
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

    These are JSON (all numbers), npz (eigenvectors, too), and pictures. Products are those for the
    trace, probes random vectors for the density; see `operator_factory` for kind and step.

    Raises:
        LandscapeError: The loss has no such curvature, or a setting is out of range.
    """
    check_endings(outputs, known=_ENDINGS)
    scorer = load_weights(weights, network=config.network)
    factory = operator_factory(config, scorer, kind=kind, step=step)
    operator, show = factory(), show_status if computing.progress else contextlib.nullcontext
    with show("largest eigenvalues"):
        eigenpairs = curvature.top_eigenpairs(operator, eigenvalues, seed=config.seed)
    with show("trace"):
        estimate = curvature.trace(operator, num_matvecs=products, seed=config.seed)
    density = curvature.spectral_density(
        factory, probes=probes, steps=DENSITY_STEPS, seed=config.seed, **computing.of("density")
    )
    loss = next(iter(config.losses_of(scorer)))
    found = Curvature(loss=loss, eigenpairs=eigenpairs, trace=estimate, density=density)
    _write(found, outputs, origin=config.origin(weights))
    return found


def operator_factory(
    config: LandscapeConfig, scorer: Scorer, *, kind: Kind, step: float = 1e-3
) -> Callable[[], curvature.Operator]:
    """Returns what makes the matrix of a kind, which the first loss must have; picklable.

    The step is that of ``difference``, relative to the length of the parameters.
    """
    check_choice(kind, of=get_args(Kind), what="kind")
    name, loss = next(iter(config.losses_of(scorer).items()))
    twice = kind in ("hessian", "gauss-newton")
    if twice and loss.smoothness != "smooth":
        steps = "linear" if loss.smoothness == "piecewise" else "constant"
        raise LandscapeError(
            f"Expected a smooth loss for {kind}, got {name}, which is piecewise {steps} in the "
            f"costs; choose {scorer.default_objective}, or kind difference for its gradient."
        )
    if kind == "gauss-newton" and loss != CrossEntropy():
        raise LandscapeError(f"Expected the loss cross_entropy for gauss-newton, got {name}.")
    plain = twice or needs_plain(scorer, loss)
    problem = config.problem(scorer, losses=[loss], twice_differentiable=plain)
    makers: dict[Kind, Callable[[], curvature.Operator]] = {
        "hessian": functools.partial(curvature.exact_hessian, problem),
        "difference": functools.partial(curvature.finite_difference_hessian, problem, step=step),
        "gauss-newton": functools.partial(
            curvature.gauss_newton, problem, outputs=edge_logits, loss=edge_cross_entropy
        ),
        "fisher": functools.partial(curvature.empirical_fisher, problem),
    }
    return makers[kind]


def edge_logits(scorer: nn.Module, example: Example) -> Float[Tensor, " edges"]:
    """Returns the log odds of the edges of a frame."""
    return cast(EdgeScores, scorer(example.graph)).logit


def edge_cross_entropy(logit: Float[Tensor, " edges"], example: Example) -> Float[Tensor, ""]:
    """Returns the cross-entropy of log odds of a frame."""
    scores = EdgeScores(graph=example.hit_graph, logit=logit)
    return CrossEntropy()(scores, example.label, assigner=Assigner(), frame=0)


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
        **dict.fromkeys(PICTURES, lambda path: save_figure(draw_curvature(found), path)),
    }
    write_outputs(outputs, writers=writers)


def draw_curvature(found: Curvature) -> Figure:
    """Draws the density of eigenvalues with its band, and the largest ones as marks."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes, density = figure.subplots(), found.density
    # The curve spans orders of magnitude; below one eigenvalue in all of them it says nothing.
    least = 1e-2 / (density.size * density.width)
    low, mean, high = np.maximum([density.low, density.mean, density.high], least)
    axes.fill_between(density.grid, low, high, alpha=0.3)
    axes.plot(density.grid, mean)
    values = found.eigenpairs.values.numpy()
    axes.plot(values, np.full(len(values), least), "|", color="C3", ms=12, label="largest")
    axes.set_yscale("log")
    axes.set_ylim(least, 3 * density.high.max())
    axes.set_xlabel(f"eigenvalue: {density.kind}, {found.loss}")
    axes.set_ylabel("density")
    axes.legend()
    return figure
