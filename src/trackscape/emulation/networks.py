"""Networks that emulate a step: the published one, and one that says how much goes where."""

from typing import Any, Literal, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trackscape.emulation.constraints import replace_groups
from trackscape.emulation.published import complete, correct
from trackscape.emulation.system import LAST_STEPS, Fluxes, System
from trackscape.emulation.windows import Windows
from trackscape.errors import ConfigError

Constraint = Literal["none", "complete", "correct", "renormalise", "project"]
"""How an emulator is held to conservation and positivity."""
CONSTRAINTS: tuple[Constraint, ...] = ("none", "complete", "correct", "renormalise", "project")
"""All of them, from none to an exact one."""
EXACT: tuple[Constraint, ...] = ("renormalise", "project")
"""Constraints that are a part of training; the published two act on finished predictions only."""
SMALLEST_SHARE = 1e-5
"""Of the median of a column's positive values: what is added before its logarithm."""
NEAR_LIMIT = (0.01, 0.001)
"""Distances from a limit, in the logarithm, from which on it counts as far: a switch is sharp."""
WIDE_RANGE = 30.0
"""Ratio of the 98th to the 2nd percentile from which on a forcing is seen by its logarithm."""


class Emulator(nn.Module):
    """A network in the place of `step(state, forcing)`, for tensors (cells, columns)."""

    def __init__(self, system: System, **sizes: Any) -> None:
        super().__init__()
        self.system, self.sizes = system, sizes

    def fit_scales(self, windows: Windows) -> None:
        """Sets means and scales to those of a data set, before a training."""
        raise NotImplementedError

    def advance(
        self, state: Float[Tensor, "cells columns"], forcing: Float[Tensor, "cells forcings"]
    ) -> tuple[Float[Tensor, "cells columns"], Float[Tensor, "cells columns"]]:
        """Returns states after a step, and their changes."""
        raise NotImplementedError

    finishes = False
    """Whether it takes the last step of the model itself, see `System`."""

    def advance_rest(self, state: Tensor, forcing: Tensor) -> tuple[Tensor, Tensor]:
        """As `advance`, without what the model itself does in the end."""
        return self.advance(state, forcing)

    def finish(self, state: Tensor, forcing: Tensor) -> Tensor:
        """Does what the model itself does in the end, after `advance_rest`."""
        return state

    def forward(
        self, state: Float[Tensor, "cells columns"], forcing: Float[Tensor, "cells forcings"]
    ) -> Float[Tensor, "cells columns"]:
        """Returns states after a step."""
        return self.advance(state, forcing)[0]


class PublishedEmulator(Emulator):
    """Two hidden layers of ReLU for z-scores in and z-scores of the tendencies out.

    With `constraint` one of the published ways on finished predictions, or an exact one.

    References:
        Harder et al., Environmental Data Science 1 (2022) e20.
    """

    mean: Tensor
    scale: Tensor
    change_mean: Tensor
    change_scale: Tensor

    def __init__(
        self, system: System, *, hidden: int = 128, constraint: Constraint = "none"
    ) -> None:
        super().__init__(system, hidden=hidden, constraint=constraint)
        if constraint not in CONSTRAINTS:
            raise ConfigError(f"constraint must be one of {CONSTRAINTS}, got {constraint!r}.")
        n, m = len(system.state), len(system.forcing)
        self.constraint = constraint
        self.layers = nn.Sequential(
            nn.Linear(n + m, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, n),
        )
        _scales(self, mean=n + m, scale=n + m, change_mean=n, change_scale=n)

    def fit_scales(self, windows: Windows) -> None:
        """Takes means and standard deviations of states, forcings and tendencies."""
        states, forcings = _columns(windows)
        given = torch.cat([states, forcings], dim=1)
        change = torch.from_numpy(windows.state[:, 1:] - windows.state[:, :-1]).flatten(0, 1)
        _set(self.mean, given.mean(dim=0))
        _set(self.scale, _not_zero(given.std(dim=0)))
        _set(self.change_mean, change.mean(dim=0))
        _set(self.change_scale, _not_zero(change.std(dim=0)))

    def advance(self, state: Tensor, forcing: Tensor) -> tuple[Tensor, Tensor]:
        """Returns states after a step, and their changes."""
        given = (torch.cat([state, forcing], dim=1) - self.mean) / self.scale
        change = self.change_mean + self.change_scale * self.layers(given)
        after, groups = state + change, self.system.groups
        match self.constraint:
            case "none":
                return after, change
            case "complete":
                after = complete(after, state, forcing, groups, self.system.remainders)
            case "correct":
                after = correct(after)
            case _:
                after = replace_groups(after, state, forcing, groups, self.constraint)
        return after, after - state


class FluxEmulator(Emulator):
    """Residual layers for logarithms in, and the weights of fluxes and births out.

    Whatever its weights, matter is conserved and nothing falls below zero.
    """

    mean: Tensor
    scale: Tensor
    floor: Tensor
    forcing_floor: Tensor

    def __init__(self, system: System, *, hidden: int = 128, blocks: int = 1) -> None:
        super().__init__(system, hidden=hidden, blocks=blocks)
        self.finishes = system.last_step is not None
        n, m, k = len(system.state), len(system.forcing), len(system.sums)
        width = n + m + k + len(NEAR_LIMIT) * len(system.limits)
        self.fluxes = Fluxes(system)
        self.first = nn.Linear(width, hidden)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
            for _ in range(blocks)
        )
        self.last = nn.Linear(hidden, self.fluxes.width)
        self.direct = nn.Linear(width, self.fluxes.width, bias=False)
        nn.init.zeros_(self.direct.weight)
        nn.init.zeros_(self.last.weight)
        nn.init.constant_(self.last.bias, -5.0)
        self.register_buffer("sums", torch.tensor(system.sums).reshape(k, n), persistent=False)
        self._sum_of = [n + limit[0] for limit in system.limits]
        self._column_of = [limit[1] for limit in system.limits]
        limits = torch.tensor([limit[2] for limit in system.limits])
        self.register_buffer("limits", limits.log(), persistent=False)
        self.register_buffer("logarithmic", torch.zeros(m, dtype=torch.bool))
        _scales(self, floor=n + k, forcing_floor=m, mean=width, scale=width)

    def fit_scales(self, windows: Windows) -> None:
        """Takes floors, means and standard deviations of logarithms."""
        states, forcings = (each.to(self.floor) for each in _columns(windows))
        _set(self.floor, _floors(torch.cat([states, states @ self._sums.T], dim=1)))
        low, high = (torch.quantile(forcings[:100_000], q, dim=0) for q in (0.02, 0.98))
        _set(self.get_buffer("logarithmic"), (low > 0) & (high > WIDE_RANGE * low))
        _set(self.forcing_floor, _floors(forcings))
        seen = self._seen(states, forcings)
        _set(self.mean, seen.mean(dim=0))
        _set(self.scale, _not_zero(seen.std(dim=0)))

    @property
    def _sums(self) -> Tensor:
        return self.get_buffer("sums")

    def _seen(self, state: Tensor, forcing: Tensor) -> Tensor:
        contents = torch.cat([state, state @ self._sums.T], dim=1)
        by_logarithm = (forcing.clamp(min=0.0) + self.forcing_floor).log()
        forcing = torch.where(self.get_buffer("logarithmic"), by_logarithm, forcing)
        logarithms = (contents + self.floor).log()
        excess = (logarithms[:, self._sum_of] - logarithms[:, self._column_of]).sub(
            self.get_buffer("limits")
        )
        near = [(excess / distance).clamp(-1.0, 1.0) for distance in NEAR_LIMIT]
        return torch.cat([logarithms, forcing, *near], dim=1)

    def advance(self, state: Tensor, forcing: Tensor) -> tuple[Tensor, Tensor]:
        """Returns states after a step, and their changes."""
        rest, change = self.advance_rest(state, forcing)
        after = self.finish(rest, forcing)
        return after, change + (after - rest)

    def finish(self, state: Tensor, forcing: Tensor) -> Tensor:
        """Takes the last step of the model, if there is one, see `System`."""
        name = self.system.last_step
        return state if name is None else LAST_STEPS[name](state, forcing)

    def advance_rest(self, state: Tensor, forcing: Tensor) -> tuple[Tensor, Tensor]:
        """Returns states after the fluxes, and their changes."""
        seen = (self._seen(state, forcing) - self.mean) / self.scale
        x = self.first(seen)
        for block in self.blocks:
            x = x + block(nn.functional.silu(x))
        logits = self.last(nn.functional.silu(x)) + self.direct(seen)
        return self.fluxes(state, forcing, logits)


NETWORKS: dict[str, type[Emulator]] = {"published": PublishedEmulator, "fluxes": FluxEmulator}
"""Emulators by the name in settings and weights files."""


def _scales(module: nn.Module, **sizes: int) -> None:
    for name, size in sizes.items():
        fill = 0.0 if "mean" in name else 1.0
        module.register_buffer(name, torch.full((size,), fill))


def _set(buffer: Any, value: Tensor) -> None:
    cast(Tensor, buffer).copy_(value)


def _columns(windows: Windows) -> tuple[Tensor, Tensor]:
    """States at the begin of all steps, and their forcings."""
    states = torch.from_numpy(windows.state[:, :-1]).flatten(0, 1)
    return states, torch.from_numpy(windows.forcing).repeat_interleave(windows.steps, dim=0)


def _not_zero(scale: Tensor) -> Tensor:
    """1 where a column never changes."""
    return torch.where(scale > 0, scale, 1.0)


def _floors(values: Tensor) -> Tensor:
    """A small share of the median of the positive values of each column."""
    values = torch.where(values[:200_000] > 0, values[:200_000], torch.nan)
    return (SMALLEST_SHARE * values.nanmedian(dim=0).values).nan_to_num(nan=1.0)
