"""A YAML file -> a checked description of the training of one emulator."""

from typing import Any, Literal

import pydantic

from trackscape.emulation.networks import Constraint
from trackscape.formats import Count, Positive, Strict
from trackscape.training.config import RunSettings, Validations


class EmulatorNetwork(Strict):
    """Which network is trained."""

    kind: Literal["published", "fluxes"]
    """``published``: z-scores in and out, as Harder et al.; ``fluxes``: how much goes where, exact
    in mass and never negative."""
    hidden: Count = 128
    """Width of the hidden layers."""
    blocks: Count = 1
    """For fluxes: number of residual blocks of two layers."""
    constraint: Constraint = "none"
    """For published: ``complete`` or ``correct`` finished predictions, as published, or
    ``renormalise`` or ``project`` them, exactly and in training, too."""

    @property
    def sizes(self) -> dict[str, Any]:
        """Arguments of the network."""
        return self.model_dump(include={"hidden", *_OWN[self.kind]})

    @pydantic.model_validator(mode="after")
    def _settings_belong_to_the_kind(self) -> "EmulatorNetwork":
        for kind, names in _OWN.items():
            for name in names:
                if (
                    kind != self.kind
                    and getattr(self, name) != type(self).model_fields[name].default
                ):
                    raise ValueError(f"{name} is a setting of the kind {kind}, not of {self.kind}")
        return self


_OWN = {"published": ("constraint",), "fluxes": ("blocks",)}


class EmulatorLoss(Strict):
    """What is minimised."""

    kind: Literal["squares", "logarithmic"]
    """``squares``: of errors of z-scored changes, as published; ``logarithmic``: of errors of
    asinh(change / s), in units of its variance, for s of 1, 1e-3 and 1e-6 standard deviations."""
    penalties: tuple[Literal["mass", "positivity"], ...] = ()
    """Published terms that are added."""
    steps: Count = 1
    """Steps that the emulator takes on its own states in the second half of the training, all of
    which count."""


class EmulatorOptimiser(Validations):
    """How it is minimised, by Adam."""

    learning_rate: Positive
    """Largest rate."""
    schedule: Literal["constant", "one_cycle"] = "constant"
    """Constant, as published, or up within a tenth of all steps and then down along a cosine."""
    weight_decay: float = pydantic.Field(default=0.0, ge=0)
    """Of the weights, in each step."""
    runs_per_step: Count
    """Runs of the data set whose gradients are averaged for a step."""
    rare: bool = False
    """Whether runs with large changes are drawn more often."""


class EmulatorConfig(RunSettings):
    """One training of an emulator: everything but its seed and its data."""

    example = "emulation/fluxes"
    network: EmulatorNetwork
    loss: EmulatorLoss
    optimiser: EmulatorOptimiser
