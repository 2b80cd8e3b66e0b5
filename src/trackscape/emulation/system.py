"""What an emulator has to know of a box model: names, what is conserved, what can go where."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trackscape.emulation.conservation import Conserved, check_conserved
from trackscape.emulation.constraints import limited_shares, move_fluxes, sources_of
from trackscape.errors import DataError

LOST = -1
"""Receiver of a flux that leaves the state, as numbers do when particles stick together."""

LastStep = Callable[[Any, Any], Any]
"""States and forcings -> states in which the last part of a step is done: tensors with gradients,
or arrays in double precision, which it may change in place. It keeps every conservation law."""
LAST_STEPS: dict[str, LastStep] = {}
"""Last parts of steps by the names that descriptions hold; the module of a model adds its own."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class System:
    """A box model whose matter only ever moves along known ways.

    Raises:
        DataError: Columns or groups do not fit, or a flux leaves its group.
    """

    state: tuple[str, ...]
    """Names of the columns of a state."""
    forcing: tuple[str, ...]
    """Names of the columns of a forcing."""
    groups: tuple[Conserved, ...]
    """What is conserved."""
    inlets: tuple[int, ...]
    """Column of each group into which its source flows."""
    remainders: tuple[int, ...]
    """Column of each group that the published completion takes from the others."""
    stages: tuple[tuple[tuple[int, int], ...], ...]
    """Fluxes as donor and receiver, or `LOST`; those of a stage act on what the last one left."""
    outputs: tuple[tuple[int, ...], ...] = ()
    """Outputs of a network that add up to the weight of each flux, so that what moves together has
    one; each flux has one of its own where this is empty."""
    births: tuple[tuple[int, int], ...] = ()
    """Flux of the first stage, by its place, and a column that grows by at most as much."""
    sums: tuple[tuple[float, ...], ...] = ()
    """Weights of columns whose sums say something, such as the volume of a mode's particles."""
    limits: tuple[tuple[int, int, float], ...] = ()
    """A sum, by its place, a column, and a limit of their ratio at which the model switches."""
    last_step: str | None = None
    """Name in `LAST_STEPS` of what the model does last and cheaply, so that nobody has to learn it:
    it follows the fluxes. Published networks do without."""

    def __post_init__(self) -> None:
        n = len(self.state)
        check_conserved(self.groups, n_columns=n)
        group_of = {column: group.name for group in self.groups for column in group.columns}
        for donor, receiver in self.fluxes:
            if not (0 <= donor < n and LOST <= receiver < n):
                raise DataError(f"Expected fluxes between {n} columns, got {donor}, {receiver}.")
            target = None if receiver == LOST else group_of.get(receiver)
            if group_of.get(donor) != target:
                raise DataError(
                    f"Expected fluxes within a group, got one from {self.state[donor]} to "
                    f"{'nowhere' if receiver == LOST else self.state[receiver]}; it would break "
                    "a conservation law."
                )
        if not len(self.groups) == len(self.inlets) == len(self.remainders):
            raise DataError("Expected one inlet and one remainder for each group.")
        used = {output for own in self.outputs for output in own}
        if self.outputs and (
            len(self.outputs) != len(self.fluxes) or used != set(range(len(used)))
        ):
            raise DataError(
                f"Expected outputs of each of {len(self.fluxes)} fluxes, numbered from 0 on, got "
                f"{len(self.outputs)} that use {sorted(used)}."
            )
        if any(len(weights) != n for weights in self.sums):
            raise DataError(f"Expected {n} weights in each sum, one for each column.")
        if self.last_step is not None and self.last_step not in LAST_STEPS:
            raise DataError(
                f"Expected a last step of {', '.join(LAST_STEPS) or 'none'}, got "
                f"{self.last_step!r}; import the module of the model, which knows it."
            )

    @property
    def fluxes(self) -> list[tuple[int, int]]:
        """All fluxes, stage by stage."""
        return [flux for stage in self.stages for flux in stage]

    @property
    def weights(self) -> tuple[tuple[int, ...], ...]:
        """Outputs of a network for each flux."""
        return self.outputs or tuple((flux,) for flux in range(len(self.fluxes)))

    def to_json(self) -> str:
        """Returns a text that `system_of` reads."""
        return json.dumps(dataclasses.asdict(self))


def system_of(text: str) -> System:
    """Reads what `System.to_json` wrote.

    Raises:
        DataError: It is something else.
    """
    try:
        content: dict[str, Any] = json.loads(text)
        given: list[Any] = content["groups"]
        groups = tuple(
            Conserved(
                name=str(group["name"]),
                columns=tuple(group["columns"]),
                source=group["source"],
                factor=float(group["factor"]),
            )
            for group in given
        )
        stages = tuple(tuple((int(d), int(r)) for d, r in stage) for stage in content["stages"])
        names = ("state", "forcing", "inlets", "remainders")
        plain = {name: tuple(content[name]) for name in names}
        lists = {name: tuple(map(tuple, content[name])) for name in ("births", "sums", "limits")}
        # Older files have neither of these.
        lists["outputs"] = tuple(map(tuple, content.get("outputs", ())))
        last = content.get("last_step")
        return System(groups=groups, stages=stages, **plain, **lists, last_step=last)  # pyright: ignore[reportArgumentType]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"Expected a description of a box model, got another text ({error})."
        ) from error


class Fluxes(nn.Module):
    """Moves a state on by what a network says of fluxes: exact and positive, for any network."""

    def __init__(self, system: System) -> None:
        super().__init__()
        self.system = system
        for number, stage in enumerate(system.stages):
            donors, receivers = torch.zeros(2, len(stage), len(system.state))
            for flux, (donor, receiver) in enumerate(stage):
                donors[flux, donor] = 1
                if receiver != LOST:
                    receivers[flux, receiver] = 1
            self.register_buffer(f"donors_{number}", donors, persistent=False)
            self.register_buffer(f"receivers_{number}", receivers, persistent=False)
        self.n_outputs = 1 + max(max(outputs) for outputs in system.weights)
        adds = torch.zeros(self.n_outputs, len(system.fluxes))
        for flux, outputs in enumerate(system.weights):
            adds[list(outputs), flux] = 1
        self.register_buffer("adds", adds, persistent=False)

    @property
    def width(self) -> int:
        """Number of values that a network has to give: its outputs, and one for each birth."""
        return self.n_outputs + len(self.system.births)

    def forward(
        self,
        state: Float[Tensor, "cells columns"],
        forcing: Float[Tensor, "cells forcings"],
        logits: Float[Tensor, "cells width"],
    ) -> tuple[Float[Tensor, "cells columns"], Float[Tensor, "cells columns"]]:
        """Returns states after a step, and their changes without the rounding of a difference.

        exp(logit), or the sum of some, is the weight of a flux, see `limited_shares`. Births are
        the sigmoid of their logits times the flux that they belong to.
        """
        system = self.system
        source = sources_of(state, forcing, system.groups, system.inlets)
        rates = logits[:, : self.n_outputs].clamp(-60.0, 9.0).exp()
        weights = rates.nan_to_num(nan=0.0) @ self.get_buffer("adds").to(state.dtype)
        change, first = source, 0
        for number, stage in enumerate(system.stages):
            donors, receivers = (
                self.get_buffer(f"{name}_{number}").to(state.dtype)
                for name in ("donors", "receivers")
            )
            shares = limited_shares(weights[:, first : first + len(stage)], donors)
            state, amount = move_fluxes(state, source, shares, donors, receivers)
            change = change + amount @ (receivers - donors)
            if number == 0:
                born = self._births(state, amount, logits[:, self.n_outputs :])
                state, change = state + born, change + born
            source, first = torch.zeros_like(state), first + len(stage)
        return state, change

    def _births(self, state: Tensor, amount: Tensor, logits: Tensor) -> Tensor:
        born = torch.zeros_like(state)
        for i, (flux, column) in enumerate(self.system.births):
            born[:, column] = amount[:, flux] * torch.sigmoid(logits[:, i].nan_to_num(0.0))
        return born
