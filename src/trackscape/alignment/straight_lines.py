"""Tracks -> alignment by the residuals from straight lines, in turn: what others do."""

from collections.abc import Sequence

import numpy as np

from trackscape.alignment.fit import start_alignment
from trackscape.alignment.layers import LayerAlignment, align_hits, displaced_further
from trackscape.alignment.solution import without_weak_modes
from trackscape.compiled import Floats, Integers
from trackscape.data import Hits, Tracks
from trackscape.tracking import Tracker, accept

LARGEST_RESIDUAL = 3.0
"""Residuals beyond this many standard deviations (1.48 x median) are left out."""


def fit_straight_lines(
    frames: Sequence[Hits], *, tracker: Tracker, iterations: int = 8
) -> LayerAlignment:
    """Returns an alignment without errors, by the usual way: the baseline of `fit_alignment`.

    In each iteration accepted tracks are found in the aligned hits, a straight line is fitted to
    each by least squares, and each layer moves by the mean of its residuals: least squares give its
    shifts and rotation.

    Raises:
        DataError: Less than four layers have enough hits, or a layer between others has none.
    """
    found = start_alignment(frames)
    for _ in range(iterations):
        parts = [_residuals(tracker(align_hits(frame, found))) for frame in frames]
        position, residual, layer = (np.concatenate(each) for each in zip(*parts, strict=True))
        more = np.zeros((3, found.n_layers))
        for number in np.flatnonzero(found.fitted):
            of_layer = layer == number
            more[:, number] = _displacement(position[of_layer], residual[of_layer])
        found = displaced_further(found, more)
    return without_weak_modes(found)


def _residuals(chains: Tracks) -> tuple[Floats, Floats, Integers]:
    """Position (H, 3) and residual (H, 2) of the hits on accepted tracks, and their layers (H,)."""
    tracks = accept(chains)
    position = tracks.hits.position[tracks.index].double().numpy()
    track, length = tracks.number.numpy(), tracks.length.numpy()

    def mean(values: Floats) -> Floats:
        return (np.bincount(track, values, minlength=len(length)) / length)[track]

    z = position[:, 2] - mean(position[:, 2])
    residual = np.empty((len(position), 2))
    for axis in range(2):
        across = position[:, axis] - mean(position[:, axis])
        residual[:, axis] = across - mean(across * z) / mean(z * z) * z
    return position, residual, tracks.hits.layer[tracks.index].numpy()


def _displacement(position: Floats, residual: Floats) -> Floats:
    """Shifts in x and y and rotation (3,) that residuals (H, 2) of a layer mean."""
    size = np.linalg.norm(residual, axis=1)
    kept = size <= LARGEST_RESIDUAL * 1.48 * np.median(size)
    one, zero = np.ones(kept.sum()), np.zeros(kept.sum())
    x, y, _ = position[kept].T
    derivatives = np.stack([np.r_[one, zero], np.r_[zero, one], np.r_[-y, x]], axis=1)
    return np.linalg.lstsq(derivatives, residual[kept].T.ravel())[0].astype(np.float64)
