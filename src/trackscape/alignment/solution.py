"""Sums over kinks -> displacements of the layers, without what no track tells."""

import dataclasses

import numpy as np
import scipy.linalg

from trackscape.alignment.kinks import KinkSums
from trackscape.alignment.layers import LayerAlignment, displaced_further, displacements
from trackscape.compiled import Floats


def weak_modes(depth: Floats, fitted: np.ndarray) -> Floats:
    """Returns the weak modes of the fitted layers: displacements of all layers, (3L, 6).

    They are orthonormal: for shifts in x, in y and rotations one that is the same for all layers
    and one in proportion to z.
    """
    along = np.where(fitted, depth - depth[fitted].mean(), 0.0)
    of_one_kind = np.stack([fitted.astype(float), along], axis=1)
    return np.kron(np.eye(3), of_one_kind / np.linalg.norm(of_one_kind, axis=0))


def without_weak_modes(alignment: LayerAlignment) -> LayerAlignment:
    """Returns an alignment less its weak modes, by least squares over the fitted layers."""
    shift_x, shift_y, rotation = free_of_weak_modes(
        displacements(alignment), alignment.depth, alignment.fitted
    )
    shift = np.stack([shift_x, shift_y], axis=1)
    return dataclasses.replace(alignment, shift=shift, rotation=rotation)


def free_of_weak_modes(values: Floats, depth: Floats, fitted: np.ndarray) -> Floats:
    """Returns displacements (3, L) of the fitted layers less their weak modes, 0 of others."""
    modes = weak_modes(depth, fitted)
    flat = np.where(fitted, values, 0.0).ravel()
    return (flat - modes @ (modes.T @ flat)).reshape(values.shape)


def next_alignment(alignment: LayerAlignment, sums: KinkSums, *, stride: float) -> LayerAlignment:
    """Returns the alignment that straightens the weighted kinks, `stride` times as far away."""
    inverse = _inverse(sums.stiffness, alignment)
    return displaced_further(alignment, stride * (inverse @ sums.pull).reshape(3, -1))


def with_errors(alignment: LayerAlignment, sums: KinkSums) -> LayerAlignment:
    """Returns the alignment with the standard errors of the information in the kinks."""
    variance = np.diag(_inverse(sums.information, alignment)).reshape(3, -1)
    error_x, error_y, error_rotation = np.sqrt(np.maximum(variance, 0.0))
    return dataclasses.replace(
        alignment,
        shift_error=np.stack([error_x, error_y], axis=1),
        rotation_error=error_rotation,
    )


def _inverse(matrix: Floats, alignment: LayerAlignment) -> Floats:
    """Inverse of (3L, 3L) among displacements of the fitted layers without weak modes."""
    moved = np.flatnonzero(np.tile(alignment.fitted, 3))
    modes = weak_modes(alignment.depth, alignment.fitted)[moved]
    free = np.zeros((len(matrix), len(moved) - modes.shape[1]))
    free[moved] = scipy.linalg.null_space(modes.T)
    return free @ scipy.linalg.pinvh(free.T @ matrix @ free) @ free.T
