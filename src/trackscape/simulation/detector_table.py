"""A detector -> a table of what each of its modules means to a proton."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from trackscape.simulation.detector import Detector, Slab
from trackscape.simulation.materials import Material
from trackscape.simulation.physics.stopping import mass_stopping_power
from trackscape.text import shown
from trackscape.units import cm


@dataclasses.dataclass(frozen=True)
class ModuleRow:
    """One module of the stack. Axes: E energies."""

    name: str
    layer: int | None
    """Number of its detector layer; None if nothing in it is sensitive."""
    plane: float | None
    """Middle of its sensitive slab: z in mm."""
    thickness: float
    """In mm."""
    mass_thickness: float
    """In g/cm2."""
    radiation_lengths: float
    """Thickness in radiation lengths, x/X0."""
    water_equivalent: tuple[float, ...]
    """Water-equivalent thickness at each energy, (E,) in mm."""


def tabulate(
    detector: Detector, *, energies: Sequence[float], water: Material
) -> tuple[ModuleRow, ...]:
    """Returns a row for each module of a detector, in the order of the beam.

    The water-equivalent thickness (WET) of a thin slab is t S / S_water, where S is the linear
    stopping power and t the thickness; each module is short enough for that.

    Arguments:
        detector: The stack.
        energies: Kinetic energies of protons in MeV at which the WET is wanted, (E,).
        water: What the WET compares with.

    Raises:
        ConfigError: If an energy is outside of the tables of stopping power.
    """
    ratios = {
        material: tuple(_relative_stopping_power(material, energy, water) for energy in energies)
        for material in {slab.material for slab in detector.slabs}
    }
    layers, edges = detector.layer_of_slab, detector.edges
    middles = 0.5 * (edges[:-1] + edges[1:])
    rows: list[ModuleRow] = []
    for name, part in detector.modules.items():
        slabs = detector.slabs[part]
        sensitive = np.flatnonzero(layers[part] >= 0)
        at = part.start + int(sensitive[0]) if len(sensitive) else None
        rows.append(
            ModuleRow(
                name=name,
                layer=None if at is None else int(layers[at]),
                plane=None if at is None else float(middles[at]),
                thickness=sum(slab.thickness for slab in slabs),
                mass_thickness=sum(_mass_thickness(slab) for slab in slabs),
                radiation_lengths=sum(
                    _mass_thickness(slab) / slab.material.radiation_length for slab in slabs
                ),
                water_equivalent=tuple(
                    sum(slab.thickness * ratios[slab.material][number] for slab in slabs)
                    for number in range(len(energies))
                ),
            )
        )
    return tuple(rows)


def render(rows: Sequence[ModuleRow], *, energies: Sequence[float], water: Material) -> str:
    """Returns the rows as a Markdown table, with a line for the sum of all modules."""
    header = ["module", "layer", "plane / mm", "thickness / mm", "g/cm²", "x/X0"]
    header += [f"WET at {energy:g} MeV / mm" for energy in energies]
    lines = [header, *(_cells(row) for row in rows), _sum_of(rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(header))]
    lines.insert(1, ["-" * width for width in widths])
    table = "\n".join(
        f"| {line[0]:<{widths[0]}} | "
        + " | ".join(f"{cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True))
        + " |"
        for line in lines
    )
    return f"{table}\n\nWET in {water.name} (I = {water.excitation_energy:g} eV)."


def _cells(row: ModuleRow) -> list[str]:
    return [
        shown(row.name, limit=60).replace("|", "/"),
        "" if row.layer is None else str(row.layer),
        "" if row.plane is None else f"{row.plane:.4f}",
        *_amounts(row.thickness, row.mass_thickness, row.radiation_lengths, row.water_equivalent),
    ]


def _sum_of(rows: Sequence[ModuleRow]) -> list[str]:
    amounts = _amounts(
        sum(row.thickness for row in rows),
        sum(row.mass_thickness for row in rows),
        sum(row.radiation_lengths for row in rows),
        [sum(column) for column in zip(*(row.water_equivalent for row in rows), strict=True)],
    )
    return ["all", "", "", *amounts]


def _amounts(
    thickness: float, mass_thickness: float, lengths: float, equivalent: Sequence[float]
) -> list[str]:
    return [
        f"{thickness:.3f}",
        f"{mass_thickness:.4f}",
        f"{lengths:.4f}",
        *(f"{wet:.3f}" for wet in equivalent),
    ]


def _mass_thickness(slab: Slab) -> float:
    return slab.material.density * slab.thickness / cm


def _relative_stopping_power(material: Material, energy: float, water: Material) -> float:
    in_material = material.density * mass_stopping_power(material, energy)
    return float(in_material / (water.density * mass_stopping_power(water, energy)))
