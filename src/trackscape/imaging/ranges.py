"""Deposits of a track -> residual range: where the proton stopped, in mm of water from the front.

A proton stops between its last plane and the next one, and how much it left in the last layers says
where: the deposits rise towards the end as Bragg and Kleeman describe. `posterior_ranges` weighs
each place in the gap by the probability of the deposits there, tabulated from simulated protons;
`midpoint_ranges` looks at the last layer only, and `bragg_ranges` fits the curve.
"""

import dataclasses
import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trackscape.compiled import Floats, Integers, compiled
from trackscape.errors import DataError
from trackscape.units import keV, um

N_LAST = 3
"""Number of deposits that the posterior looks at. More change its width by less than 3 %."""
_DEEPEST = 6  # planes before the last one whose deposits are looked at: beyond are holes in a track
_INSIDE, _BEHIND = 25, 12  # places in the gap behind the last plane, and in the one after it
_MISSED = -8.0  # logarithm of the chance that a plane shows no hit of a proton that crosses it
_RESIDUAL = np.concatenate(
    [np.arange(0, 12, 0.5), np.arange(12, 40, 2.0), np.arange(40, 341, 10.0)]
)
_DEPOSIT = np.linspace(np.log(3.0), np.log(3000.0), 81)  # borders of the bins, in ln(keV)
_BRAGG_EXPONENT = 1 / 1.7547 - 1
_BRAGG_SCALE = 7.0  # keV/um at a residual range of 1 mm of water
_BRAGG_GRID = 60


class Ranges(NamedTuple):
    """Residual ranges. Axis: N tracks."""

    value: Floats
    """Depth where the protons stopped in mm of water from the front of the detector, (N,)."""
    sd: Floats
    """Standard deviation of the estimate in mm of water, (N,); without that of the stopping."""
    log_likelihood: Floats
    """Logarithm of the probability of the deposits, for each of them, (N,): low for a track whose
    hits are not of one proton that stopped. NaN where the estimator has none."""


@dataclasses.dataclass(frozen=True, eq=False)
class DepositTable:
    """Probability of a deposit given the residual range. Axes: R residual ranges, D deposits."""

    probability: npt.NDArray[np.float32]
    """Probability of each bin of ln(deposit), (R - 1, D - 1); rows add up to 1."""

    @classmethod
    def count(cls, residual: npt.ArrayLike, deposit: npt.ArrayLike) -> "DepositTable":
        """Counts deposits of protons whose range is known.

        Arguments:
            residual: Range that is left at the plane in mm of water, (n,).
            deposit: Energy that is left in the plane in MeV, (n,).
        """
        logarithm = np.clip(np.log(np.asarray(deposit) / keV), _DEPOSIT[0], _DEPOSIT[-1] - 1e-9)
        counts = np.histogram2d(np.asarray(residual), logarithm, bins=(_RESIDUAL, _DEPOSIT))[0]
        # A deposit that was never seen is rare, not impossible.
        counts += 0.02
        return cls((counts / counts.sum(axis=1, keepdims=True)).astype(np.float32))

    def log_probability(self, residual: Floats) -> Floats:
        """Returns ln p of all bins of deposits at some residual ranges, (..., D - 1)."""
        middle = 0.5 * (_RESIDUAL[:-1] + _RESIDUAL[1:])
        at = np.clip(np.interp(residual, middle, np.arange(len(middle))), 0, len(middle) - 1.001)
        left = at.astype(np.int64)
        part = (at - left)[..., None]
        table = self.probability.astype(np.float64)
        return np.log((1 - part) * table[left] + part * table[left + 1])


def posterior_ranges(
    offset: Integers,
    layer: Integers,
    energy: Floats,
    *,
    plane: Floats,
    table: DepositTable,
    n_last: int = N_LAST,
) -> Ranges:
    """Returns mean and standard deviation of the range, given the last deposits.

    Flat prior in the gap behind the last plane; e⁻⁸ of it in the gap after that.

    Arguments:
        offset: Track n owns the hits ``offset[n]`` to ``offset[n + 1]``, (N + 1,).
        layer: Layer of each hit, ascending in a track, (K,).
        energy: Deposit of each hit in MeV, (K,).
        plane: Depth of the layers in mm of water, (L,).
        table: What protons deposit.
        n_last: Number of deposits to look at, from the last one on.

    Raises:
        DataError: A layer is not one of the detector.
    """
    _check_layers(layer, plane)
    grid, logs = _expected_deposits(plane.tobytes(), table.probability.tobytes())
    prior = np.concatenate([np.zeros(_INSIDE), np.full(_BEHIND, _MISSED)])
    logarithm = np.log(np.maximum(energy, 1e-9) / keV)
    bins = np.clip(np.searchsorted(_DEPOSIT, logarithm, side="right") - 1, 0, len(_DEPOSIT) - 2)
    out = np.empty((3, len(offset) - 1))
    _posterior(offset, layer, bins, logs, grid, prior, n_last, out)
    return Ranges(*out)


@functools.lru_cache(maxsize=4)  # a detector's, for frame after frame
def _expected_deposits(planes: bytes, probability: bytes) -> tuple[Floats, npt.NDArray[np.float32]]:
    """Places behind each last layer, and log probabilities of deposits for these, as bytes."""
    plane = np.frombuffer(planes)
    table = DepositTable(np.frombuffer(probability, np.float32).reshape(len(_RESIDUAL) - 1, -1))
    border = _with_ends(plane)
    grid = np.stack([_places(border, last) for last in range(len(plane))])
    upstream = np.maximum(np.arange(len(plane))[:, None] - np.arange(_DEEPEST), 0)
    residual = grid[:, None, :] - plane[upstream][:, :, None]
    return grid, np.ascontiguousarray(table.log_probability(residual).astype(np.float32))


def midpoint_ranges(offset: Integers, layer: Integers, *, plane: Floats) -> Ranges:
    """Returns the middle of the gap behind the last plane; sd = gap / √12."""
    _check_layers(layer, plane)
    border = _with_ends(plane)
    last = layer[offset[1:] - 1]
    gap = border[last + 1] - border[last]
    return Ranges(border[last] + gap / 2, gap / np.sqrt(12), np.full(len(last), np.nan))


def bragg_ranges(
    offset: Integers, layer: Integers, energy: Floats, *, plane: Floats, thickness: float
) -> Ranges:
    """Fits s (R - x)^(1/p - 1) to the deposits by least squares, s = 7 keV/um, p = 1.7547.

    Formula and constants: Pettersen, Digital Tracking Calorimeter Toolkit.

    Arguments:
        offset: Track n owns the hits ``offset[n]`` to ``offset[n + 1]``, (N + 1,).
        layer: Layer of each hit, (K,).
        energy: Deposit of each hit in MeV, (K,).
        plane: Depth of the layers in mm of water, (L,).
        thickness: Thickness of the sensitive layers in mm.
    """
    _check_layers(layer, plane)
    border = _with_ends(plane)
    last = layer[offset[1:] - 1]
    share = (np.arange(_BRAGG_GRID) + 0.5) / _BRAGG_GRID * 1.5
    per_um = energy / keV / (thickness / um)
    misfit = np.empty((len(last), _BRAGG_GRID))
    track = np.repeat(np.arange(len(last)), np.diff(offset))
    for step, part in enumerate(share):
        place = border[last] + part * (border[last + 1] - border[last])
        expected = _BRAGG_SCALE * (place[track] - plane[layer]) ** _BRAGG_EXPONENT
        misfit[:, step] = np.add.reduceat((per_um - expected) ** 2, offset[:-1])
    gap = border[last + 1] - border[last]
    value = border[last] + share[misfit.argmin(axis=1)] * gap
    return Ranges(value, gap / np.sqrt(12), np.full(len(last), np.nan))


def _check_layers(layer: Integers, plane: Floats) -> None:
    if len(layer) and not 0 <= layer.min() <= layer.max() < len(plane):
        raise DataError(
            f"Expected hits in the layers 0 to {len(plane) - 1} of the detector, got "
            f"{layer.min()} to {layer.max()}; name the detector that the hits are from."
        )


def _with_ends(plane: Floats) -> Floats:
    """Returns the planes and, behind the last one, two more that are not there."""
    step = plane[-1] - plane[-2]
    return np.concatenate([plane, [plane[-1] + step, plane[-1] + 2 * step]])


def _places(border: Floats, last: int) -> Floats:
    start, middle, end = border[last : last + 3]
    inside = start + (np.arange(_INSIDE) + 0.5) / _INSIDE * (middle - start)
    return np.concatenate([inside, middle + (np.arange(_BEHIND) + 0.5) / _BEHIND * (end - middle)])


@compiled
def _posterior(
    offset: Integers,
    layer: Integers,
    bins: Integers,
    logs: npt.NDArray[np.float32],
    grid: Floats,
    prior: Floats,
    n_last: int,
    out: Floats,
) -> None:
    """Fills mean, standard deviation and log likelihood for each deposit, (3, N)."""
    places = len(prior)
    weight = np.empty(places)
    for track in range(len(offset) - 1):
        stop = offset[track + 1]
        last = layer[stop - 1]
        weight[:] = prior
        used = 0
        for hit in range(stop - 1, max(offset[track], stop - n_last) - 1, -1):
            before = last - layer[hit]
            if before < logs.shape[1]:
                used += 1
                for place in range(places):
                    weight[place] += logs[last, before, place, bins[hit]]
        highest = weight.max()
        total = first = second = 0.0
        for place in range(places):
            share = np.exp(weight[place] - highest)
            # Both gaps have the same density of the prior, though not as many places.
            share /= _INSIDE if place < _INSIDE else _BEHIND
            distance = grid[last, place] - grid[last, 0]
            total += share
            first += share * distance
            second += share * distance * distance
        mean = first / total
        out[0, track] = grid[last, 0] + mean
        out[1, track] = np.sqrt(max(second / total - mean * mean, 0.0))
        out[2, track] = (highest + np.log(total)) / used
