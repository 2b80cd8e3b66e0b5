"""Counts of many frames -> ratios, each with its convention and its source.

Two ways to average: the published ratios, and the TrackML score, are *means over frames* of the
ratio of each frame; all others are *pooled*, the sum of the numerators over the sum of the
denominators, so that they do not depend on how the protons are shared out among frames. Every
ratio with a denominator of 0 is 0, never NaN. Words are those of `FrameCounts`.

References:
    Kortus, Keidel, Gauger, TMLR 2025 (arXiv 2407.13420), for purity and efficiency;
    Amrouche et al., arXiv 1904.06778, for the TrackML score and the double majority;
    Lieret et al., arXiv 2309.16754, for the perfect match.
"""

import dataclasses
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float64
from torch import Tensor

from trackscape.evaluation.counts import FrameCounts
from trackscape.statistics import divide


@dataclasses.dataclass(frozen=True, eq=False)
class Ratio:
    """A quotient of two sums over frames."""

    numerator: Float64[Tensor, " frames"]
    denominator: Float64[Tensor, " frames"]
    """Denominator of each frame; 1 for a mean over frames."""

    @property
    def value(self) -> float:
        """Sum of the numerators / sum of the denominators; 0 if there is nothing to divide by."""
        return float(divide(self.numerator.sum(), self.denominator.sum()))


def purity(counts: Sequence[FrameCounts]) -> Ratio:
    """Published purity: correct tracks / primary tracks, mean over frames. Kortus et al.

    A track with a single hit of a secondary is in neither, which flatters the purity
    (`strict_purity` does not), and a track need not hold all hits of its proton.
    """
    return _mean_over_frames(counts, "correct_tracks", "primary_tracks")


def efficiency(counts: Sequence[FrameCounts]) -> Ratio:
    """Published efficiency: correct tracks / purely primary events, mean over frames.

    The ratio is no share and can exceed 1: an event with a hit of a secondary is not in the
    denominator, though its primary may give a correct track, and a primary in two pieces gives
    two. Protons that no filter would accept are in the denominator. Kortus et al.
    """
    return _mean_over_frames(counts, "correct_tracks", "primary_events")


def strict_purity(counts: Sequence[FrameCounts]) -> Ratio:
    """Correct tracks / all accepted tracks, with hits of secondaries or not, pooled."""
    return _pooled(counts, "correct_tracks", "tracks")


def reconstructable_efficiency(counts: Sequence[FrameCounts]) -> Ratio:
    """Reconstructable primaries with a pure track / reconstructable primaries, pooled.

    Primaries are counted, not tracks, so a primary in two pieces counts once and the ratio, unlike
    the published one, is never above 1. What its secondaries do does not matter.
    """
    return _pooled(counts, "found", "reconstructable")


def complete_efficiency(counts: Sequence[FrameCounts]) -> Ratio:
    """Reconstructable primaries with a perfect track / reconstructable primaries, pooled.

    Perfect: it holds all hits of the primary and no other. The perfect match of Lieret et al.
    """
    return _pooled(counts, "found_complete", "reconstructable")


def double_majority_efficiency(counts: Sequence[FrameCounts]) -> Ratio:
    """Reconstructable primaries with a double majority / reconstructable primaries, pooled.

    Double majority: the primary owns more than 50 % of the hits of a track, and the track holds
    more than 50 % of the hits of the primary. Amrouche et al.; Lieret et al.
    """
    return _pooled(counts, "found_by_majority", "reconstructable")


def fake_rate(counts: Sequence[FrameCounts]) -> Ratio:
    """Fake tracks / all accepted tracks, pooled.

    The double-majority fake rate of Lieret et al. also counts clean pieces of less than half a
    particle, and leaves out tracks of particles that are not reconstructable.
    """
    return _pooled(counts, "fake_tracks", "tracks")


def trackml_score(counts: Sequence[FrameCounts]) -> Ratio:
    """TrackML score with equal weights: matched hits / hits of scored particles, mean over frames.

    As in the challenge, particles with 3 hits or fewer have no weight and each frame weighs the
    same; here every other hit has the same weight, and particles are all pairs (event, track) of
    Geant4, secondaries too. Amrouche et al.
    """
    return _mean_over_frames(counts, "matched_hits", "scored_hits")


def edge_tpr(counts: Sequence[FrameCounts]) -> Ratio:
    """True positive rate: chosen true edges / true edges of the graph, pooled. Kortus et al.

    True segments that the cuts removed are not in the denominator: see the ceiling of the graph.
    """
    return _pooled(counts, "selected_true_edges", "true_edges")


def edge_fpr(counts: Sequence[FrameCounts]) -> Ratio:
    """False positive rate: chosen false edges / false edges of the graph, pooled. Kortus et al."""
    return _pooled(counts, "selected_false_edges", "false_edges")


METRICS: dict[str, Callable[[Sequence[FrameCounts]], Ratio]] = {
    metric.__name__: metric
    for metric in (
        purity, efficiency, strict_purity, reconstructable_efficiency, complete_efficiency,
        double_majority_efficiency, fake_rate, trackml_score, edge_tpr, edge_fpr,
    )
}  # fmt: skip
"""Every metric that is a ratio, by its name: counts of many frames in, `Ratio` out."""


def _pooled(counts: Sequence[FrameCounts], numerator: str, denominator: str) -> Ratio:
    return Ratio(_column(counts, numerator), _column(counts, denominator))


def _mean_over_frames(counts: Sequence[FrameCounts], numerator: str, denominator: str) -> Ratio:
    share = divide(_column(counts, numerator), _column(counts, denominator))
    return Ratio(share, torch.ones_like(share))


def _column(counts: Sequence[FrameCounts], name: str) -> Tensor:
    return torch.tensor([getattr(frame, name) for frame in counts], dtype=torch.float64)
