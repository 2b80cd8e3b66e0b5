"""Checkpoints of a training -> how the curvature changed on the way."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from trackscape.landscape.curvature.hessian import exact_hessian
from trackscape.landscape.curvature.hutchinson import Estimate, trace
from trackscape.landscape.curvature.lanczos import top_eigenpairs
from trackscape.landscape.curvature.operator import Operator
from trackscape.landscape.problem import Evaluator, Problem


class Station(NamedTuple):
    """What the landscape is like at one checkpoint."""

    number: int
    """Its place among the checkpoints."""
    loss: float
    loss_error: float
    """Standard error of the loss, from the spread over batches; NaN of one batch."""
    gradient_norm: float
    eigenvalues: tuple[float, ...]
    """The largest by magnitude."""
    trace: Estimate
    kind: str
    """Which matrix of which landscape the eigenvalues and the trace are of."""


def along(
    problem: Problem,
    checkpoints: Tensor,
    *,
    n: int = 3,
    products: int = 60,
    tolerance: float = 1e-3,
    seed: int = 0,
    operator: Callable[..., Operator] = exact_hessian,
) -> list[Station]:
    """Measures the landscape at each checkpoint of a training.

    All checkpoints see the same batches and the same random vectors, so that differences between
    them are less uncertain than each of them.

    Arguments:
        problem: The landscape.
        checkpoints: (T, P) Parameters, in the order of the training.
        n: Eigenvalues at each.
        products: With vectors, for each trace.
        tolerance: Residuals of the eigenvalues, relative to them.
        seed: Of random vectors.
        operator: Makes the operator of a problem ``at=`` a point, such as
            ``functools.partial(finite_difference_hessian, step=1e-3)``.

    Raises:
        LandscapeError: The loss has no gradient, or a result is not finite.
    """
    evaluator = Evaluator(problem)
    stations: list[Station] = []
    for number, point in enumerate(checkpoints):
        matrix = operator(problem, at=point)
        losses = evaluator.batch_losses(point)
        stations.append(
            Station(
                number=number,
                loss=float(evaluator.weights @ losses),
                loss_error=_standard_error(losses, evaluator.weights),
                gradient_norm=float(evaluator.gradient(point).norm()),
                eigenvalues=tuple(
                    top_eigenpairs(matrix, n, tolerance=tolerance, seed=seed).values.tolist()
                ),
                trace=trace(matrix, products=products, seed=seed),
                kind=matrix.kind,
            )
        )
    return stations


def _standard_error(losses: Tensor, weights: Tensor) -> float:
    n = len(losses)
    if n == 1:
        return float("nan")
    spread = (weights * (losses - weights @ losses)).square().sum()
    return float((spread * n / (n - 1)).sqrt())
