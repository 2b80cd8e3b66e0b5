"""Chemical symbol -> what the physics needs to know about the element.

Masses: IUPAC standard atomic weights. Radiation lengths: Particle Data Group, Atomic and nuclear
properties of materials. Mean excitation energies: ICRU Report 37 (1984).
"""

import dataclasses

_BOUND = {"H": 19.2, "C": 81.0, "N": 82.0, "O": 106.0, "F": 112.0, "Cl": 180.0}
_BOUND_TO_FREE = 1.13  # all other elements


@dataclasses.dataclass(frozen=True)
class Element:
    """A chemical element."""

    number: int
    """Protons of the nucleus."""
    mass: float
    """Molar mass in g/mol."""
    excitation_energy: float
    """Mean excitation energy of the pure element in eV."""
    bound_excitation_energy: float
    """The same for the element in a solid or liquid compound, in eV."""
    radiation_length: float
    """In g/cm2."""

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
"""Symbol -> element, in the order of the numbers."""
