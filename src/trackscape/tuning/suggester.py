"""Points and outcomes -> the next points: surrogate, candidates and search together.

What is suggested follows from the seed, the outcomes in their order and the points under way alone.
So a process that was killed goes on as if nothing had been, and another one agrees with it.
"""

import contextlib
from collections.abc import Generator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trackscape.tuning.acquisition import (
    Acquisition,
    DrawnFunction,
    Rule,
    SumOfRules,
    best_expected,
)
from trackscape.tuning.factor import Doubles
from trackscape.tuning.improvement import Worth, log_feasibility, log_improvement, low_bound
from trackscape.tuning.pool import CandidatePool
from trackscape.tuning.refits import Refits
from trackscape.tuning.scaling import Scaling
from trackscape.tuning.search import apart_from, distinct, find_maxima
from trackscape.tuning.space import Space
from trackscape.tuning.surrogate import GaussianProcess

AcquisitionName = Literal["log-ei", "ucb", "thompson"]
BatchName = Literal["believer", "maxima"]
SPREAD, NEAR = 1024, (16, 64)
"""Candidates over the whole space, which are kept; near the best points, which are new, least and
most of them."""
STARTS = (3, 8)
"""Candidates that are climbed from, least and most."""
BUDGET = 2400
"""Rows times starts, and a sixteenth of rows times near candidates, from which on there are less of
these: each costs n² operations, and the more is known the less is there to find."""
APART = 0.1
"""Least distance of two points of a batch, in units of the lengths of the kernel."""
SAME = 1e-4
"""Distance below which points are taken for the same."""
CENTRES = 3
"""Best points that candidates are near to."""
AUGMENTED = 0.05
"""Share of the sum in the scalarisation of several objectives."""


class Suggester:
    """Suggests points of a space for outcomes that shall be small.

    Arguments:
        space: Parameters.
        seed: What all random numbers follow from.
        refits: When parameters are fitted.
        acquisition: What is maximised.
        first: Outcomes before the first fit; until then points are spread evenly.
        objectives: Number of objectives; several are scalarised with weights that are drawn anew
            for each suggestion (ParEGO, Knowles, IEEE Trans. Evol. Comput. 10, 2006).
        constraints: Number of outcomes behind these that shall not be above 0.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int,
        refits: Refits,
        acquisition: AcquisitionName = "log-ei",
        first: int = 10,
        objectives: int = 1,
        constraints: int = 0,
    ) -> None:
        self.space, self.seed, self.acquisition = space, seed, acquisition
        self.first, self.objectives = first, objectives
        self.processes = [
            GaussianProcess(space.columns, refits=refits, first=first)
            for _ in range(1 + constraints)
        ]
        self.outcomes: Doubles = np.empty((0, objectives + constraints))
        """All that were told, in their order, (n, objectives + constraints)."""
        self.pools: list[CandidatePool] = []
        self._pooled = 0
        """Fit that the candidates were drawn for."""

    @property
    def process(self) -> GaussianProcess:
        """The process of the objective."""
        return self.processes[0]

    @property
    def feasible(self) -> NDArray[np.bool_]:
        """Which outcomes violate no constraint, (n,)."""
        return np.all(self.outcomes[:, self.objectives :] <= 0.0, axis=1)

    def tell(self, point: Doubles, outcomes: Sequence[float]) -> None:
        """Adds finite outcomes at a point (columns,)."""
        self.outcomes = np.vstack([self.outcomes, outcomes])
        objective = self._weigh(np.random.default_rng([self.seed, len(self.outcomes)]))[-1]
        for process, value in zip(
            self.processes, (objective, *outcomes[self.objectives :]), strict=True
        ):
            process.tell(point, float(value))

    def suggest(self, under_way: Doubles, n: int, *, batch: BatchName = "believer") -> Doubles:
        """Returns n points, (n, columns).

        Arguments:
            under_way: Points that are being tried out, (m, columns).
            n: How many.
            batch: ``believer`` takes one after the other, each as if those before it had given
                what is expected there; ``maxima`` takes the best distinct local maxima at once, as
                published, and if there are less, goes on as the believer.
        """
        known, waiting = len(self.outcomes), len(under_way)
        if known < self.first:
            return self._first_points(under_way, n)
        random = np.random.default_rng([self.seed, known, waiting])
        found = np.empty((0, len(self.space.columns)))
        self._weigh(random)
        self._draw_candidates()
        with self._supposed(under_way):
            while len(found) < n:
                most = n - len(found) if batch == "maxima" else 1
                new = self._best(random, most=most)
                found = np.vstack([found, new])
                if len(found) < n:
                    self._suppose(new)
        return found

    def _first_points(self, under_way: Doubles, n: int) -> Doubles:
        """Returns the next of points that are spread evenly, those that nobody has taken."""
        taken = np.vstack([self.process.points, under_way])
        points = self._even(len(taken) + n, np.random.default_rng(self.seed))
        free = apart_from(points, taken, lengths=np.ones(points.shape[1]), apart=SAME)
        return np.vstack([points[free], points[~free]])[:n]

    def _even(self, n: int, random: np.random.Generator) -> Doubles:
        """Returns n points spread evenly over the space, the first of a sequence of Sobol."""
        from scipy.stats import qmc  # takes long to import

        sequence = qmc.Sobol(len(self.space.parameters), rng=random)
        return self.space.random(sequence.random_base2(max(n - 1, 1).bit_length())[:n])

    def _weigh(self, random: np.random.Generator) -> Doubles:
        """Makes one objective of several, (n,), and gives it to the process.

        Its factor stays as it is, as that knows no values.
        """
        objectives = self.outcomes[:, : self.objectives]
        if self.objectives == 1:
            return objectives[:, 0]
        low, high = objectives.min(axis=0), objectives.max(axis=0)
        weights = random.dirichlet(np.ones(self.objectives))
        weighted = weights * (objectives - low) / np.where(high > low, high - low, 1.0)
        single = weighted.max(axis=1) + AUGMENTED * weighted.sum(axis=1)
        process = self.process
        process.scaling = Scaling.of(single)
        process.set_values(single[: process.n])
        return single

    def _draw_candidates(self) -> None:
        fitted = self.process.fitted
        if not self.pools or self._pooled != fitted:
            points = self._even(SPREAD, np.random.default_rng([self.seed, fitted]))
            self.pools = [CandidatePool(each, points) for each in self.processes]
            self._pooled = fitted

    def _near(self, random: np.random.Generator, n: int) -> Doubles:
        """Returns points near the best ones, at distances of all sizes."""
        process = self.process
        means = np.where(self.feasible, process.known_means(), np.inf)
        if not self.feasible.any():
            means = process.known_means()
        centres = process.points[np.argsort(means, kind="stable")[:CENTRES]]
        chosen = centres[random.integers(len(centres), size=n)]
        columns = len(self.space.columns)
        size = 10.0 ** random.uniform(-2.5, 0.0, (n, 1))
        lengths = np.minimum(process.kernel.lengths[self.space.columns], 1.0)
        moves = random.random((n, columns)) < np.maximum(random.random((n, 1)), 1.0 / columns)
        moved = chosen + moves * size * lengths * random.standard_normal((n, columns))
        return self.space.snap(np.clip(moved, 0.0, 1.0))

    @contextlib.contextmanager
    def _supposed(self, points: Doubles) -> Generator[None]:
        """Adds rows without a value, and takes these and all behind them away at the end."""
        try:
            self._suppose(points)
            yield
        finally:
            for process in self.processes:
                process.truncate(len(self.outcomes))

    def _suppose(self, points: Doubles) -> None:
        for process in self.processes:
            for point in points:
                process.suppose(point)

    def _best(self, random: np.random.Generator, *, most: int) -> Doubles:
        """Returns the best local maximum of the acquisition, or the best distinct ones."""
        acquisition = self._acquisition(random)
        lengths = self.process.kernel.lengths[self.space.columns]
        n_starts = int(np.clip(BUDGET // self.process.n, *STARTS))
        near = self._near(random, int(np.clip(16 * BUDGET // self.process.n, *NEAR)))
        candidates = np.vstack([near, self.pools[0].points])
        worth = np.concatenate([acquisition.at(near), acquisition.of_candidates()])
        candidates = candidates[np.argsort(-worth, kind="stable")[: 16 * n_starts]]
        starts = candidates[
            distinct(candidates, lengths=lengths, apart=APART, most=n_starts + 2 * (most - 1))
        ]
        found = find_maxima(
            acquisition, starts, space=self.space, lengths=lengths, leave=most == 1
        ).points
        # What was tried out, or is, teaches little; it is left to spaces that have no more.
        for some in (found, candidates):
            new = apart_from(some, self.process.points, lengths=lengths, apart=SAME)
            if new.any():
                found = some[new]
                break
        return found[distinct(found, lengths=lengths, apart=APART, most=most)]

    def _acquisition(self, random: np.random.Generator) -> Acquisition:
        if self.acquisition == "thompson":
            return DrawnFunction(self.pools[0], random)
        rules: list[Rule] = [low_bound]
        if self.acquisition == "log-ei":
            best = best_expected(self.process, self.feasible)
            rules = [lambda mean, deviation: log_improvement(mean, deviation, best=best)]
        for process in self.processes[1:]:
            rules.append(_below(float(process.scaling(np.zeros(1))[0])))
        return SumOfRules(list(zip(self.pools, rules, strict=True)))


def _below(limit: float) -> Rule:
    def rule(mean: Doubles, deviation: Doubles) -> Worth:
        return log_feasibility(mean, deviation, limit=limit)

    return rule
