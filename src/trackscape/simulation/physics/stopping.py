"""Stopping power, range and mean energy of protons behind matter, differentiable.

Electronic mass stopping powers are those of ICRU Report 49 as tabulated by NIST PSTAR, 1 keV to
10 GeV. A material that PSTAR lacks takes the shape of one that is like it, scaled by the ratio of
the Bethe formulas of the two, in which only Z/A and the mean excitation energy I differ:

    S = S_ref · (Z/A) L(I) / [(Z/A)_ref L(I_ref)],   L(I) = ln(2 m_e c² β²γ² / I) − β²

with Z/A and ln I of compounds from Bragg's additivity. Above 2 MeV this is good to 0.5 %; below,
where shells matter, L is held at its value at 2 MeV. Ranges are those of continuous slowing down.

Everything takes floats or tensors of any shape and returns float64 tensors of the same shape.
"""

import csv
import functools
from importlib.resources import files

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from trackscape.errors import ConfigError
from trackscape.simulation.physics.kinematics import ELECTRON_MASS, PROTON_MASS
from trackscape.simulation.setup.materials import ELEMENTS, Material

LOWEST_ENERGY, HIGHEST_ENERGY = 1e-3, 1e4
"""Energies in MeV between which the functions hold."""
_POINTS = 1601
_SHELLS_MATTER_BELOW = 2.0  # MeV
_REFERENCES: dict[str, tuple[float, float]] = {  # Z/A in mol/g and I in eV, as in PSTAR
    "water": (0.55508, 75.0),
    "Al": (ELEMENTS["Al"].charge_per_mass, 166.0),
    "Si": (ELEMENTS["Si"].charge_per_mass, 173.0),
    "air": (0.49919, 85.7),
    "C(graphite)": (ELEMENTS["C"].charge_per_mass, 78.0),
    "kapton": (0.51264, 79.6),
    "PMMA": (0.53937, 74.0),
    "PE": (0.57034, 57.4),
    "PS": (0.53768, 68.7),
    "PTFE": (0.47992, 99.1),
    "W": (ELEMENTS["W"].charge_per_mass, 727.0),
    "Cu": (ELEMENTS["Cu"].charge_per_mass, 322.0),
}


def mass_stopping_power(material: Material, energy: float | Tensor) -> Tensor:
    """Returns the electronic mass stopping power S/ρ in MeV cm²/g at kinetic energies in MeV.

    Raises:
        ConfigError: An energy is outside of the table.

    Example:
        >>> from trackscape.simulation.setup.materials import shipped_materials
        >>> water = shipped_materials()["water-75"]
        >>> round(float(mass_stopping_power(water, 100.0)), 3)
        7.286
    """
    # dT/dR of the same curve as csda_range, so that the two never disagree.
    energy = _checked(energy)
    log_range, slope = _table(material).range_of_energy(energy.log())
    return energy / (log_range.exp() * slope)


def csda_range(material: Material, energy: float | Tensor) -> Tensor:
    """Returns the CSDA range R(T) = ∫ dT / (S/ρ) in g/cm² at kinetic energies in MeV.

    Raises:
        ConfigError: An energy is outside of the table.

    Example:
        >>> from trackscape.simulation.setup.materials import shipped_materials
        >>> water = shipped_materials()["water-75"]
        >>> round(float(csda_range(water, 200.0)), 2)
        25.97
    """
    return _table(material).range_of_energy(_checked(energy).log())[0].exp()


def energy_of_range(material: Material, length: float | Tensor) -> Tensor:
    """Returns the kinetic energy in MeV of protons with a CSDA range in g/cm², 0 below 1 keV."""
    length = torch.as_tensor(length, dtype=torch.float64)
    table = _table(material)
    moves = ~(length <= table.shortest)  # so that a NaN stays one
    log_range = length.clamp(min=table.shortest).log()
    return torch.where(moves, table.energy_of_range(log_range).exp(), 0.0)


def energy_behind(material: Material, energy: float | Tensor, thickness: float | Tensor) -> Tensor:
    """Returns the mean energy in MeV behind t g/cm²: R⁻¹(R(T) − t), 0 for protons that stop in it.

    Raises:
        ConfigError: An energy is outside of the table.
    """
    return energy_of_range(material, csda_range(material, energy) - thickness)


class _RangeTable:
    """ln R at equally spaced ln T, and the cubic through its values and slopes; both ways."""

    def __init__(self, reference: str, charge_per_mass: float, excitation: float) -> None:
        log_energy = np.linspace(np.log(LOWEST_ENERGY), np.log(HIGHEST_ENERGY), _POINTS)
        energy = np.exp(log_energy)
        power = _tabulated(reference, energy)
        power *= _bethe(energy, charge_per_mass, excitation)
        power /= _bethe(energy, *_REFERENCES[reference])
        per_log = energy / power  # dR/dlnT
        curve = CubicSpline(log_energy, per_log).antiderivative()
        # Below the table S rises like the root of T, so that R = 2 T / S.
        length = 2.0 * energy[0] / power[0] + curve(log_energy)
        self.start, self.step = log_energy[0], log_energy[1] - log_energy[0]
        self.log_energy = torch.from_numpy(log_energy)
        self.log_range = torch.from_numpy(np.log(length))
        self.slope = torch.from_numpy(per_log / length)  # dlnR/dlnT
        self.shortest = float(length[0])

    def range_of_energy(self, log_energy: Tensor) -> tuple[Tensor, Tensor]:
        """Returns ln R and dlnR/dlnT at ln T."""
        left = ((log_energy.detach() - self.start) / self.step).long().clamp(0, _POINTS - 2)
        return _cubic(log_energy, left, self.log_energy, self.log_range, self.slope)

    def energy_of_range(self, log_range: Tensor) -> Tensor:
        """Returns ln T at ln R, by Newton's method on the same cubic; the last has gradients."""
        left = torch.searchsorted(self.log_range, log_range.detach().contiguous(), right=True) - 1
        left = left.clamp(0, _POINTS - 2)
        guess = _cubic(log_range, left, self.log_range, self.log_energy, 1.0 / self.slope)[0]
        for _ in range(2):
            start = guess.detach()
            value, slope = _cubic(start, left, self.log_energy, self.log_range, self.slope)
            guess = start + (log_range - value) / slope
        return guess


def _cubic(at: Tensor, left: Tensor, x: Tensor, y: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """Returns value and derivative of the cubic Hermite interpolant in the interval `left`."""
    width = x[left + 1] - x[left]
    t = (at - x[left]) / width
    rise = y[left + 1] - y[left]
    start, end = slope[left] * width, slope[left + 1] * width
    second, third = 3.0 * rise - 2.0 * start - end, start + end - 2.0 * rise
    value = y[left] + t * (start + t * (second + t * third))
    return value, (start + t * (2.0 * second + 3.0 * t * third)) / width


@functools.cache
def _pstar() -> dict[str, np.ndarray]:
    text = files("trackscape.simulation").joinpath("tables/pstar.csv").read_text("utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def _tabulated(reference: str, energy: np.ndarray) -> np.ndarray:
    table = _pstar()
    spline = CubicSpline(np.log(table["energy_MeV"]), np.log(table[reference]))
    return np.exp(spline(np.log(energy)))


def _bethe(energy: np.ndarray, charge_per_mass: float, excitation: float) -> np.ndarray:
    """Returns (Z/A) L(I), the part of Bethe's formula that depends on the material."""
    gamma = 1.0 + np.maximum(energy, _SHELLS_MATTER_BELOW) / PROTON_MASS
    beta_gamma_squared = gamma**2 - 1.0
    transfer = 2e6 * ELECTRON_MASS * beta_gamma_squared  # eV
    return charge_per_mass * (np.log(transfer / excitation) - beta_gamma_squared / gamma**2)


def _checked(energy: float | Tensor) -> Tensor:
    energy = torch.as_tensor(energy, dtype=torch.float64)
    if not bool(((energy >= LOWEST_ENERGY) & (energy <= HIGHEST_ENERGY)).all()):  # or a NaN
        raise ConfigError(
            f"Expected proton energies of {LOWEST_ENERGY} to {HIGHEST_ENERGY:g} MeV, where the "
            f"stopping powers are tabulated, but got {energy.min():g} to {energy.max():g}; "
            "give the kinetic energy in MeV."
        )
    return energy


def _table(material: Material) -> _RangeTable:
    return _table_of(material.reference, material.charge_per_mass, material.excitation_energy)


_table_of = functools.lru_cache(maxsize=256)(_RangeTable)
