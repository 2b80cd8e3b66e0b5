"""Quantities by which two hit files are compared: units, tolerances, published values."""

import dataclasses
from typing import NamedTuple

PER_FRAME = (50, 100, 150)
"""Primaries in the frames whose graphs are counted."""
MAX_FRAMES = 100
"""Number of frames of each size at most: the mean number of edges is then known to about 1 %."""
GRAPH_SIZES = ("graph nodes", "graph edges", "line-graph edges")

# Means behind 100, 150 and 200 mm of water (Kortus, Keidel, Gauger, TMLR 2025), for Monte Carlo
# files of the same detector that are not public. Their line graph is undirected: each pair of
# segments counts in both directions.
PUBLISHED: dict[str, dict[int, tuple[int, int, int]]] = {
    "graph nodes": {50: (1337, 1074, 815), 100: (2675, 2148, 1628), 150: (4015, 3224, 2445)},
    "graph edges": {
        50: (4311, 3079, 2235),
        100: (14_837, 10_397, 7514),
        150: (31_532, 21_906, 15_770),
    },
    "line-graph edges": {
        50: (68_000, 40_000, 25_000),
        100: (494_000, 280_000, 173_000),
        150: (1_610_000, 909_000, 553_000),
    },
}

LEAST = 300
"""Number of values below which quantiles are shown, but not judged."""
QUANTILES = {"5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95}


class Key(NamedTuple):
    """Which number: for example the median of the energy deposit in layer 3."""

    quantity: str
    statistic: str = ""
    layer: int | None = None
    """Number of the layer; None: all layers together, or none at all."""


@dataclasses.dataclass(frozen=True)
class Quantity:
    """What a quantity is and how it is judged."""

    text: str
    """Definition, for readers of the tables."""
    unit: str
    """Unit of the numbers."""
    limit: float | None = None
    """Largest difference that passes; None: shown, not judged."""
    scale: str = "%"
    """Unit of difference and limit. %: of A; `points` and others: the unit of the numbers."""
    layered: bool = False
    """Whether it is shown as quantiles in each layer, which `LEAST` values are needed to judge."""
    countable: bool = False
    """Whether layers in which only one file has any are shown, as 0 of the other."""


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
