"""What the training of an emulator minimises."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trackscape.emulation.published import (
    MASS_WEIGHTS,
    POSITIVITY_WEIGHTS,
    mass_loss,
    positivity_loss,
)
from trackscape.emulation.settings import EmulatorLoss
from trackscape.emulation.system import System

VIEWS = (1.0, 1e-3, 1e-6)
"""Scales of the logarithmic loss, in standard deviations of a change: air that has aged has little
of some modes, but a long run needs their changes, too."""


class ChangeLoss(nn.Module):
    """Loss of a step's changes, with the scales of others, and published penalties."""

    def __init__(
        self,
        settings: EmulatorLoss,
        system: System,
        before: Float[Tensor, "steps columns"],
        change: Float[Tensor, "steps columns"],
    ) -> None:
        super().__init__()
        self.settings, self.system = settings, system
        deviation = change.std(dim=0)
        deviation = torch.where(deviation > 0, deviation, 1.0)
        if settings.kind == "logarithmic":
            self.views: list[_View | _Ratio] = [
                _View(scale * deviation, change, asinh=True) for scale in VIEWS
            ]
            self.views.append(_Ratio(min(VIEWS) * deviation, before, change))
        else:
            self.views = [_View(deviation, change, asinh=False)]
        mass = [_weight_of(MASS_WEIGHTS, group.name) for group in system.groups]
        self.mass_weights = mass
        self.positivity_weights = torch.tensor(
            [_weight_of(POSITIVITY_WEIGHTS, name) for name in system.state]
        )

    def forward(
        self, moved: tuple[Tensor, Tensor], wanted: Tensor, state: Tensor, forcing: Tensor
    ) -> Tensor:
        """Returns the loss of what an emulator makes of a state, see `Emulator.advance`."""
        after, change = moved
        loss = change.new_zeros(())
        for view in self.views:
            loss = loss + view.error(change, wanted, state)
        if "mass" in self.settings.penalties:
            groups, weights = self.system.groups, self.mass_weights
            loss = loss + mass_loss(after, state, forcing, groups, weights)
        if "positivity" in self.settings.penalties:
            loss = loss + positivity_loss(after, self.positivity_weights.to(after))
        return loss


class _View:
    """A way to look at changes, in which their errors are measured."""

    def __init__(self, scale: Tensor, change: Tensor, *, asinh: bool) -> None:
        self.scale = scale.float()
        self.function: Callable[[Tensor], Tensor] = torch.asinh if asinh else nn.Identity()
        variance = self.function(change / scale).var(dim=0)
        self.variance = torch.where(variance > 0, variance, 1.0).float()

    def error(self, change: Tensor, wanted: Tensor, before: Tensor) -> Tensor:
        scale, variance = self.scale.to(change), self.variance.to(change)
        difference = self.function(change / scale) - self.function(wanted / scale)
        return (difference.square() / variance).mean()


class _Ratio:
    """What there is in the end over what there should be, in units of how much that changes."""

    def __init__(self, least: Tensor, before: Tensor, change: Tensor) -> None:
        self.least = least.float()
        usual = torch.log1p(change / (before + least)).square().mean(dim=0)
        self.usual = torch.where(usual > 0, usual, 1.0).float()

    def error(self, change: Tensor, wanted: Tensor, before: Tensor) -> Tensor:
        content = before + wanted + self.least.to(change)
        ratio = torch.log1p(((change - wanted) / content).clamp(min=-0.999))
        return (ratio.square() / self.usual.to(change)).mean()


def _weight_of(weights: dict[str, float], name: str) -> float:
    """The published weight of a species, 1 for what was not published."""
    kind = "SO4" if name == "H2SO4" else name.split("_")[0]
    return weights.get(kind, 1.0)
