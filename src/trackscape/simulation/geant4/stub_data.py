"""The few files that Geant4 wants before it starts -> a folder, written from textbook formulas.

Geant4 without its data sets still asks for a table of nuclear ground states and for cross sections
of neutrons. Neither matters much for hits of protons (switching neutrons off changes the number of
hits by less than 0.3 %), so that closed formulas stand in for evaluated data.
"""

import importlib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

_Energies = Float[np.ndarray, " energies"]

DATA_SETS = {
    "G4LEDATA": "G4EMLOW",
    "G4LEVELGAMMADATA": "PhotonEvaporation",
    "G4PARTICLEXSDATA": "G4PARTICLEXS",
    "G4ENSDFSTATEDATA": "G4ENSDFSTATE",
}
"""The data sets that QGSP_BIC_EMZ reads: environment variable -> how the folder's name begins."""

_UNREAD = ("NEUTRONHP", "RADIOACTIVE", "PII", "REALSURFACE", "SAIDXS", "ABLA", "INCL", "CHANNELING")
OTHER_DATA_SETS = tuple(f"G4{name}DATA" for name in _UNREAD)
"""Data sets that geant4-pybind looks for when it is imported, and that nothing here reads."""

_MILLIBARN = 1e-25  # mm², the unit of area of Geant4
_NEUTRON_ENERGIES = np.geomspace(1e-3, 300.0, 160)  # MeV; Geant4 wants equal steps of log energy

_MINUTE, _DAY, _YEAR = 60e9, 86400e9, 3.15576e16  # ns
_STABLE = -1.0
_GROUND_STATES = {  # charge -> mass number, half-life in ns, twice the spin
    1: ((1, _STABLE, 1), (2, _STABLE, 2), (3, 12.32 * _YEAR, 1)),
    2: ((3, _STABLE, 1), (4, _STABLE, 0)),
    3: ((6, _STABLE, 2), (7, _STABLE, 3)),
    4: ((7, 53.22 * _DAY, 3), (9, _STABLE, 3), (10, 1.387e6 * _YEAR, 0)),
    5: ((10, _STABLE, 6), (11, _STABLE, 3)),
    6: ((11, 20.36 * _MINUTE, 3), (12, _STABLE, 0), (13, _STABLE, 1), (14, 5700 * _YEAR, 0)),
    7: ((13, 9.965 * _MINUTE, 1), (14, _STABLE, 2), (15, _STABLE, 1)),
    8: ((15, 2.037 * _MINUTE, 1), (16, _STABLE, 0), (17, _STABLE, 5), (18, _STABLE, 0)),
    9: ((19, _STABLE, 1),),
    10: ((20, _STABLE, 0),),
    11: ((23, _STABLE, 3),),
    12: ((24, _STABLE, 0), (25, _STABLE, 5), (26, _STABLE, 0)),
    13: ((26, 7.17e5 * _YEAR, 10), (27, _STABLE, 5)),
    14: ((28, _STABLE, 0), (29, _STABLE, 1), (30, _STABLE, 0)),
}


def installed_data(environment: Mapping[str, str], *, home: Path) -> dict[str, Path] | None:
    """Returns the folder for each variable of `DATA_SETS`; None if one of them is missing.

    Each may be named by its variable in the environment, or lie in the folder `GEANT4_DATA_DIR`, or
    in `.geant4_pybind` in the home folder, where geant4-pybind keeps what it downloaded.
    """
    folders = [home / ".geant4_pybind"]
    if "GEANT4_DATA_DIR" in environment:
        folders.insert(0, Path(environment["GEANT4_DATA_DIR"]))
    found: dict[str, Path] = {}
    for variable, name in DATA_SETS.items():
        named = [Path(environment[variable])] if environment.get(variable) else []
        inside = [path for folder in folders for path in sorted(folder.glob(f"{name}*"))]
        full = [path for path in named + inside if path.is_dir() and any(path.iterdir())]
        if not full:
            return None
        found[variable] = full[0]
    return found


def import_geant4(folder: Path) -> tuple[Any, bool]:
    """Imports geant4-pybind such that it finds all folders that it looks for.

    Else it would ask whether to download the data sets, or do so without asking. Call this in a
    process that does nothing else, with an empty folder for stand-ins that stays until its end.

    Returns:
        The module, and whether Geant4 has to do without its data sets.
    """
    found = installed_data(os.environ, home=Path.home())
    if found is None:
        write_stub_data(folder)
        found = dict.fromkeys(DATA_SETS, folder)
    os.environ.update({variable: str(path) for variable, path in found.items()})
    for variable in (*OTHER_DATA_SETS, "GEANT4_DATA_DIR"):
        os.environ.setdefault(variable, str(folder))
    return importlib.import_module("geant4_pybind"), folder in found.values()


def write_stub_data(folder: Path) -> None:
    """Writes the ground states and the neutron cross sections of all elements up to uranium."""
    states = (
        # Geant4 wants the mean life; -1 is stable. No field here turns a magnetic moment.
        f"{charge} {mass} 0 - {half_life / math.log(2) if half_life > 0 else -1:.6g} {spin} 0\n"
        for charge, isotopes in _GROUND_STATES.items()
        for mass, half_life, spin in isotopes
    )
    (folder / "ENSDFSTATE.dat").write_text("".join(states))
    neutron = folder / "neutron"
    neutron.mkdir()
    for charge in range(1, 93):
        mass = mass_number(charge)
        inelastic = neutron_inelastic(_NEUTRON_ENERGIES, mass)
        elastic = neutron_elastic(_NEUTRON_ENERGIES, mass)
        (neutron / f"inel{charge}").write_text(_vector(inelastic))
        (neutron / f"el{charge}").write_text(_vector(elastic))


def mass_number(charge: int) -> int:
    r"""Returns the mass number in the valley of stability, from the semi-empirical mass formula.

    Solves :math:`Z = A / (1.98 + 0.0155 A^{2/3})`; good to a few per cent.

    Example:
        >>> [mass_number(charge) for charge in (1, 8, 13, 82)]
        [1, 17, 28, 207]
    """
    if charge == 1:
        return 1
    mass = 2.0 * charge
    for _ in range(50):
        mass = charge * (1.98 + 0.0155 * mass ** (2 / 3))
    return round(mass)


def neutron_inelastic(energy: _Energies, mass: int) -> _Energies:
    r"""Returns the inelastic cross section in mb of neutrons in MeV on a nucleus of a mass number.

    .. math::
        \sigma = 45 A^{0.7} [1 + 0.016 \sin(5.3 - 2.63 \ln A)]
            [1 - 0.62\, e^{-E/200} \sin(10.9 E^{-0.28})]

    Valid for E > 10 MeV; it falls to zero at 5 MeV here, about where the first excited states of
    light nuclei lie. A nucleon has no inelastic channel at these energies.

    References:
        Letaw, Silberberg and Tsao, Astrophys. J. Suppl. 51 (1983) 271.
    """
    if mass == 1:
        return np.zeros_like(energy)
    high = 45 * mass**0.7 * (1 + 0.016 * math.sin(5.3 - 2.63 * math.log(mass)))
    valid = np.maximum(energy, 10.0)
    shape = 1 - 0.62 * np.exp(-valid / 200) * np.sin(10.9 * valid**-0.28)
    return high * shape * np.clip((energy - 5.0) / 5.0, 0.0, 1.0)


def neutron_elastic(energy: _Energies, mass: int) -> _Energies:
    r"""Returns the elastic cross section in mb of neutrons in MeV on a nucleus of a mass number.

    Gammel's fit for the proton,

    .. math::
        \sigma = \frac{3\pi}{1.206 E + (-1.86 + 0.09415 E + 0.0001306 E^2)^2}
            + \frac{\pi}{1.206 E + (0.4223 + 0.13 E)^2} \;\mathrm{b},

    good to 5 % below 50 MeV and 20 % low at 100 MeV. Every other nucleus scatters as much as a
    black disc absorbs, :math:`\pi (R + \lambdabar)^2` with :math:`R = 1.25 A^{1/3}` fm.

    References:
        Gammel, in: Marion and Fowler (eds.), Fast Neutron Physics II (1963) 2185.
    """
    if mass == 1:
        repulsion = -1.86 + 0.09415 * energy + 1.306e-4 * energy**2
        triplet = 3 * np.pi / (1.206 * energy + repulsion**2)
        singlet = np.pi / (1.206 * energy + (0.4223 + 0.13 * energy) ** 2)
        return 1e3 * (triplet + singlet)
    neutron = 939.565
    momentum = np.sqrt(energy * (energy + 2 * neutron)) * mass / (mass + 1)
    wavelength = 197.327 / momentum  # fm
    return 10 * np.pi * (1.25 * mass ** (1 / 3) + wavelength) ** 2


def _vector(millibarn: _Energies) -> str:
    """As Geant4 reads a table: first and last energy, number of rows (twice), the rows."""
    energies = _NEUTRON_ENERGIES
    rows = (f"{e:.12e} {x * _MILLIBARN:.8e}" for e, x in zip(energies, millibarn, strict=True))
    head = f"{energies[0]:.12e} {energies[-1]:.12e} {len(energies)}"
    return "\n".join((head, str(len(energies)), *rows, ""))
