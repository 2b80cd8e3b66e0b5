"""`M7`: the aerosol microphysics as a box model, for arrays and for tensors with gradients."""

import dataclasses
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, NamedTuple, overload

import numpy as np
import torch
from torch import Tensor

from trackscape.compiled import Floats
from trackscape.emulation.conservation import Conserved
from trackscape.emulation.m7.advance import (
    StepSettings,
    advance,
    advance_cells,
    condense_cells,
    describe_cells,
    repartition_cells,
    room_for_tensors,
)
from trackscape.emulation.m7.ageing import repartition
from trackscape.emulation.m7.checks import check_cells, check_step
from trackscape.emulation.m7.columns import PRODUCTION, species
from trackscape.errors import ConfigError, DataError

NucleationRate = Callable[[Floats, Floats, Floats], tuple[Floats, Floats]]
"""Forcings (cells, 7), H2SO4 in the clear sky in molecules/cm³ (cells) and condensation sinks in
1/s (cells) -> rates in 1/cm³/s and molecules of H2SO4 in a new particle, (cells) each."""
_PER_THREAD = 2000
"""Cells from which on a thread more is worth its start."""


class Description(NamedTuple):
    """What the particles of each mode are like, (cells, 7) each."""

    dry_radius: Floats
    """Count median radius without water in cm."""
    wet_radius: Floats
    """Count median radius in cm."""
    density: Floats
    """Density of a wet particle in g/cm³."""
    water: Floats
    """Water in kg/m³ of air."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class M7:
    """The aerosol microphysics M7 of ECHAM-HAM 2.3 in a box.

    States have the columns `STATE`, forcings the columns `FORCING`. Arrays are moved on by machine
    code in double precision, by as many threads as PyTorch uses; tensors by PyTorch, with gradients
    and in their own precision. Both run the same formulas.

    Raises:
        DataError: The time step is not more than 0.
        ConfigError: A process has an unknown name.

    References:
        Vignati, Wilson and Stier, J. Geophys. Res. 109 (2004) D22202; Stier et al., Atmos. Chem.
        Phys. 5 (2005) 1125; Zhang et al., Atmos. Chem. Phys. 12 (2012) 8911.

    Example:
        >>> air = np.zeros((1, 26))
        >>> air[0, 0] = 1e5
        >>> surroundings = np.array([[285.0, 1e5, 0.6, 0.0, 0.0, 1.0, 1e3]])
        >>> M7(dt=100.0, nucleation=None).step(air, surroundings)[0, 0]
        np.float64(200000.0)
    """

    dt: float = 450.0
    """Time step in s."""
    water: Literal["kappa", "salts"] = "kappa"
    """κ-Köhler theory, or the older scheme of Zeleznik and ZSR."""
    nucleation: Literal["vehkamaki"] | NucleationRate | None = "vehkamaki"
    """Nucleation of H2SO4 and water: as by Vehkamäki et al. 2002, your own rate, or none. The
    table of Kazil and Lovejoy 2007, which ECHAM-HAM uses, is not free to be passed on."""
    boundary_layer: Literal["activation", "kinetic"] | None = None
    """Nucleation with organics over forest in the boundary layer."""
    condensation: bool = True
    coagulation: bool = True
    repartition: bool = True
    """Whether modes that have grown too large hand on their large ends, the last part of a step."""
    published_defects: bool = False
    """Whether to lose sulphate that condensed on insoluble particles where both nucleation and
    coagulation are off, and to count the core of AS once more in CS in the older water scheme, as
    the published code does."""

    def __post_init__(self) -> None:
        check_step(self.dt)
        choices = {
            "water": ("kappa", "salts"),
            "nucleation": ("vehkamaki", None),
            "boundary_layer": ("activation", "kinetic", None),
        }
        for name, known in choices.items():
            value = getattr(self, name)
            if value not in known and not (name == "nucleation" and callable(value)):
                raise ConfigError(f"{name} must be one of {known}, got {value!r}.")

    @property
    def conservation(self) -> tuple[Conserved, ...]:
        """Sulphur, to which production adds, and the other species."""
        sulphur = tuple(species("SO4"))
        others = (Conserved(name=name, columns=tuple(species(name))) for name in _OTHERS)
        return (
            Conserved(name="SO4", columns=sulphur, source=PRODUCTION, factor=self.dt),
            *others,
        )

    @overload
    def step(self, state: Floats, forcing: Floats) -> Floats: ...

    @overload
    def step(self, state: Tensor, forcing: Tensor) -> Tensor: ...

    def step(self, state: Any, forcing: Any) -> Any:
        """Returns states (cells, 26) one time step later, for forcings (cells, 7).

        Raises:
            DataError: A column is not finite, negative, or seems to be in another unit.
        """
        if isinstance(state, Tensor):
            return self._step_tensors(state, forcing)
        return self.run(state, forcing, steps=1)

    def run(self, state: Floats, forcing: Floats, *, steps: int) -> Floats:
        """Returns states after some steps in which the forcings stay.

        Raises:
            DataError: As `step`.
        """
        after = np.array(state, dtype=np.float64, order="C")
        forcing = np.ascontiguousarray(forcing, dtype=np.float64)
        check_cells(after, forcing)
        n_parts = max(min(torch.get_num_threads(), len(after) // _PER_THREAD), 1)
        borders = [len(after) * part // n_parts for part in range(n_parts + 1)]

        def move(begin: int, end: int) -> None:
            for _ in range(steps):
                self._move(after[begin:end], forcing[begin:end])

        with ThreadPoolExecutor(n_parts) as pool:
            for _ in pool.map(move, borders[:-1], borders[1:]):
                pass
        return after

    def describe(self, state: Floats, forcing: Floats) -> Description:
        """Returns radii, densities and water of the particles of states.

        Raises:
            DataError: As `step`.
        """
        state, forcing = (np.ascontiguousarray(each, dtype=np.float64) for each in (state, forcing))
        check_cells(state, forcing)
        found = np.empty((len(state), 4, 7))
        describe_cells(state, forcing, self._processes, found)
        return Description(*np.moveaxis(found, 1, 0))

    def finish(self, state: Any, forcing: Any) -> Any:
        """Returns states after repartition, the last part of a step.

        Arrays in double precision are changed in place, too; nothing is checked.
        """
        if not isinstance(state, Tensor):
            repartition_cells(state, forcing, self._processes)
            return state
        rows, surroundings = list(state.unbind(1)), list(forcing.to(state).unbind(1))
        work, settings = room_for_tensors(), self._processes
        scheme, defects = settings.water, settings.defects
        repartition(work.particles, rows, surroundings, work.moved, scheme, defects)
        return torch.stack(rows, dim=1)

    @functools.cached_property
    def _processes(self) -> StepSettings:
        return StepSettings(
            water=1 if self.water == "kappa" else 0,
            binary=self.nucleation == "vehkamaki",
            boundary_layer={None: 0, "activation": 1, "kinetic": 2}[self.boundary_layer],
            condensation=self.condensation,
            coagulation=self.coagulation,
            repartition=self.repartition,
            defects=self.published_defects,
        )

    def _move(self, state: Floats, forcing: Floats) -> None:
        """Moves states on in place."""
        rate, molecules = np.empty(0), np.empty(0)
        if callable(self.nucleation):
            sinks, gas = np.empty(len(state)), np.empty(len(state))
            condense_cells(state.copy(), forcing, self.dt, self._processes, sinks, gas)
            rate, molecules = _given(self.nucleation, forcing, gas, sinks)
        advance_cells(state, forcing, self.dt, self._processes, rate, molecules)

    def _step_tensors(self, state: Tensor, forcing: Tensor) -> Tensor:
        arrays = [each.detach().cpu().double().numpy() for each in (state, forcing)]
        check_cells(*arrays)
        rate = molecules = torch.zeros_like(state[:, 0])
        if callable(self.nucleation):
            sinks, gas = np.empty(len(state)), np.empty(len(state))
            condense_cells(arrays[0].copy(), arrays[1], self.dt, self._processes, sinks, gas)
            found = _given(self.nucleation, arrays[1], gas, sinks)
            rate, molecules = (torch.from_numpy(each).to(state) for each in found)
        rows = list(state.unbind(1))
        surroundings = list(forcing.to(state).unbind(1))
        work = room_for_tensors()
        advance(rows, surroundings, work, self.dt, self._processes, rate, molecules)
        return torch.stack(rows, dim=1)


_OTHERS = ("BC", "OC", "SS", "DU")


def _given(
    rate: NucleationRate, forcing: Floats, gas: Floats, sinks: Floats
) -> tuple[Floats, Floats]:
    """What a rate of the user's says, checked."""
    found = [np.ascontiguousarray(each, dtype=np.float64) for each in rate(forcing, gas, sinks)]
    for name, values in zip(("rate", "molecules"), found, strict=True):
        if values.shape != gas.shape or not (np.isfinite(values) & (values >= 0)).all():
            raise DataError(
                f"Expected the {name} of nucleation as finite numbers of at least 0, one for each "
                f"of {len(gas)} cells, got an array of shape {values.shape} with others; mend the "
                "function that was given."
            )
    return found[0], found[1]
