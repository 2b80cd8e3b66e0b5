"""A table with one row for each primary -> what the beam is behind the phantom."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trackscape.comparison.quantities import Key
from trackscape.comparison.statistics import (
    Estimate,
    Sample,
    Values,
    central_mean_and_spread,
    half_width,
    quantile,
    share,
)
from trackscape.errors import FormatError
from trackscape.formats import read_primaries
from trackscape.units import mrad

AXES = ("x", "y")
NEEDED = ("out_ekin", "out_dx", "out_dy", "out_dz")
AT_LAYERS = ("ekin_layer0", "ekin_layer1", "ekin_layer2")
"""Energies at the first layers, where the table has such columns."""


def find_truth(hits: Path) -> Path | None:
    """Returns the table beside a hit file, ``NAME_truth.npz`` for ``NAME.npz``, if it is there."""
    path = hits.with_name(f"{hits.stem}_truth.npz")
    return path if path.exists() else None


def read_truth(path: Path, *, max_bytes: int | None = None) -> np.ndarray:
    """Reads the table, a structured array (primaries,).

    Raises:
        FormatError: The file is absent, damaged or something else.
    """
    table = read_primaries(path, NEEDED, optional=AT_LAYERS, max_bytes=max_bytes)
    if len(table) == 0:
        raise FormatError(
            f"{path}: expected one row for each primary, but every row is missing; name the table "
            "that was written with the hits."
        )
    return table


def truth_estimates(table: np.ndarray) -> Iterator[tuple[Key, Estimate]]:
    """Yields survival, energy, exit angle and its tail; those of survivors if there are two."""
    behind = table["out_ekin"] > 0
    primary = np.arange(len(table))
    yield Key("survival"), share(behind, event=primary).scaled(100)
    if behind.sum() < 2:
        return
    energy, angle, event = _energy(table), exit_angle(table), primary[: behind.sum()]
    mean, rms = central_mean_and_spread(energy)
    yield Key("energy behind", "median"), quantile(energy, 0.5, event=event)
    yield Key("energy behind", "95 % mean"), mean
    width = half_width(energy[:, None], event=event)
    yield Key("energy spread behind", "68 % half-width"), width
    yield Key("energy spread behind", "95 % rms"), rms
    yield Key("exit angle", "68 % half-width"), half_width(angle, event=event)
    yield Key("exit angle tail", "share"), _tail(angle)
    yield from _energies_at_layers(table)


def truth_samples(table: np.ndarray) -> Iterator[tuple[Key, Sample]]:
    """Yields energies and exit angles of the survivors, if there are any."""
    if (table["out_ekin"] > 0).any():
        energy = _energy(table)
        yield Key("energy behind"), Sample(energy, len(energy))
        for axis, column in zip(AXES, exit_angle(table).T, strict=True):
            yield Key("exit angle", axis), Sample(column, len(column))


def exit_angle(table: np.ndarray) -> Values:
    """Angles in mrad with the beam axis, (survivors, 2), projected on the planes of x and y."""
    table = table[table["out_ekin"] > 0]
    along = table["out_dz"].astype(float)
    projected = [np.arctan2(table[f"out_d{axis}"].astype(float), along) for axis in AXES]
    return np.stack(projected, axis=1) / mrad


def _energy(table: np.ndarray) -> Values:
    return table["out_ekin"][table["out_ekin"] > 0].astype(float)


def _tail(angle: Values) -> Estimate:
    """Share beyond three times the half of the central 68 %, of x or y, about the median."""
    event = np.arange(len(angle))
    widths = [half_width(column[:, None], event=event).value for column in angle.T]
    beyond: npt.NDArray[np.bool_] = np.abs(angle - np.median(angle, axis=0)) > 3 * np.array(widths)
    return share(np.logical_or(*beyond.T), event=event).scaled(100)


def _energies_at_layers(table: np.ndarray) -> Iterator[tuple[Key, Estimate]]:
    for layer, name in enumerate(AT_LAYERS):
        if name in (table.dtype.names or ()):
            energy = table[name][table[name] > 0].astype(float)
            if len(energy) > 1:
                median = quantile(energy, 0.5, event=np.arange(len(energy)))
                yield Key("energy at layer", "median", layer), median
