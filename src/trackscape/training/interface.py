"""What a training minimises and a landscape draws: the interface of all losses, and their names."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, ClassVar, Literal, Protocol, dataclass_transform, get_args

from jaxtyping import Float
from torch import Tensor

from trackscape.assignment import Noise, Solver
from trackscape.data import EdgeScores
from trackscape.errors import ConfigError
from trackscape.formats import find_class
from trackscape.text import shown

Smoothness = Literal["smooth", "piecewise", "surrogate", "constant"]
"""``smooth``: twice differentiable in the scores. ``piecewise``: continuous, with the exact
gradient almost everywhere, which jumps with the decision. ``surrogate``: piecewise constant, with
a rule in the place of its gradient. ``constant``: piecewise constant, without a gradient: what is
measured after a training."""
ALIASES = {
    "ptt": "cross_entropy",
    "pat": "hamming_blackbox",
    "likelihood": "track_likelihood",
    "bce": "cross_entropy",
    "blackbox": "hamming_blackbox",
}
"""Other names in old settings, run folders and commands; the published ones first."""
OBJECTIVES: "dict[str, type[Objective]]" = {}
"""All kinds of objectives by name: those that can be trained, then those that are only measured."""


class FrameLoss(Protocol):
    """What a training minimises: a function of the scores of one frame."""

    def __call__(
        self, scores: EdgeScores, truth: Tensor, /, *, assigner: Solver, frame: int
    ) -> Tensor:
        """See `Objective`."""
        ...


@dataclass_transform(kw_only_default=True, frozen_default=True)
@dataclasses.dataclass(frozen=True, kw_only=True)
class Objective:
    """A loss of the scores of a frame, whose settings are its fields; equal ones are equal losses.

    A subclass becomes a frozen dataclass, and is known by its kind, which one of your own need not
    name: it is its place then, such as ``my_package.MyLoss``. Either its function takes scores,
    truth, assigner and settings, or it overrides `value`. All settings have defaults.
    """

    kind: ClassVar[str]
    """Name in settings and results."""
    smoothness: ClassVar[Smoothness]
    function: ClassVar[Callable[..., Tensor]]

    def __init_subclass__(cls, **about: Any) -> None:
        for name, value in about.items():
            setattr(cls, name, staticmethod(value) if name == "function" else value)
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        if not cls.__name__.startswith("_"):
            cls.kind = about.get("kind", f"{cls.__module__}.{cls.__qualname__}")
            OBJECTIVES[cls.kind] = cls

    def __call__(
        self,
        scores: EdgeScores,
        truth: Float[Tensor, " edges"],
        /,
        *,
        assigner: Solver,
        frame: int,
        seed: int = 0,
    ) -> Float[Tensor, ""]:
        """Returns the loss of scores and truth, 1 where an edge is true.

        Losses with noise are the same for the same number of the frame and seed.
        """
        given = self.arguments(frame=frame, seed=seed)
        return self.value(scores, truth, assigner=assigner, **given)

    def arguments(self, *, frame: int, seed: int) -> dict[str, Any]:
        """Returns the settings, with the noise of a frame in the place of its scale and law."""
        given = self.settings
        if "sigma" in given:
            law, sigma = given.get("noise", "normal"), given.pop("sigma")
            given["noise"] = Noise(sigma=sigma, seed=seed, frame=frame, law=law)
        return given

    def value(self, scores: EdgeScores, truth: Tensor, **given: Any) -> Tensor:
        """Returns the loss for an assigner and all that `arguments` names."""
        return self.function(scores, truth, **given)

    @property
    def settings(self) -> dict[str, Any]:
        """All settings by name."""
        return {name: getattr(self, name) for name in setting_names(type(self))}

    @property
    def published(self) -> str:
        """Name in the publication, and in the settings of older runs."""
        return next((alias for alias, name in ALIASES.items() if name == self.kind), self.kind)

    def as_published(self) -> dict[str, Any]:
        """Returns the settings as older runs wrote them: those of all losses, None for others."""
        others = dict.fromkeys(name for kind in OBJECTIVES.values() for name in setting_names(kind))
        return {"kind": self.published} | others | self.settings

    def seeded(self, seed: int) -> FrameLoss:
        """Returns the loss of one training, with a seed for its noise."""
        return functools.partial(self, seed=seed)


def find_objective(name: str) -> "type[Objective]":
    """Returns the kind of objectives of a name of `OBJECTIVES`, or one named by its place.

    Only names that a user typed, in settings or as an option, may come here; see `find_class`.

    Raises:
        ConfigError: There is no such loss, or it lacks its smoothness or defaults.
    """
    if found := OBJECTIVES.get(canonical_name(name)):
        return found
    found = find_class(name, Objective, what="loss", known=OBJECTIVES, error=ConfigError)
    if not hasattr(found, "smoothness"):
        raise ConfigError(
            f"Expected {shown(name)} to say how smooth it is, in the head of its class, such as "
            f"smoothness='smooth'; it is one of {', '.join(get_args(Smoothness))}."
        )
    if needed := [each.name for each in dataclasses.fields(found) if _is_needed(each)]:
        raise ConfigError(f"Expected a default of each setting of {shown(name)}: {needed[0]}.")
    return found


def _is_needed(field: "dataclasses.Field[Any]") -> bool:
    return field.default is field.default_factory is dataclasses.MISSING


def setting_names(objective: type[Objective]) -> list[str]:
    """Returns the names of the settings of a kind of objective."""
    return [field.name for field in dataclasses.fields(objective)]


def canonical_name(name: str) -> str:
    """Returns the name of an objective that may be called by an alias."""
    return ALIASES.get(name, name)
