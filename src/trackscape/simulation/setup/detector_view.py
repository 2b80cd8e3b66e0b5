"""A detector -> a table of what each module means to a proton, and a picture of its stack."""

import itertools
import operator
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from trackscape.simulation.physics.stopping import mass_stopping_power
from trackscape.simulation.setup.detector import Detector, Slab
from trackscape.simulation.setup.materials import Material
from trackscape.text import shown
from trackscape.units import cm

_SENSITIVE, _AIR = "#d1495b", "#eef4f8"
_COLOURS = {
    "aluminium": "#9aa5b1",
    "silicon": "#6a8caf",
    "carbon-fibre": "#3d4852",
    "kapton": "#e0a458",
    "glue": "#f3e2a9",
    "copper": "#b87333",
    "tungsten": "#5b5f66",
}
_OTHERS = ("#7fb069", "#a56cc1", "#4d9078", "#c98bb9")


class ModuleRow(NamedTuple):
    """One module of the stack."""

    name: str  # and number, such as ``calorimeter 7``
    layer: int | None  # of the detector; None if nothing in it is sensitive
    plane: float | None  # middle of its sensitive slab: z in mm
    thickness: float  # mm
    mass_thickness: float  # g/cm²
    radiation_lengths: float  # x/X0
    water_equivalent: tuple[float, ...]  # thickness at each energy, mm


def tabulate_modules(
    detector: Detector, *, energies: Sequence[float], water: Material
) -> tuple[ModuleRow, ...]:
    """Returns a row for each module of a detector, in the order of the beam.

    The water-equivalent thickness (WET) at the energies in MeV of a thin slab is t S / S_water,
    where S is the linear stopping power and t the thickness; modules are short enough for that.

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
        sensitive = [at for at in range(part.start, part.stop) if layers[at] >= 0]
        masses = [slab.material.density * slab.thickness / cm for slab in slabs]
        lengths = (slab.material.radiation_length for slab in slabs)
        wets = [[slab.thickness * ratio for ratio in ratios[slab.material]] for slab in slabs]
        rows.append(
            ModuleRow(
                name=name,
                layer=int(layers[sensitive[0]]) if sensitive else None,
                plane=float(middles[sensitive[0]]) if sensitive else None,
                thickness=sum(slab.thickness for slab in slabs),
                mass_thickness=sum(masses),
                radiation_lengths=sum(map(operator.truediv, masses, lengths)),
                water_equivalent=tuple(map(sum, zip(*wets, strict=True))),
            )
        )
    return tuple(rows)


def module_table(rows: Sequence[ModuleRow], *, energies: Sequence[float], water: Material) -> str:
    """Returns the rows as a Markdown table, with a line for the sum of all modules."""
    header = ["module", "layer", "plane / mm", "thickness / mm", "g/cm²", "x/X0"]
    header += [f"WET at {energy:g} MeV / mm" for energy in energies]
    lines = [header, *(_cells(row) for row in (*rows, sum_of_modules(rows)))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    cells = ((line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])) for line in lines)
    table = "\n".join(f"| {' | '.join(line)} |" for line in cells)
    return f"{table}\n\nWET in {water.name} (I = {water.excitation_energy:g} eV)."


def _cells(row: ModuleRow) -> list[str]:
    return [
        shown(row.name, limit=60).replace("|", "/"),
        "" if row.layer is None else str(row.layer),
        "" if row.plane is None else f"{row.plane:.4f}",
        f"{row.thickness:.3f}",
        f"{row.mass_thickness:.4f}",
        f"{row.radiation_lengths:.4f}",
        *(f"{wet:.3f}" for wet in row.water_equivalent),
    ]


def sum_of_modules(rows: Sequence[ModuleRow]) -> ModuleRow:
    """Returns a row for all modules together."""
    wets = zip(*(row.water_equivalent for row in rows), strict=True)
    return ModuleRow(
        name="all",
        layer=None,
        plane=None,
        thickness=sum(row.thickness for row in rows),
        mass_thickness=sum(row.mass_thickness for row in rows),
        radiation_lengths=sum(row.radiation_lengths for row in rows),
        water_equivalent=tuple(map(sum, wets)),
    )


def _relative_stopping_power(material: Material, energy: float, water: Material) -> float:
    in_material = material.density * mass_stopping_power(material, energy)
    return float(in_material / (water.density * mass_stopping_power(water, energy)))


def draw_detector(detector: Detector) -> Figure:
    """Draws the stack from the side, and one module of each kind enlarged.

    The side view is to scale, but sensitive layers are lines of constant width. In the enlarged
    modules all slabs are equally wide and say what they are.
    """
    kinds, colours = _kinds(detector), _colours(detector)
    figure = Figure(figsize=(14, 4.8 + 2.6 * len(kinds)), layout="constrained")
    ratios = [1.8] + [1.0] * len(kinds)
    axes: Sequence[Axes] = figure.subplots(1 + len(kinds), 1, height_ratios=ratios)
    _draw_side(axes[0], detector, colours)
    for strip, (name, slabs) in zip(axes[1:], kinds.items(), strict=True):
        _draw_module(strip, slabs, title=name, colours=colours)
    return figure


def _kinds(detector: Detector) -> dict[str, tuple[Slab, ...]]:
    """Returns the slabs of the first module of each kind, with a title."""
    members: dict[tuple[tuple[str, float, bool], ...], list[str]] = {}
    for name, part in detector.modules.items():
        slabs = detector.slabs[part]
        kind = tuple((slab.material.name, slab.thickness, slab.sensitive) for slab in slabs)
        members.setdefault(kind, []).append(name)
    return {
        first + (f" to {others[-1]}" if others else ""): detector.slabs[detector.modules[first]]
        for first, *others in members.values()
    }


def _colours(detector: Detector) -> dict[str, str]:
    names = dict.fromkeys(slab.material.name for slab in detector.slabs)
    others = [name for name in names if name not in _COLOURS and name != detector.air.name]
    spare = dict(zip(others, itertools.cycle(_OTHERS), strict=False))
    return {**_COLOURS, **spare, detector.air.name: _AIR}


def _draw_side(axes: Axes, detector: Detector, colours: dict[str, str]) -> None:
    edges, half = detector.edges, detector.height / 2
    seen: set[str] = set()
    for slab, start in zip(detector.slabs, edges, strict=False):
        name = slab.material.name
        axes.add_patch(
            Rectangle(
                (start, -half),
                slab.thickness,
                detector.height,
                facecolor=colours[name],
                linewidth=0,
                snap=False,  # or the pixels round thin slabs to unequal widths
                label=None if name in seen else shown(name, limit=60),
            )
        )
        seen.add(name)
    axes.vlines(
        detector.layer_z, -half, half, color=_SENSITIVE, linewidth=0.8, label="sensitive layer"
    )
    length = edges[-1] - edges[0]
    tail = edges[0] - 0.08 * length
    arrow = {"arrowstyle": "-|>", "color": "black", "linewidth": 1.4}
    axes.annotate("", xy=(edges[0], 0), xytext=(tail, 0), arrowprops=arrow)
    axes.text(tail, 0.04 * detector.height, "beam", fontsize=10)
    axes.set(
        xlim=(tail - 0.01 * length, edges[-1] + 0.02 * length),
        ylim=(-1.06 * half, 1.06 * half),
        xlabel="z, along the beam / mm",
        ylabel="y / mm",
        aspect="equal",
    )
    axes.set_title(
        f"{shown(detector.name)}: {len(detector.layer_z)} layers, {detector.width:g} mm wide (x) "
        f"and {detector.height:g} mm high (y)",
        parse_math=False,
    )
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_module(axes: Axes, slabs: Sequence[Slab], *, title: str, colours: dict[str, str]) -> None:
    for column, slab in enumerate(slabs):
        colour = _SENSITIVE if slab.sensitive else colours[slab.material.name]
        axes.add_patch(Rectangle((column, 0), 1, 1, facecolor=colour, edgecolor="white"))
        name = shown(slab.material.name, limit=60) + (" (sensitive)" if slab.sensitive else "")
        axes.text(
            column + 0.5,
            0.5,
            f"{name}\n{slab.thickness:.4g} mm",
            rotation=90 if len(slabs) > 10 else 0,
            ha="center",
            va="center",
            fontsize=10,
            color=_readable_on(colour),
            parse_math=False,
        )
    borders = np.cumsum([0.0, *(slab.thickness for slab in slabs)])
    axes.set(xlim=(-0.05, len(slabs) + 0.05), ylim=(0, 1), yticks=[])
    axes.set_xticks(range(len(borders)), [f"{border:.4g}" for border in borders], fontsize=8)
    axes.set_xlabel("depth in the module / mm; not to scale")
    title = f"{shown(title)}: {borders[-1]:.4g} mm thick"
    axes.set_title(title, loc="left", parse_math=False)
    axes.spines[:].set_visible(False)


def _readable_on(colour: str) -> str:
    """Returns black or white, whichever stands out from a colour such as ``#9aa5b1``."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "white"
