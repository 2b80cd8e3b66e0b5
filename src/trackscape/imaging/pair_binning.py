"""Pairs of RTK and PCT, made by us or by others -> projections along most likely paths."""

import math

import numpy as np

from trackscape.imaging.binning import Bins, Projection
from trackscape.imaging.hull import Crossing
from trackscape.imaging.pairs import Pairs
from trackscape.imaging.path_table import PathTable
from trackscape.imaging.paths import Optics
from trackscape.imaging.protons import PathModel, Protons
from trackscape.imaging.quality import consistent
from trackscape.simulation import Beam

_PLACE, _TILT = 0.01, 1e-4  # mm and rad
_NO_LAYER = 1e-12  # of a radiation length
_REACH = 400.0  # mm


def pair_optics(pairs: Pairs, *, energy: float = 230.0, source: float = 6600.0) -> Optics:
    """Returns optics in which both lines of a proton are known to 0.01 mm and 0.1 mrad.

    Arguments:
        pairs: Pairs of a scan; all are taken to have the same planes.
        energy: Energy of the beam in MeV, for the scattering.
        source: Distance from the source of the beam to the axis in mm.
    """
    before, behind = pairs.planes
    beam = Beam(energy=energy, spot_size=_PLACE, divergence=_TILT, source=before, magnet=source)
    gap = math.sqrt(2) * _PLACE / _TILT
    return Optics(beam=beam, rear=behind, gap=gap, resolution=_PLACE, layer=_NO_LAYER)


def bin_pairs(
    pairs: Pairs, geometry: PathModel, bins: Bins, *, angle: float, cut: bool = True
) -> Projection:
    """Returns the projection of one angle along the most likely paths between both lines.

    With d and e the place and the slope of the rear line at the first tracker, less those of the
    front line there, the path is that of a proton of which only d and e are known, and a spot at
    zero, added to the front line: so it is linear in four numbers.

    Arguments:
        pairs: Pairs of one angle.
        geometry: That of `pair_optics`, or other optics, and the outline of the object; the source
            of the beam is its magnet.
        bins: Bins of the projection.
        angle: Rotation of the object in rad.
        cut: Leave out protons that disagree with their neighbours, see `consistent`.
    """
    magnet, rear = geometry.optics.beam.magnet, geometry.optics.rear
    if cut:
        middle = (pairs.front[:, :1, 0] + pairs.rear[:, :1, 0]) / 2
        bend = pairs.rear[:, :, 1] - pairs.front[:, :, 1]
        pairs = Pairs(pairs.rows[consistent(middle, pairs.wepl, bend)])
    front, wepl = pairs.front, pairs.wepl
    bent = _bent(pairs, geometry, angle, rear)
    scale = magnet / (magnet + bins.z)
    places = (front[:, :, :1] + front[:, :, 1:] * bins.z) * scale
    places += PathTable(geometry, bins.z, from_magnet=True).places(bent)
    sums = np.zeros((bins.n_v * bins.n_u, bins.n_z, 2))
    for plane in range(bins.n_z):
        place = places[:, :, plane]
        u = np.floor(place[:, 0] / bins.side_u + bins.n_u / 2).astype(np.int64)
        v = np.floor(place[:, 1] / bins.side_v + bins.n_v / 2).astype(np.int64)
        v = v if bins.n_v > 1 else np.zeros_like(v)
        seen = (u >= 0) & (u < bins.n_u) & (v >= 0) & (v < bins.n_v)
        cell = (v * bins.n_u + u)[seen]
        for column, mass in enumerate((wepl[seen], None)):
            sums[:, plane, column] = np.bincount(cell, mass, minlength=len(sums))
    total, count = np.moveaxis(sums.reshape(bins.n_v, bins.n_u, bins.n_z, 2), 3, 0)
    return Projection(angle, total, count)


def _bent(pairs: Pairs, geometry: PathModel, angle: float, rear: float) -> Protons:
    """Returns protons of which only the bend is known, between where both lines meet the object."""
    front, behind = pairs.front, pairs.rear
    crossing = Crossing(geometry.hull, angle, reach=_REACH)
    entrance = crossing.entrance(front[:, 0, 0], front[:, 0, 1])
    exit_ = crossing.exit(behind[:, 0, 0], behind[:, 0, 1])
    hit = np.isfinite(entrance) & np.isfinite(exit_) & (entrance < exit_)
    slope = behind[:, :, 1] - front[:, :, 1]
    place = behind[:, :, 0] - front[:, :, 0] + slope * rear
    return Protons(
        angle=angle,
        known=np.stack([np.zeros_like(place), place, slope], axis=2),
        entrance=np.where(hit, entrance, 0.0),
        exit=np.where(hit, exit_, 0.0),
        wepl=pairs.wepl,
        weight=np.ones(len(pairs)),
        sd=np.ones(len(pairs)),
        group=np.zeros(len(pairs), dtype=np.int64),
        row=pairs.track,
    )
