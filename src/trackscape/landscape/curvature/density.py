"""Operator -> the density of its eigenvalues, with a band of its sampling error."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal
from torch import Tensor

from trackscape.errors import LandscapeError
from trackscape.execution import Executor, compute_array
from trackscape.landscape.curvature.operator import Operator, OperatorFactory
from trackscape.landscape.fingerprint import code_of, fingerprint
from trackscape.landscape.problem import Problem
from trackscape.landscape.space import Vectors

_Floats = NDArray[np.float64]
_NEGLIGIBLE = 1e-10
"""Lengths, relative to the largest product, below which a new direction is only rounding."""
_MOST_AT_ONCE = 1 << 27
"""Numbers in the bases of probes that are multiplied at once: 1 GB."""
_RESAMPLED = 1000


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Density:
    """How eigenvalues are spread, as points with weights and as a smooth curve."""

    nodes: Float[np.ndarray, "probes steps"]
    """Points that stand for eigenvalues."""
    weights: Float[np.ndarray, "probes steps"]
    """Shares of the spectrum; those of each probe sum to 1."""
    grid: Float[np.ndarray, " grid"]
    """Eigenvalues at which the curves are given."""
    mean: Float[np.ndarray, " grid"]
    """Density of all probes; its integral is 1."""
    low: Float[np.ndarray, " grid"]
    """Lower end of the band that other probes would give."""
    high: Float[np.ndarray, " grid"]
    width: float
    """Standard deviation of the Gaussian that stands for each point."""
    size: int
    """Number of eigenvalues."""
    kind: str
    """Name of the matrix, and of the landscape if it is another one."""

    def __post_init__(self) -> None:
        worst = float(np.abs(self.weights.sum(axis=1) - 1).max())
        if not worst < 1e-6:
            raise LandscapeError(
                f"Expected weights of each probe that sum to 1, but one is off by {worst:g}; the "
                "stored probes are damaged, or the operator is not symmetric."
            )

    @property
    def trace(self) -> float:
        """Sum of all eigenvalues: P times the first moment."""
        return self.size * float((self.weights * self.nodes).sum(axis=1).mean())

    def wasserstein(self, eigenvalues: Float[np.ndarray, " eigenvalues"]) -> float:
        """Returns the distance by which weight must move on average to give a known spectrum."""
        from scipy.stats import wasserstein_distance

        weights = self.weights.clip(min=0).ravel()
        return float(wasserstein_distance(self.nodes.ravel(), eigenvalues, weights, None))


def spectral_density(
    factory: OperatorFactory,
    *,
    probes: int = 10,
    steps: int = 60,
    seed: int = 0,
    width: float = 0.01,
    level: float = 0.95,
    executor: Executor | None = None,
    folder: Path | str | None = None,
    progress: bool = True,
) -> Density:
    r"""Finds the density of eigenvalues by stochastic Lanczos quadrature.

    For each random vector u of signs over :math:`\sqrt{P}`, the eigenvalues :math:`\mu_j` of the
    tridiagonal matrix of Lanczos, with weights :math:`w_j` (first components squared), integrate
    any polynomial p of degree below twice the steps exactly: :math:`u^T p(A) u = \sum_j w_j
    p(\mu_j)`, and the mean over probes tends to :math:`\mathrm{tr}\,p(A) / P`. Takes probes times
    steps products. The band, that of the mean of probes drawn again with replacement, covers the
    mean of many probes with the probability `level` at each point.

    Each probe has a seed of its own, so that more of them keep the first ones. The width of the
    Gaussians is relative to the range of eigenvalues. The factory makes the operator, and is
    picklable for executors with other processes; executor and folder are as in `evaluate`.

    References:
        Ubaru, Chen and Saad, SIAM J. Matrix Anal. Appl. 38 (2017) 1075.

    Raises:
        LandscapeError: A setting is out of range, or a product is not finite.
        RunError: The folder belongs to another operator, or the executor fails.
    """
    if probes < 2 or steps < 1 or not width > 0 or not 0 < level < 1:
        raise LandscapeError(
            "Expected at least 2 probes, a step, a positive width and a level below 1, got "
            f"{probes}, {steps}, {width} and {level}."
        )
    operator = factory()
    job = Probes(functools.partial(factory), probes, min(steps, operator.shape[0]), seed)
    rows = compute_array(job, executor=executor, folder=folder, progress=progress, what="probes")
    nodes, weights = np.split(rows, 2, axis=1)
    absolute = width * _range(nodes, weights)
    grid, curves = _broadened(nodes, weights, absolute)
    low, high = _band(curves, level, seed)
    return Density(
        nodes=nodes,
        weights=weights,
        grid=grid,
        mean=curves.mean(axis=0),
        low=low,
        high=high,
        width=absolute,
        size=operator.shape[0],
        kind=operator.kind,
    )


@dataclasses.dataclass(frozen=True)
class Probes:
    """Job whose items are random vectors: nodes and weights of each, as one row."""

    factory: functools.partial[Operator]
    n_items: int
    steps: int
    seed: int

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return 2 * self.steps

    @property
    def fingerprint(self) -> str:
        """Digest of the operator with the code of what it is made from, and of the settings."""
        made_of = [*self.factory.args, *self.factory.keywords.values()]
        code = [code_of(self.factory), *(code_of(thing) for thing in made_of if callable(thing))]
        problems = [thing.fingerprint for thing in made_of if isinstance(thing, Problem)]
        return fingerprint(self.factory, problems, code, self.steps, self.seed)

    def start(self) -> Callable[[int, int], _Floats]:
        """Makes the operator, and returns the function that computes some rows with it."""
        return functools.partial(self._rows, self.factory())

    def _rows(self, operator: Operator, begin: int, end: int) -> _Floats:
        at_once = max(1, _MOST_AT_ONCE // (self.steps * operator.shape[0]))
        rows = np.empty((end - begin, self.width))
        for first in range(begin, end, at_once):
            some = range(first, min(first + at_once, end))
            starts = torch.stack([self._start_of(number, operator.shape[0]) for number in some])
            diagonals, sides = tridiagonal(operator, starts, self.steps)
            for number, diagonal, side in zip(some, diagonals, sides, strict=True):
                nodes, vectors = eigh_tridiagonal(diagonal.numpy(), side.numpy())
                rows[number - begin] = np.concatenate([nodes, vectors[0] ** 2])
        return rows

    def _start_of(self, number: int, size: int) -> Tensor:
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + number)
        signs = torch.randint(2, (size,), generator=generator, device="cpu").double() * 2 - 1
        return signs / size**0.5


def tridiagonal(
    operator: Operator, starts: Vectors, steps: int
) -> tuple[Float[Tensor, "vectors steps"], Float[Tensor, "vectors steps-1"]]:
    """Returns diagonals and off-diagonals of Lanczos from unit vectors, re-orthogonalised in full.

    Where a space closes, zeros follow: they add eigenvalues of no weight in the first vector.
    """
    m, size = starts.shape
    # Bases of their own, and clones of rows: rounding depends on how numbers are aligned.
    bases = [torch.zeros(steps, size, dtype=torch.float64, device="cpu") for _ in range(m)]
    diagonals = torch.zeros(m, steps, dtype=torch.float64, device="cpu")
    sides = torch.zeros(m, steps, dtype=torch.float64, device="cpu")
    longest = torch.zeros(m, dtype=torch.float64, device="cpu")
    current = starts.clone()
    for step in range(steps):
        for probe, product in enumerate((operator @ current.T).T):
            basis, product = bases[probe][: step + 1], product.clone()
            basis[step] = current[probe]
            diagonals[probe, step] = product @ basis[step]
            longest[probe] = torch.maximum(longest[probe], product.norm())
            rest = product
            for _ in range(2):  # the second time takes away what rounding left the first time
                rest = rest - basis.T @ (basis @ rest)
            closed = rest.norm() <= _NEGLIGIBLE * longest[probe]
            sides[probe, step] = 0.0 if closed else rest.norm()
            current[probe] = 0.0 if closed else rest / rest.norm()
    return diagonals, sides[:, :-1]


def _range(nodes: _Floats, weights: _Floats) -> float:
    seen = nodes[weights > 1e-14]
    # Of one eigenvalue only, the range is its size, or 1 if it is zero.
    return float(np.ptp(seen)) or float(np.abs(seen).max()) or 1.0


def _broadened(
    nodes: _Floats, weights: _Floats, width: float, n_points: int = 1024
) -> tuple[_Floats, _Floats]:
    """Returns a grid (G,) and the density of each probe on it (probes, G)."""
    seen = nodes[weights > 1e-14]
    grid = np.linspace(seen.min() - 5 * width, seen.max() + 5 * width, n_points)
    curves = np.empty((len(nodes), n_points))
    for curve, points, shares in zip(curves, nodes, weights, strict=True):
        distance = (grid[:, None] - points) / width
        curve[:] = np.exp(-0.5 * distance**2) @ shares / (width * np.sqrt(2 * np.pi))
    return grid, curves


def _band(curves: _Floats, level: float, seed: int) -> tuple[_Floats, _Floats]:
    n = len(curves)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=_RESAMPLED)
    low, high = np.quantile(drawn @ curves / n, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
