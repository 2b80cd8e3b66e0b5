"""Unlabelled frames -> alignment, by expectation and maximisation (EM).

Which pairs of segments are of one proton nobody knows, so each counts by the model's belief in it:
the expectation. Given that, the log likelihood of the kinks has its largest value where weighted
least squares are solved: the maximisation. Both in turn lead to displacements of the largest
evidence that the kinks give. At first the model is told that layers may be displaced, or beliefs
would be in wrong pairs.

References:
    A. P. Dempster, N. M. Laird, D. B. Rubin, J. R. Stat. Soc. B 39 (1977) 1, for EM; V. Blobel,
    Nucl. Instrum. Meth. A 566 (2006) 5, for alignment by least squares and its weak modes.
"""

import dataclasses
import logging
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from trackscape.alignment.expectation import check_hits, expect
from trackscape.alignment.layers import LayerAlignment, mean_depths, no_alignment
from trackscape.alignment.solution import next_alignment, with_errors, without_weak_modes
from trackscape.data import Hits
from trackscape.errors import DataError
from trackscape.text import listed
from trackscape.units import mm

_LOG = logging.getLogger(__name__)

FEWEST_PROTONS = 500
"""Hits of a layer, and protons expected in it, below which it stays where it is."""
FEWEST_LAYERS = 4
"""Layers with enough protons that an alignment needs."""
BLURS = (0.2 * mm, 0.1 * mm, 0.05 * mm)
"""Displacements that layers may have in the first iterations, on a part of the frames."""
PART = 40
"""Frames, spread over all, that the first iterations take."""
ITERATIONS = 4
"""Iterations on all frames."""
STRIDE = 1.5
"""Least squares steps are lengthened by this: their weights fall with the kinks, so that they stop
short of the largest likelihood. Up to 2 the likelihood still rises (Salakhutdinov and Roweis, ICML
2003)."""
Progress = Callable[[Sequence[Hits]], Iterable[Hits]]


def fit_alignment(frames: Sequence[Hits], *, progress: Progress = iter) -> LayerAlignment:
    """Returns where the layers are that recorded frames, with standard errors, without truth.

    The weak modes (`WEAK_MODES`) of the displacements are 0. Layers with less than 500 hits or
    expected protons are not fitted and stay at 0. Progress wraps the frames of each iteration.

    Raises:
        DataError: Less than four layers have enough hits, or a layer between others has none.
    """
    found = start_alignment(frames)
    part = frames[:: max(len(frames) // PART, 1)]
    for blur in BLURS:
        found = next_alignment(found, expect(progress(part), found, blur=blur), stride=1.0)
    sums = expect(progress(frames), found, blur=0.0)
    if (few := found.fitted & (sums.protons < FEWEST_PROTONS)).any():
        found = _without(found, few)
        sums = expect(progress(frames), found, blur=0.0)
    for iteration in range(ITERATIONS):
        _LOG.info("Iteration %d of %d.", iteration + 1, ITERATIONS)
        found = next_alignment(found, sums, stride=STRIDE)
        sums = expect(progress(frames), found, blur=0.0)
    return without_weak_modes(with_errors(found, sums))


def start_alignment(frames: Sequence[Hits]) -> LayerAlignment:
    """Returns the perfect detector of frames, of which those layers will be fitted that have hits.

    Raises:
        DataError: Less than four layers have enough hits, or a layer between others has none.
    """
    check_hits(frames)
    hits = Hits.join([dataclasses.replace(frame, spot=None, truth=None) for frame in frames])
    n_hits = np.bincount(hits.layer.numpy())
    if not n_hits.all():
        raise DataError(
            "Expected hits in each layer up to the last one, got none in "
            f"{listed(np.flatnonzero(n_hits == 0))}; leave out what is behind."
        )
    enough = n_hits >= FEWEST_PROTONS
    if enough.sum() < FEWEST_LAYERS:
        raise DataError(
            f"Expected {FEWEST_LAYERS} layers or more with {FEWEST_PROTONS} hits to align, got "
            f"{enough.sum()} in {len(frames)} frames; take more frames."
        )
    return dataclasses.replace(no_alignment(mean_depths(hits)), fitted=enough)


def _without(alignment: LayerAlignment, layers: np.ndarray) -> LayerAlignment:
    """The alignment without some layers."""
    return dataclasses.replace(
        alignment,
        shift=np.where(layers[:, None], 0.0, alignment.shift),
        rotation=np.where(layers, 0.0, alignment.rotation),
        fitted=alignment.fitted & ~layers,
    )
