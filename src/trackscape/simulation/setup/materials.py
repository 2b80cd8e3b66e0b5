"""Chemical elements, and materials that consist of them."""

import csv
import dataclasses
import difflib
import functools
import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

import pydantic

from trackscape.errors import ConfigError
from trackscape.formats import Positive, Strict, read_settings
from trackscape.text import listed, shown

_TABLES = Path(str(resources.files("trackscape.simulation") / "tables"))
_SUM_TOLERANCE = 1e-3

Reference = Literal[
    "water", "Al", "Si", "air", "C(graphite)", "kapton", "PMMA", "PE", "PS", "PTFE", "W", "Cu"
]
"""The materials whose stopping power is tabulated."""

# Mean excitation energies in eV of bound elements, and their ratio to free ones for all others.
_BOUND = {"H": 19.2, "C": 81.0, "N": 82.0, "O": 106.0, "F": 112.0, "Cl": 180.0}
_BOUND_TO_FREE = 1.13


class Element(NamedTuple):
    """A chemical element."""

    number: int  # of protons of the nucleus
    mass: float  # g/mol
    excitation_energy: float  # mean of the pure element, eV
    bound_excitation_energy: float  # mean in a solid or liquid compound, eV
    radiation_length: float  # g/cm²

    @property
    def charge_per_mass(self) -> float:
        """Electrons per mass Z/A in mol/g."""
        return self.number / self.mass


def _element(symbol: str, number: str, *values: str) -> Element:
    mass, free, length = map(float, values)
    bound = _BOUND.get(symbol, _BOUND_TO_FREE * free)
    return Element(int(number), mass, free, bound, length)


_LINES = (_TABLES / "elements.csv").read_text("utf-8").splitlines()
_ROWS = csv.reader(line for line in _LINES if not line.startswith("#"))
ELEMENTS = {row[0]: _element(*row) for row in _ROWS}
"""Elements by symbol, in the order of their numbers."""


@dataclasses.dataclass(frozen=True)
class Material:
    """A homogeneous material."""

    name: str
    """Name by which detectors and phantoms call it."""
    density: float
    """Density in g/cm3."""
    fractions: Mapping[str, float] = dataclasses.field(hash=False)
    """Fractions of the mass, which sum to 1, by symbol of the element."""
    excitation_energy: float
    """Mean excitation energy in eV."""
    reference: str
    """Name of the tabulated material whose stopping power has the same shape."""

    @property
    def radiation_length(self) -> float:
        """Radiation length X0 in g/cm2: 1/X0 = sum w / X0 of the elements."""
        shares = (w / ELEMENTS[symbol].radiation_length for symbol, w in self.fractions.items())
        return 1 / sum(shares)

    @property
    def charge_per_mass(self) -> float:
        """Electrons per mass Z/A in mol/g: sum w Z/A of the elements."""
        return sum(w * ELEMENTS[symbol].charge_per_mass for symbol, w in self.fractions.items())


class MaterialSettings(Strict):
    """A material as a YAML file describes it."""

    density: Positive
    """Density in g/cm3."""
    elements: dict[str, Positive]
    """Fractions of the mass by symbol; they sum to 1 within 0.001 and are then scaled to it."""
    excitation_energy: Positive | None = None
    """Mean excitation energy in eV; by Bragg additivity if left out."""
    reference: Reference
    """Name of the tabulated material whose stopping power has the same shape."""

    @pydantic.field_validator("elements")
    @classmethod
    def _elements_are_known_and_complete(cls, elements: dict[str, float]) -> dict[str, float]:
        for symbol in elements:
            if symbol not in ELEMENTS:
                raise ValueError(
                    f"unknown element {shown(symbol)}; the known ones are {', '.join(ELEMENTS)}"
                )
        total = sum(elements.values())
        if abs(total - 1) > _SUM_TOLERANCE:
            raise ValueError(
                f"expected fractions of the mass that sum to 1, but they sum to {total:.6g}"
            )
        return elements

    def material(self, name: str) -> Material:
        """Returns the material of these settings."""
        total = sum(self.elements.values())
        fractions = {symbol: w / total for symbol, w in self.elements.items()}
        energy = self.excitation_energy or excitation_energy(fractions)
        return Material(name, self.density, fractions, energy, self.reference)


def excitation_energy(fractions: Mapping[str, float]) -> float:
    """Returns the mean excitation energy of a solid or liquid in eV by Bragg's additivity rule.

    ln I = sum w (Z/A) ln I_element / sum w (Z/A), with w the fractions of the mass, where elements
    of a compound have the values of ICRU Report 37 for bound atoms. It is uncertain by about 2 %.

    Example:
        >>> round(excitation_energy({"H": 0.1119, "O": 0.8881}), 1)
        75.3
    """
    if len(fractions) == 1:
        return ELEMENTS[next(iter(fractions))].excitation_energy
    weights = {symbol: w * ELEMENTS[symbol].charge_per_mass for symbol, w in fractions.items()}
    logarithm = sum(
        weight * math.log(ELEMENTS[symbol].bound_excitation_energy)
        for symbol, weight in weights.items()
    )
    return math.exp(logarithm / sum(weights.values()))


@functools.cache
def shipped_materials() -> Mapping[str, Material]:
    """Returns the materials that come with the library by name."""

    class Table(Strict):
        materials: dict[str, MaterialSettings]

    table = read_settings(_TABLES / "materials.yaml", Table, described_in="docs/detectors.md")
    return MappingProxyType({name: each.material(name) for name, each in table.materials.items()})


def choose_material(name: str, materials: Mapping[str, Material]) -> Material:
    """Returns the material of this name.

    Raises:
        ConfigError: There is none; the message names the nearest.
    """
    if name not in materials:
        nearest = difflib.get_close_matches(name[:100].lower(), materials, n=1, cutoff=0.0)
        raise ConfigError(
            f"unknown material {shown(name)!r}; did you mean {nearest[0]!r}? Known are "
            f"{listed(materials, most=100)}."
        )
    return materials[name]
