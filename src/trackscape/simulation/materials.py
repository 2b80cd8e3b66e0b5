"""Names -> materials: density, composition, mean excitation energy, radiation length."""

import dataclasses
import difflib
import functools
import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

import pydantic

from trackscape.errors import ConfigError
from trackscape.formats.settings import Strict, read_settings
from trackscape.simulation.elements import ELEMENTS as ELEMENTS
from trackscape.simulation.elements import Element as Element
from trackscape.text import listed, shown

_TABLE = Path(str(resources.files("trackscape.simulation") / "tables" / "materials.yaml"))
_SUM_TOLERANCE = 1e-3

Reference = Literal[
    "water", "Al", "Si", "air", "C(graphite)", "kapton", "PMMA", "PE", "PS", "PTFE", "W", "Cu"
]
"""The materials whose stopping power is tabulated."""
Positive = Annotated[float, pydantic.Field(gt=0)]


@dataclasses.dataclass(frozen=True)
class Material:
    """A homogeneous material."""

    name: str
    density: float
    """In g/cm3."""
    fractions: Mapping[str, float] = dataclasses.field(hash=False)
    """Symbol of the element -> its fraction of the mass; they sum to 1."""
    excitation_energy: float
    """Mean excitation energy in eV."""
    reference: str
    """The tabulated material whose stopping power has the same shape."""

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
    """In g/cm3."""
    elements: dict[str, Positive]
    """Symbol -> fraction of the mass; they sum to 1 within 0.001 and are then scaled to it."""
    excitation_energy: Positive | None = None
    """Mean excitation energy in eV; by Bragg additivity if left out."""
    reference: Reference
    """The tabulated material whose stopping power has the same shape."""

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
