"""The quantities by which two hit files are compared, their units and how far they may differ."""

import dataclasses
from typing import NamedTuple

LEAST = 300
"""Quantiles of fewer values than this are shown, but not judged."""
QUANTILES = {"5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95}


class Key(NamedTuple):
    """Which number: for example the median of the energy deposit in layer 3."""

    quantity: str
    statistic: str = ""
    layer: int | None = None
    """None: of all layers together, or of none."""


@dataclasses.dataclass(frozen=True)
class Quantity:
    """What a quantity is and how it is judged."""

    text: str
    """Its definition, for readers of the tables."""
    unit: str
    limit: float | None = None
    """Largest difference that passes; None: shown, not judged."""
    scale: str = "%"
    """Unit of difference and limit. %: of A; `points` and others: the unit of the numbers."""
    layered: bool = False
    """Quantiles of the values in each layer, and in all; `LEAST` values are needed to judge."""
    countable: bool = False
    """Layers in which only one file has any are shown, as 0 of the other."""


QUANTITIES = {
    "energy deposit": Quantity(
        "Energy that a particle leaves in a layer: rows of one event, track and layer are one hit.",
        "keV",
        limit=5,
        layered=True,
    ),
    "kink angle": Quantity(
        "Angle in space between the segments of a primary before and behind a layer, if it left "
        "hits in the layers on both sides.",
        "mrad",
        limit=5,
        layered=True,
    ),
    "first segment angle": Quantity(
        "Angle of a primary between the layers 0 and 1 with the beam axis.",
        "mrad",
        limit=5,
        layered=True,
    ),
    "lateral position": Quantity(
        "Half of the central 68 % of x and of y, averaged; relative to the beam spot, if known.",
        "mm",
        limit=3,
        layered=True,
    ),
    "hits per primary": Quantity("Hits / simulated primaries.", "hits", limit=2),
    "hits in the layer": Quantity(
        "Hits in the layer / simulated primaries.", "hits", countable=True
    ),
    "non-primary hits": Quantity(
        "Share of hits that a secondary particle left.", "%", limit=1, scale="points"
    ),
    "non-primary by particle": Quantity(
        "Share of hits that a secondary of this kind left.", "%", scale="points"
    ),
    "stopping depth": Quantity(
        "Last layer with a hit of the primary, whatever ended it. Layer L stands for depths from "
        "L - 1/2 to L + 1/2, spread evenly, so that the median is not a whole number.",
        "layers",
        limit=0.3,
        scale="layers",
    ),
    "stops in the layer": Quantity(
        "Share of primaries whose last hit is in the layer.", "%", scale="points", countable=True
    ),
    "cluster size": Quantity(
        "Pixels that fire, n = floor(4.2267 (E / 25 um in keV/um)^0.65 + 1/2).", "pixels"
    ),
    "graph nodes": Quantity("Mean number of hits in a clean frame.", "", limit=5),
    "graph edges": Quantity("Mean number of candidate segments in a frame.", "", limit=5),
    "line-graph edges": Quantity(
        "Mean number of pairs of candidate segments that share a hit and go on, counted in both "
        "directions.",
        "",
        limit=5,
    ),
    "survival": Quantity(
        "Share of primaries that leave the phantom at its exit face.", "%", limit=1, scale="points"
    ),
    "energy behind": Quantity(
        "Kinetic energy of these primaries at the exit face of the phantom.", "MeV", limit=0.3
    ),
    "energy spread behind": Quantity(
        "Half of the central 68 % of that energy, and the standard deviation of its central 95 %.",
        "MeV",
        limit=5,
    ),
    "exit angle": Quantity(
        "Half of the central 68 % of the angles with the beam axis at the exit face, projected on "
        "the planes of x and of y, averaged.",
        "mrad",
        limit=3,
    ),
    "exit angle tail": Quantity(
        "Share of these primaries with either angle further from its median than three times that "
        "half-width.",
        "%",
        limit=20,
    ),
    "energy at layer": Quantity(
        "Kinetic energy of primaries where they enter a sensitive layer.", "MeV", limit=0.3
    ),
}
"""In the order of the tables."""
