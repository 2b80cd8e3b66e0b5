"""Quantities by which two hit files are compared: units, tolerances, published values."""

from typing import NamedTuple

PER_FRAME = (50, 100, 150)  # primaries in the frames whose graphs are counted
MAX_FRAMES = 100  # of each size: the mean number of edges is then known to about 1 %
LEAST = 300  # values; quantiles of fewer are shown, but not judged
QUANTILES = {"5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95}
GRAPH_SIZES = ("graph nodes", "graph edges", "line-graph edges")

# Means behind 100, 150 and 200 mm of water (Kortus, Keidel, Gauger, TMLR 2025), for Monte Carlo
# files of the same detector that are not public. Their line graph is undirected: each pair of
# segments counts in both directions.
PUBLISHED: dict[str, dict[int, tuple[int, int, int]]] = {
    "graph nodes": {50: (1337, 1074, 815), 100: (2675, 2148, 1628), 150: (4015, 3224, 2445)},
    "graph edges": {50: (4311, 3079, 2235), 100: (14837, 10397, 7514), 150: (31532, 21906, 15770)},
    "line-graph edges": {
        50: (68_000, 40_000, 25_000),
        100: (494_000, 280_000, 173_000),
        150: (1_610_000, 909_000, 553_000),
    },
}


class Key(NamedTuple):
    """Which number: for example the median of the energy deposit in layer 3."""

    quantity: str
    statistic: str = ""
    layer: int | None = None
    """Number of the layer; None: all layers together, or none at all."""


class Quantity(NamedTuple):
    """How the numbers of a quantity are judged."""

    unit: str
    limit: float | None = None
    """Largest difference that passes; None: shown, not judged."""
    scale: str = "%"
    """Unit of difference and limit. %: of A; `points` and others: the unit of the numbers."""
    layered: bool = False
    """Whether it is shown as quantiles in each layer, which `LEAST` values are needed to judge."""
    countable: bool = False
    """Whether layers in which only one file has any are shown, as 0 of the other."""


QUANTITIES = {
    "energy deposit": Quantity("keV", limit=5, layered=True),
    "kink angle": Quantity("mrad", limit=5, layered=True),
    "first segment angle": Quantity("mrad", limit=5, layered=True),
    "lateral position": Quantity("mm", limit=3, layered=True),
    "hits per primary": Quantity("hits", limit=2),
    "hits in the layer": Quantity("hits", countable=True),
    "non-primary hits": Quantity("%", limit=1, scale="points"),
    "non-primary by particle": Quantity("%", scale="points"),
    "stopping depth": Quantity("layers", limit=0.3, scale="layers"),
    "stops in the layer": Quantity("%", scale="points", countable=True),
    "cluster size": Quantity("pixels"),
    "graph nodes": Quantity("", limit=5),
    "graph edges": Quantity("", limit=5),
    "line-graph edges": Quantity("", limit=5),
    "survival": Quantity("%", limit=1, scale="points"),
    "energy behind": Quantity("MeV", limit=0.3),
    "energy spread behind": Quantity("MeV", limit=5),
    "exit angle": Quantity("mrad", limit=3),
    "exit angle tail": Quantity("%", limit=20),
    "energy at layer": Quantity("MeV", limit=0.3),
}
"""In the order of the tables."""
DEFINITIONS = {
    "energy deposit": "Energy that a particle leaves in a layer: rows of one event, track and "
    "layer are one hit.",
    "kink angle": "Angle in space between the segments of a primary before and behind a layer, if "
    "it left hits in the layers on both sides.",
    "first segment angle": "Angle of a primary between the layers 0 and 1 with the beam axis.",
    "lateral position": "Half of the central 68 % of x and of y, averaged; relative to the beam "
    "spot, if known.",
    "hits per primary": "Hits / simulated primaries.",
    "hits in the layer": "Hits in the layer / simulated primaries.",
    "non-primary hits": "Share of hits that a secondary particle left.",
    "non-primary by particle": "Share of hits that a secondary of this kind left.",
    "stopping depth": "Last layer with a hit of the primary, whatever ended it. Layer L stands for "
    "depths from L - 1/2 to L + 1/2, spread evenly, so that the median is not a whole number.",
    "stops in the layer": "Share of primaries whose last hit is in the layer.",
    "cluster size": "Pixels that fire, n = floor(4.2267 (E / 25 um in keV/um)^0.65 + 1/2).",
    "graph nodes": "Mean number of hits in a clean frame.",
    "graph edges": "Mean number of candidate segments in a frame.",
    "line-graph edges": "Mean number of pairs of candidate segments that share a hit and go on, "
    "counted in both directions.",
    "survival": "Share of primaries that leave the phantom at its exit face.",
    "energy behind": "Kinetic energy of these primaries at the exit face of the phantom.",
    "energy spread behind": "Half of the central 68 % of that energy, and the standard deviation "
    "of its central 95 %.",
    "exit angle": "Half of the central 68 % of the angles with the beam axis at the exit face, "
    "projected on the planes of x and of y, averaged.",
    "exit angle tail": "Share of these primaries with either angle further from its median than "
    "three times that half-width.",
    "energy at layer": "Kinetic energy of primaries where they enter a sensitive layer.",
}
"""Meaning of each quantity, for readers of the tables."""
