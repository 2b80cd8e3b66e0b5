"""Problem -> how much the loss rises around a point: at worst, and on average."""

from typing import NamedTuple

import torch
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.landscape.curvature.operator import point_of
from trackscape.landscape.problem import Evaluator, Problem


class WorstCase(NamedTuple):
    """The largest rise of the loss that was found in a ball."""

    value: float
    """Loss there minus loss at the point."""
    loss: float
    """Loss at the point."""
    perturbation: Tensor
    """(P,) Where it was found, seen from the point."""


class AverageCase(NamedTuple):
    """The mean rise of the loss under a Gaussian."""

    value: float
    standard_error: float
    """From the spread over antithetic pairs."""
    loss: float
    """Loss at the point."""


def sam_sharpness(
    problem: Problem, *, rho: float, steps: int = 1, at: Tensor | None = None
) -> WorstCase:
    r"""The rise of the loss in a ball, as sharpness-aware minimisation sees it.

    .. math:: \max_{|\epsilon|_2 \le \rho} L(\theta + \epsilon) - L(\theta)

    One step is the published estimate, :math:`\epsilon = \rho \, g / |g|`, whatever it gives; it
    is zero where the gradient is. More steps ascend from there along normalised gradients, back
    into the ball each time; a step that does not rise is undone and halved, so that the value
    never falls with their number, and is at least zero.

    Arguments:
        problem: Whose first value it is.
        rho: Radius of the ball, in units of the parameters.
        steps: Points to try.
        at: (P,) The point; that of the model if None.

    References:
        Foret, Kleiner, Mobahi and Neyshabur, ICLR 2021.

    Raises:
        LandscapeError: A setting is out of range, or the loss has no gradient.
    """
    point = point_of(problem, at)
    return _worst_case(problem, point, torch.ones_like(point), rho, steps)


def adaptive_sharpness(
    problem: Problem, *, rho: float, steps: int = 1, at: Tensor | None = None
) -> WorstCase:
    r"""The rise of the loss in a ball that scales with each parameter.

    .. math:: \max_{|\epsilon / |\theta||_2 \le \rho} L(\theta + \epsilon) - L(\theta)

    The division is element by element, so that scaling a layer up and the next one down changes
    nothing. Parameters at zero stay there. One step is the published :math:`\epsilon = \rho \,
    \theta^2 g / ||\theta| g|`; see `sam_sharpness` for more of them.

    Arguments:
        problem: Whose first value it is.
        rho: Radius of the ball, without unit.
        steps: Points to try.
        at: (P,) The point; that of the model if None.

    References:
        Kwon, Kim, Park and Choi, ICML 2021 (ASAM), without the constant that its code adds to
        :math:`|\theta|`.

    Raises:
        LandscapeError: A setting is out of range, or the loss has no gradient.
    """
    point = point_of(problem, at)
    return _worst_case(problem, point, point.abs(), rho, steps)


def average_sharpness(
    problem: Problem,
    *,
    sigma: float,
    samples: int = 50,
    scaled: bool = False,
    seed: int = 0,
    at: Tensor | None = None,
) -> AverageCase:
    r"""The mean rise of the loss under random perturbations; no gradient is needed.

    .. math:: \mathbb{E}_Z \, L(\theta + \sigma s Z) - L(\theta), \quad
        Z \sim \mathcal{N}(0, 1_P)

    with s = 1, or element by element :math:`s = |\theta|`. Each Z is used with both signs. For
    small sigma this is :math:`\sigma^2 / 2` times the trace of the Hessian (scaled: of
    :math:`s H s`), and it exists for losses of discrete decisions as well.

    Arguments:
        problem: Whose first value it is.
        sigma: Standard deviation, in units of the parameters, or relative to each if scaled.
        samples: Antithetic pairs, at least 2.
        scaled: Perturbs each parameter in proportion to itself.
        seed: Of the perturbations.
        at: (P,) The point; that of the model if None.

    References:
        Andriushchenko, Croce, Müller, Hein and Flammarion, ICML 2023, on what it says and what not.

    Raises:
        LandscapeError: A setting is out of range.
    """
    if not sigma > 0 or samples < 2:
        raise LandscapeError(
            f"Expected a positive sigma and at least 2 samples, got {sigma} and {samples}."
        )
    point = point_of(problem, at)
    scale = sigma * (point.abs() if scaled else torch.ones_like(point))
    evaluator = Evaluator(problem)
    loss = _loss(evaluator, point)
    generator = torch.Generator().manual_seed(seed)
    rises = torch.zeros(samples, dtype=torch.float64, device="cpu")
    for number in range(samples):
        normal = torch.randn(len(point), generator=generator, dtype=torch.float64, device="cpu").to(
            point
        )
        ends = [_loss(evaluator, point + sign * scale * normal) for sign in (1, -1)]
        rises[number] = sum(ends) / 2 - loss
    return AverageCase(float(rises.mean()), float(rises.std() / samples**0.5), loss)


def _worst_case(
    problem: Problem, point: Tensor, scale: Tensor, rho: float, steps: int
) -> WorstCase:
    """Ascends in u, of length rho at most, where the perturbation is scale * u."""
    if not rho > 0 or steps < 1:
        raise LandscapeError(f"Expected a positive rho and at least 1 step, got {rho} and {steps}.")
    evaluator = Evaluator(problem)
    loss = _loss(evaluator, point)
    best, highest, step, uphill = torch.zeros_like(point), loss, rho, None
    for _ in range(steps):
        if uphill is None:
            slope = scale * evaluator.gradient(point + scale * best)
            uphill = slope / slope.norm().clamp(min=1e-300)
        trial = best + step * uphill
        trial = trial * min(1.0, rho / max(float(trial.norm()), 1e-300))
        height = _loss(evaluator, point + scale * trial)
        if height > highest or steps == 1:
            best, highest, uphill = trial, height, None
        else:
            step /= 2
    return WorstCase(highest - loss, loss, scale * best)


def _loss(evaluator: Evaluator, point: Tensor) -> float:
    return float(evaluator.weights @ evaluator.batch_losses(point))
