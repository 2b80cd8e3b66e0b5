"""Rows of tracks of one angle -> protons: what is known of their path, and their WEPL."""

import dataclasses
from typing import NamedTuple

import numpy as np
import torch

from trackscape.compiled import Floats
from trackscape.imaging.hull import Crossing, Hull
from trackscape.imaging.paths import Optics, ScatteringMoments, path_weights, scattering_moments
from trackscape.imaging.probability import probability_given_wepl
from trackscape.imaging.quality import consistent, neighbours

_MIDDLE = 75.0  # mm; half of an object for which places at its middle are estimated
_REACH = 400.0  # mm


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Protons:
    """Protons of one angle that are good for an image. Axes: N protons, 2 sides x and y."""

    angle: float
    """Rotation of the object in rad."""
    known: Floats
    """Spot, rear place (both in mm) and rear slope in x and in y, (N, 2, 3)."""
    entrance: Floats
    """Where it enters the object, z in mm, (N,); equal to `exit` where it misses it."""
    exit: Floats
    """Where it leaves the object, z in mm, (N,)."""
    wepl: Floats
    """Water-equivalent path length in mm, (N,)."""
    weight: Floats
    """Weight of each proton, (N,): 1 for a certain track."""
    sd: Floats
    """Standard deviation of WEPL in mm, (N,)."""
    group: np.ndarray
    """Number of the frame that it was found in, (N,): what is redrawn to estimate errors."""
    row: np.ndarray
    """Row of the table of tracks, (N,)."""

    def __len__(self) -> int:
        return len(self.wepl)

    def select(self, part: np.ndarray) -> "Protons":
        """Returns some of the protons."""
        return dataclasses.replace(
            self,
            **{
                name: getattr(self, name)[part]
                for name in ("known", "entrance", "exit", "wepl", "weight", "sd", "group", "row")
            },
        )


class PathModel(NamedTuple):
    """What the path of every proton depends on."""

    optics: Optics
    """Beam and trackers."""
    moments: ScatteringMoments
    """Scattering moments at the energy of the beam."""
    hull: Hull
    """Outline of the object."""

    @classmethod
    def of(cls, optics: Optics, hull: Hull) -> "PathModel":
        """Returns the geometry with the moments that fit the beam."""
        return cls(optics, scattering_moments(optics.beam.energy), hull)


def select_protons(
    rows: np.ndarray,
    geometry: PathModel,
    *,
    angle: float,
    by_height: bool = False,
    cut: bool = True,
    only_right: bool = False,
) -> Protons:
    """Returns the protons of the tracks that pass the cuts, each weighted by its probability.

    Among neighbours, WEPL says how probable it is, too: see `probability_given_wepl`.

    Arguments:
        rows: Tracks of one angle, of type `trackscape.imaging.track_table.TRACK`.
        geometry: Beam, trackers and outline of the object.
        angle: Rotation of the object in rad.
        by_height: Compare tracks within bins of y, too, as an object that changes along its axis
            needs.
        cut: Leave out tracks that disagree with their neighbours, see `consistent`.
        only_right: Of those, take the tracks whose hits are of one primary, which the truth knows:
            the difference is what wrong tracks do to an image.
    """
    lined = np.flatnonzero(np.isfinite(rows["slopeX"]) & np.isfinite(rows["slopeY"]))
    known = _known(rows[lined], geometry.optics)
    wepl = rows["wepl"][lined].astype(np.float64)
    weight = rows["probability"][lined].astype(np.float64)
    weight = np.where(np.isfinite(weight), weight, 1.0)
    if cut:
        place = (known @ _middle_weights(geometry))[:, : 2 if by_height else 1]
        bend = known[:, :, 2] - known[:, :, 0] / geometry.optics.beam.magnet
        kept = consistent(place, wepl, bend)
        lined, known, wepl = lined[kept], known[kept], wepl[kept]
        middle, spread = neighbours(place[kept], wepl)
        weight = probability_given_wepl(weight[kept], wepl - middle, spread)
    if only_right:
        kept = rows["right"][lined] == 1
        lined, known, wepl, weight = lined[kept], known[kept], wepl[kept], weight[kept]
    entrance, exit_ = _cross(known, geometry, angle)
    return Protons(
        angle=angle,
        known=known,
        entrance=entrance,
        exit=exit_,
        wepl=wepl,
        weight=weight,
        sd=rows["wepl_sd"][lined].astype(np.float64),
        group=rows["frame"][lined].astype(np.int64),
        row=lined,
    )


def _known(rows: np.ndarray, optics: Optics) -> Floats:
    shift = optics.rear - rows["posZ"].astype(np.float64)
    known = np.empty((len(rows), 2, 3))
    for axis, side in enumerate("XY"):
        slope = rows[f"slope{side}"]
        place = rows[f"pos{side}"] + shift * slope
        known[:, axis] = np.stack([rows[f"spot{side}"], place, slope], axis=1)
    return known


def _middle_weights(geometry: PathModel) -> Floats:
    z, half = torch.zeros((), dtype=torch.float64), torch.tensor(_MIDDLE, dtype=torch.float64)
    paths = path_weights(z, -half, half, optics=geometry.optics, moments=geometry.moments)
    return paths.weight.numpy()


def _cross(known: Floats, geometry: PathModel, angle: float) -> tuple[Floats, Floats]:
    """Finds entrances and exits: the exit from the rear line, the entrance from the path."""
    spot, place, slope = known[:, 0].T
    crossing = Crossing(geometry.hull, angle, reach=_REACH)
    optics = geometry.optics
    exit_ = crossing.exit(place - slope * optics.rear, slope)
    entrance = crossing.entrance(spot, spot / optics.beam.magnet)
    for _ in range(2):
        hit = np.isfinite(entrance) & np.isfinite(exit_) & (entrance < exit_)
        start, end = (torch.from_numpy(np.where(hit, z, 0.0)) for z in (entrance, exit_))
        paths = path_weights(start, start, end, optics=optics, moments=geometry.moments)
        front = (paths.weight.numpy() * known[:, 0]).sum(axis=1)
        lean = (paths.slope.numpy() * known[:, 0]).sum(axis=1)
        entrance = crossing.entrance(front - lean * start.numpy(), lean)
    hit = np.isfinite(entrance) & np.isfinite(exit_) & (entrance < exit_)
    return np.where(hit, entrance, 0.0), np.where(hit, exit_, 0.0)
