"""Counts of many frames -> `Summary`: every metric with its interval, for JSON and for a table."""

import dataclasses
import functools
import operator
from collections.abc import Sequence

import torch

from trackscape.errors import DataError
from trackscape.evaluation.counts import HIT_BINS, FrameCounts
from trackscape.evaluation.metrics import METRICS
from trackscape.statistics import bootstrap_interval


@dataclasses.dataclass(frozen=True, kw_only=True)
class Summary:
    """What a method reaches on a set of frames. Ratios are shares (1, not 100 %)."""

    method: str
    per_frame: int
    """Primaries per readout frame."""
    frames: int
    """Number of frames."""
    values: dict[str, float]
    """Each metric of `trackscape.evaluation.METRICS`."""
    intervals: dict[str, tuple[float, float]]
    """95 % percentile bootstrap interval over frames of each metric."""
    total: FrameCounts
    graph_ceiling: float
    """Share of the true segments that the graphs of the method hold."""
    seconds_per_frame: float
    """Median wall time of the reconstruction of a frame."""

    def as_dict(self) -> dict[str, object]:
        """Returns what a JSON file holds: ``purity``, ``purity_ci`` = [low, high], and so on."""
        result: dict[str, object] = {
            name: getattr(self, name) for name in ("method", "per_frame", "frames")
        }
        for name, value in self.values.items():
            result |= {name: value, f"{name}_ci": list(self.intervals[name])}
        return result | {
            "graph_ceiling": self.graph_ceiling,
            "seconds_per_frame": self.seconds_per_frame,
            "efficiency_by_hits": self._efficiency_by_hits(),
            "counts": {
                name: list(count) if isinstance(count, tuple) else count
                for name, count in dataclasses.asdict(self.total).items()
            },
        }

    def rows(self) -> list[tuple[str, str, str]]:
        """Returns the rows of a table: metric, value and interval in %, as text."""
        return [
            (name.replace("_", " "), f"{100 * value:.2f}", _percent(self.intervals[name]))
            for name, value in self.values.items()
        ]

    def _efficiency_by_hits(self) -> dict[str, list[int] | list[float]]:
        """The reconstructable efficiency against the number of hits of the primary."""
        found, wanted = self.total.found_by_hits, self.total.reconstructable_by_hits
        return {
            "hits_from": list(HIT_BINS),
            "found": list(found),
            "reconstructable": list(wanted),
            "efficiency": [
                part / whole if whole else 0.0 for part, whole in zip(found, wanted, strict=True)
            ],
        }


def summarise(
    counts: Sequence[FrameCounts],
    *,
    method: str,
    per_frame: int,
    graph_ceiling: float,
    seconds_per_frame: float,
    seed: int = 0,
) -> Summary:
    """Turns the counts of each frame into metrics with intervals; the rest is carried along.

    All metrics see the same resamples, by the seed of the bootstrap.

    Raises:
        DataError: If there are no frames.
    """
    if len(counts) == 0:
        raise DataError("There are no frames to summarise; evaluate at least one.")
    ratios = {name: metric(counts) for name, metric in METRICS.items()}
    return Summary(
        method=method,
        per_frame=per_frame,
        frames=len(counts),
        values={name: ratio.value for name, ratio in ratios.items()},
        intervals={
            name: bootstrap_interval(
                ratio.numerator,
                denominator=ratio.denominator,
                generator=torch.Generator().manual_seed(seed),
            )
            for name, ratio in ratios.items()
        },
        total=functools.reduce(operator.add, counts),
        graph_ceiling=graph_ceiling,
        seconds_per_frame=seconds_per_frame,
    )


def _percent(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{100 * low:.2f} to {100 * high:.2f}"
