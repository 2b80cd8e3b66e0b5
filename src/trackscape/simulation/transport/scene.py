"""Setup -> geometry and tables as arrays, for compiled code."""

import math
from typing import NamedTuple

import numpy as np

from trackscape.simulation.physics.nuclear import load_nuclear_data
from trackscape.simulation.record import Setup
from trackscape.simulation.setup.detector import Detector, Slab
from trackscape.simulation.setup.materials import Material
from trackscape.simulation.transport.matter import LOG_ENERGY, Matter, Mixture, tabulate_matter
from trackscape.simulation.transport.reactions import Reactions, tabulate_reactions
from trackscape.simulation.transport.world import World

_FOIL = 0.15  # mm; passive slabs thinner than this are taken together with their neighbours


class Scene(NamedTuple):
    """All that stays the same during a simulation."""

    world: World
    """Geometry."""
    matter: Matter
    """Tables of the materials."""
    reactions: Reactions
    """Samples of nuclear reactions."""
    displaces_at_borders: bool
    """Whether the deflections of a step that ends at a border displace a particle, too."""


def build_scene(setup: Setup) -> Scene:
    """Returns geometry and tables of a setup for compiled code."""
    world, mixtures, densities = build_world(setup)
    nuclear = load_nuclear_data()
    return Scene(
        world=world,
        matter=tabulate_matter(mixtures, densities, nuclear, model=setup.condensed_history),
        reactions=tabulate_reactions(nuclear, LOG_ENERGY),
        displaces_at_borders=setup.condensed_history == "theory",
    )


def build_world(setup: Setup) -> tuple[World, list[Mixture], list[float]]:
    """Returns the geometry, and the mixtures and their densities in the order of their numbers."""
    detector, phantom = setup.detector, setup.phantom
    plates = _merge_foils(detector)
    mixtures: list[Mixture] = []
    densities: list[float] = []

    def number(mixture: Mixture, density: float) -> int:
        if mixture not in mixtures:
            mixtures.append(mixture)
            densities.append(density)
        return mixtures.index(mixture)

    air = number([(detector.air, 1.0)], detector.air.density)
    slabs = [number(plate.mixture, plate.density) for plate in plates]
    boxes = [number([(material, 1.0)], material.density) for material in phantom.materials]
    world = World(
        slab_edges=detector.front + np.cumsum([0.0, *(plate.thickness for plate in plates)]),
        slab_material=np.array(slabs),
        slab_layer=np.array([plate.layer for plate in plates]),
        half_width=0.5 * detector.width,
        half_height=0.5 * detector.height,
        labels=np.array(boxes, dtype=np.uint8)[phantom.labels],
        x_edges=np.ascontiguousarray(phantom.edges[0], dtype=np.float64),
        y_edges=np.ascontiguousarray(phantom.edges[1], dtype=np.float64),
        z_edges=np.ascontiguousarray(phantom.edges[2], dtype=np.float64),
        cosine=math.cos(phantom.angle),
        sine=math.sin(phantom.angle),
        air=air,
    )
    return world, mixtures, densities


class _Plate(NamedTuple):
    mixture: Mixture
    density: float
    thickness: float
    layer: int


def _merge_foils(detector: Detector) -> list[_Plate]:
    """Takes neighbouring foils of cables and glue together: fewer steps, as much matter."""
    plates: list[_Plate] = []
    thin: list[Slab] = []
    for slab, layer in zip(detector.slabs, detector.layer_of_slab.tolist(), strict=True):
        if layer < 0 and slab.thickness < _FOIL:
            thin.append(slab)
            continue
        if thin:
            plates.append(_plate(thin, -1))
            thin = []
        plates.append(_plate([slab], layer))
    return plates + ([_plate(thin, -1)] if thin else [])


def _plate(slabs: list[Slab], layer: int) -> _Plate:
    thickness = sum(slab.thickness for slab in slabs)
    mass = sum(slab.thickness * slab.material.density for slab in slabs)
    fractions: dict[Material, float] = {}
    for slab in slabs:
        share = slab.thickness * slab.material.density / mass
        fractions[slab.material] = fractions.get(slab.material, 0.0) + share
    return _Plate(list(fractions.items()), mass / thickness, thickness, layer)
