"""Chemical elements and materials: density, composition, mean excitation energy, radiation length.

Masses: IUPAC standard atomic weights. Radiation lengths: Particle Data Group, Atomic and nuclear
properties of materials. Mean excitation energies: ICRU Report 37 (1984).
"""

import dataclasses
import difflib
import functools
import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pydantic

from trackscape.errors import ConfigError
from trackscape.formats import Positive, Strict, read_settings
from trackscape.text import listed, shown

_TABLE = Path(str(resources.files("trackscape.simulation") / "tables" / "materials.yaml"))
_SUM_TOLERANCE = 1e-3

Reference = Literal[
    "water", "Al", "Si", "air", "C(graphite)", "kapton", "PMMA", "PE", "PS", "PTFE", "W", "Cu"
]
"""The materials whose stopping power is tabulated."""

_BOUND = {"H": 19.2, "C": 81.0, "N": 82.0, "O": 106.0, "F": 112.0, "Cl": 180.0}
_BOUND_TO_FREE = 1.13  # all other elements


@dataclasses.dataclass(frozen=True)
class Element:
    """A chemical element."""

    number: int
    """Number of protons of the nucleus."""
    mass: float
    """Molar mass in g/mol."""
    excitation_energy: float
    """Mean excitation energy of the pure element in eV."""
    bound_excitation_energy: float
    """Mean excitation energy of the element in a solid or liquid compound in eV."""
    radiation_length: float
    """Radiation length in g/cm2."""

    @property
    def charge_per_mass(self) -> float:
        """Electrons per mass Z/A in mol/g."""
        return self.number / self.mass


def _element(
    symbol: str, number: int, mass: float, excitation_energy: float, radiation_length: float
) -> Element:
    bound = _BOUND.get(symbol, _BOUND_TO_FREE * excitation_energy)
    return Element(number, mass, excitation_energy, bound, radiation_length)


_ROWS = (
    ("H", 1, 1.008, 19.2, 63.04),
    ("He", 2, 4.0026, 41.8, 94.32),
    ("Li", 3, 6.94, 40.0, 82.78),
    ("Be", 4, 9.0122, 63.7, 65.19),
    ("B", 5, 10.81, 76.0, 52.69),
    ("C", 6, 12.011, 78.0, 42.70),
    ("N", 7, 14.007, 82.0, 37.99),
    ("O", 8, 15.999, 95.0, 34.24),
    ("F", 9, 18.998, 115.0, 32.93),
    ("Ne", 10, 20.180, 137.0, 28.93),
    ("Na", 11, 22.990, 149.0, 27.74),
    ("Mg", 12, 24.305, 156.0, 25.03),
    ("Al", 13, 26.982, 166.0, 24.01),
    ("Si", 14, 28.085, 173.0, 21.82),
    ("P", 15, 30.974, 173.0, 21.21),
    ("S", 16, 32.06, 180.0, 19.50),
    ("Cl", 17, 35.45, 174.0, 19.28),
    ("Ar", 18, 39.95, 188.0, 19.55),
    ("K", 19, 39.098, 190.0, 17.32),
    ("Ca", 20, 40.078, 191.0, 16.14),
    ("Ti", 22, 47.867, 233.0, 16.16),
    ("Cr", 24, 51.996, 257.0, 14.94),
    ("Mn", 25, 54.938, 272.0, 14.64),
    ("Fe", 26, 55.845, 286.0, 13.84),
    ("Co", 27, 58.933, 297.0, 13.62),
    ("Ni", 28, 58.693, 311.0, 12.68),
    ("Cu", 29, 63.546, 322.0, 12.86),
    ("Zn", 30, 65.38, 330.0, 12.43),
    ("Ag", 47, 107.868, 470.0, 8.97),
    ("Sn", 50, 118.71, 488.0, 8.82),
    ("I", 53, 126.904, 491.0, 8.48),
    ("Ba", 56, 137.327, 491.0, 8.31),
    ("Gd", 64, 157.25, 591.0, 7.48),
    ("W", 74, 183.84, 727.0, 6.76),
    ("Pt", 78, 195.084, 790.0, 6.54),
    ("Au", 79, 196.967, 790.0, 6.46),
    ("Pb", 82, 207.2, 823.0, 6.37),
)

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
        return 1 / sum(w / ELEMENTS[symbol].radiation_length for symbol, w in self._items())

    @property
    def charge_per_mass(self) -> float:
        """Electrons per mass Z/A in mol/g: sum w Z/A of the elements."""
        return sum(w * ELEMENTS[symbol].charge_per_mass for symbol, w in self._items())

    def _items(self) -> list[tuple[str, float]]:
        return list(self.fractions.items())


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
                f"expected fractions of the mass that sum to 1 within {_SUM_TOLERANCE}, but they "
                f"sum to {total:.6g}; correct them"
            )
        return elements

    def material(self, name: str) -> Material:
        """Returns the material that these settings describe."""
        total = sum(self.elements.values())
        fractions = {symbol: w / total for symbol, w in self.elements.items()}
        return Material(
            name=name,
            density=self.density,
            fractions=fractions,
            excitation_energy=self.excitation_energy or excitation_energy(fractions),
            reference=self.reference,
        )


def excitation_energy(fractions: Mapping[str, float]) -> float:
    """Returns the mean excitation energy of a solid or liquid in eV by Bragg's additivity rule.

    ln I = sum w (Z/A) ln I_element / sum w (Z/A), where the elements of a compound have the values
    of ICRU Report 37 for bound atoms. Chemical binding makes it uncertain by about 2 %.

    Arguments:
        fractions: Symbol of the element -> its fraction of the mass.

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

    table = read_settings(_TABLE, Table, described_in="docs/detectors.md").materials
    return MappingProxyType({name: settings.material(name) for name, settings in table.items()})


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
