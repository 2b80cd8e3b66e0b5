"""What a training minimises and a landscape draws: one frozen dataclass for each loss.

The fields of an objective are its settings, in units of cost but for numbers and names; called
with the scores and the truth of a frame, it returns the loss. All but the likelihood add the mean
over tracker edges and that over calorimeter edges, as published.
"""

import dataclasses
import functools
import typing
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Protocol, final

import pydantic
from torch import Tensor, nn

from trackscape.assignment import (
    AdaptiveStrength,
    Convention,
    Noise,
    NoiseLaw,
    Side,
    Solver,
    adaptive_implicit_assignment,
    blackbox_assignment,
    by_region,
    cross_entropy_loss,
    fenchel_young_loss,
    hamming_loss,
    hinge_loss,
    identity_assignment,
    implicit_assignment,
    lagrangian_assignment,
    perturbed_assignment,
    sinkhorn_loss,
    spo_plus_loss,
)
from trackscape.data import EdgeScores
from trackscape.errors import AssignmentError
from trackscape.formats import Count, Positive, Share, Strict
from trackscape.graph_construction.labels import link_labels
from trackscape.scoring import likelihood_loss
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
"""Other names of objectives, in old settings, run folders and commands; the published ones first.
"""


class FrameLoss(Protocol):
    """What a training minimises: a function of the scores of one frame."""

    def __call__(
        self, scores: EdgeScores, truth: Tensor, /, *, assigner: Solver, frame: int
    ) -> Tensor:
        """Returns a loss without axes; see `Objective`."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Objective:
    """A loss of the scores of a frame. Equal settings are equal objectives."""

    kind: ClassVar[str]
    """Name in settings, commands and files."""
    smoothness: ClassVar[Smoothness]
    """Which derivatives it has."""
    function: ClassVar[Callable[..., Tensor]]
    """The loss, of scores, truth, assigner and settings."""

    def __call__(
        self, scores: EdgeScores, truth: Tensor, /, *, assigner: Solver, frame: int, seed: int = 0
    ) -> Tensor:
        """Returns a loss without axes.

        Arguments:
            scores: Scores of the edges of the frame.
            truth: (E,) 1 where an edge is true.
            assigner: Solves assignments, for losses that need some.
            frame: Number of the frame on which the noise depends, for losses with noise: the same
                number gives the same loss.
            seed: Seed of that noise.
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
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

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


def setting_names(objective: type[Objective]) -> list[str]:
    """Returns the names of the settings of a kind of objective."""
    return [field.name for field in dataclasses.fields(objective)]


def _cross_entropy(scores: EdgeScores, truth: Tensor, *, assigner: Solver) -> Tensor:
    return by_region(cross_entropy_loss, scores.logit, truth, graph=scores.graph)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CrossEntropy(Objective):
    """Binary cross-entropy of the edges; the assignment comes only after the training (PTT)."""

    kind = "cross_entropy"
    smoothness = "smooth"
    function = staticmethod(_cross_entropy)


def _likelihood(scores: EdgeScores, truth: Tensor, *, assigner: Solver) -> Tensor:
    # Labels of edges do not tell true tracks apart from their secondaries.
    return likelihood_loss(scores, link_labels(scores.graph))


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrackLikelihood(Objective):
    """Negative log likelihood of the true tracks, for track models; see `likelihood_loss`."""

    kind = "track_likelihood"
    smoothness = "smooth"
    function = staticmethod(_likelihood)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _HammingObjective(Objective):
    """Share of wrong decisions; its function decides, with a rule in the place of a gradient."""

    smoothness = "surrogate"

    def value(self, scores: EdgeScores, truth: Tensor, **given: Any) -> Tensor:
        chosen = self.function(scores, **given)
        return by_region(hamming_loss, chosen, truth, graph=scores.graph)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _NoisyObjective(Objective):
    """A loss of assignments at noisy costs."""

    sigma: Positive = 0.1
    """Standard deviation of the noise, in units of cost."""
    samples: Count = 1
    """Number of assignments at noisy costs per frame."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class HammingBlackbox(_HammingObjective):
    """Share of wrong decisions, with blackbox interpolation (PAT); see `blackbox_assignment`."""

    kind = "hamming_blackbox"
    function = staticmethod(blackbox_assignment)
    strength: Positive = 0.1
    """Strength of the interpolation, in the unit of its convention."""
    convention: Convention = "corrected"
    """Formula of the gradient: ``published`` or ``corrected``."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FenchelYoung(_NoisyObjective):
    """Fenchel-Young loss of the perturbed assignment; see `fenchel_young_loss`."""

    kind = "fenchel_young"
    smoothness = "piecewise"
    function = staticmethod(fenchel_young_loss)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImplicitMLE(_NoisyObjective, _HammingObjective):
    """Share of wrong decisions, with implicit differentiation; see `implicit_assignment`."""

    kind = "imle"
    function = staticmethod(implicit_assignment)
    strength: Positive = 0.3
    """Largest shift of a cost."""
    noise: NoiseLaw = "normal"
    """Law of the noise: ``normal`` or ``sum_of_gamma``."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Perturbed(_NoisyObjective, _HammingObjective):
    """Share of wrong decisions at noisy costs; see `perturbed_assignment`."""

    kind = "perturbed"
    function = staticmethod(perturbed_assignment)
    samples: Count = 20
    antithetic: bool = True
    """Whether samples come in pairs with opposite noise."""

    def __post_init__(self) -> None:
        if self.samples < 2 or (self.antithetic and self.samples % 2):
            raise AssignmentError(
                "the loss perturbed needs at least 2 samples, and an even number if antithetic, "
                f"got {self.samples}"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdaptiveImplicitMLE(_NoisyObjective, _HammingObjective):
    """As `ImplicitMLE`, with a strength that a training adapts; see `AdaptiveStrength`."""

    kind = "aimle"
    function = staticmethod(adaptive_implicit_assignment)
    strength: Positive = 0.1
    """Largest shift of a cost at the start."""
    changed: Share = 0.002
    """Wanted share of edges with a gradient."""
    noise: NoiseLaw = "normal"
    """Law of the noise: ``normal`` or ``sum_of_gamma``."""

    def __post_init__(self) -> None:
        self.start()  # raises what is wrong with it

    def start(self) -> AdaptiveStrength:
        """Returns the strength at the start of a training, which moves it."""
        return AdaptiveStrength(self.strength, changed=self.changed)

    def value(self, scores: EdgeScores, truth: Tensor, **given: Any) -> Tensor:
        """Returns the loss for the strength at the start, unless another one is given."""
        del given["changed"]
        if not isinstance(given["strength"], AdaptiveStrength):
            given["strength"] = self.start()
        return super().value(scores, truth, **given)

    def seeded(self, seed: int) -> FrameLoss:
        """Returns the loss of one training: a module, so that checkpoints keep its strength."""
        return _Adapting(self, seed)


@final
class _Adapting(nn.Module):
    def __init__(self, objective: AdaptiveImplicitMLE, seed: int) -> None:
        super().__init__()
        self.seed, self.strength = seed, objective.start()
        self.objective = objective

    def forward(
        self, scores: EdgeScores, truth: Tensor, /, *, assigner: Solver, frame: int
    ) -> Tensor:
        given = self.objective.arguments(frame=frame, seed=self.seed)
        given["strength"] = self.strength
        return self.objective.value(scores, truth, assigner=assigner, **given)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LagrangianPGD(_HammingObjective):
    """Share of wrong decisions, with Lagrangian proximal gradients; see `lagrangian_assignment`."""

    kind = "lpgd"
    function = staticmethod(lagrangian_assignment)
    strength: Positive = 0.1
    """Largest shift of a cost."""
    side: Side = "average"
    """Assignments with which the chosen one is compared: ``lower``, ``upper`` or ``average``."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hinge(Objective):
    """Structured hinge loss; see `hinge_loss`."""

    kind = "hinge"
    smoothness = "piecewise"
    function = staticmethod(hinge_loss)
    margin: Positive = 0.2
    """Handicap of true edges, in units of cost."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SPOPlus(Objective):
    """Smart "predict, then optimize" loss; see `spo_plus_loss`."""

    kind = "spo_plus"
    smoothness = "piecewise"
    function = staticmethod(spo_plus_loss)
    contrast: Positive = 0.5
    """True cost of a false edge, and what a true one saves, in units of cost."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sinkhorn(Objective):
    """Cross-entropy after entropic transport, where tracks may end; see `sinkhorn_loss`."""

    kind = "sinkhorn"
    smoothness = "smooth"
    function = staticmethod(sinkhorn_loss)
    temperature: Positive = 0.1
    """Weight of the entropy, in units of cost."""
    sweeps: Count = 10
    """Number of scalings of rows and columns."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Identity(_HammingObjective):
    """Share of wrong decisions, as if choosing were the identity; see `identity_assignment`."""

    kind = "identity"
    function = staticmethod(identity_assignment)


def _decide(scores: EdgeScores, *, assigner: Solver) -> Tensor:
    return assigner.solve(scores.cost, graph=scores.graph).selected.double()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hamming(_HammingObjective):
    """Share of wrong decisions."""

    kind = "hamming"
    smoothness = "constant"
    function = staticmethod(_decide)


def _errors(scores: EdgeScores, truth: Tensor, *, assigner: Solver) -> Tensor:
    return hamming_loss(_decide(scores, assigner=assigner), truth)


@dataclasses.dataclass(frozen=True, kw_only=True)
class WrongEdges(Objective):
    """Wrong decisions / edges, without regard to regions."""

    kind = "errors"
    smoothness = "constant"
    function = staticmethod(_errors)


def _missed(scores: EdgeScores, truth: Tensor, *, assigner: Solver) -> Tensor:
    true = truth > 0
    return 1 - _decide(scores, assigner=assigner)[true].sum() / true.sum().clamp(min=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MissedEdges(Objective):
    """True edges that are not chosen / true edges: 1 - true positive rate."""

    kind = "missed"
    smoothness = "constant"
    function = staticmethod(_missed)


# Settings of older runs list those of all losses in this order.
_ALL: tuple[type[Objective], ...] = (
    CrossEntropy, TrackLikelihood, HammingBlackbox, FenchelYoung, ImplicitMLE, Perturbed,
    AdaptiveImplicitMLE, LagrangianPGD, Hinge, SPOPlus, Sinkhorn, Identity,
    Hamming, WrongEdges, MissedEdges,
)  # fmt: skip
OBJECTIVES: dict[str, type[Objective]] = {each.kind: each for each in _ALL}
"""All kinds of objectives by name: those that can be trained, then those that are only measured."""
TRAINABLE = tuple(name for name, each in OBJECTIVES.items() if each.smoothness != "constant")
"""Names of the objectives with a gradient."""


def canonical_name(name: str) -> str:
    """Returns the name of an objective that may be called by an alias."""
    return ALIASES.get(name, name)


def read_objective(content: Any) -> Objective:
    """Returns the objective of settings from anywhere, with all that its kind needs.

    Settings that are None are left out: older runs wrote those of all losses.

    Raises:
        ValueError: They are of no objective with a gradient; a `pydantic.ValidationError` where
            one setting is to blame.
    """
    if isinstance(content, Objective):
        return content
    name: Any = content.get("kind") if isinstance(content, Mapping) else None
    if not isinstance(name, str) or canonical_name(name) not in TRAINABLE:
        raise ValueError(f"expected the kind of a loss, {', '.join(TRAINABLE)}, got {shown(name)}")
    kind = OBJECTIVES[canonical_name(name)]
    given = {key: value for key, value in content.items() if key != "kind" and value is not None}
    needed, known = setting_names(kind), kind().as_published()
    if given.keys() <= known.keys() and given.keys() != set(needed):
        texts = (", ".join(each) or "none" for each in (needed, given))
        raise ValueError("the loss {} needs the scales {}, got {}".format(name, *texts))
    checked = dict(_schema(kind).model_validate(given))
    try:
        return kind(**checked)
    except AssignmentError as error:
        raise ValueError(str(error).rstrip(".")) from error


@functools.cache
def _schema(kind: type[Objective]) -> type[Strict]:
    hints = typing.get_type_hints(kind, include_extras=True)
    fields: dict[str, Any] = {name: (hints[name], None) for name in setting_names(kind)}
    return pydantic.create_model(kind.__name__, __base__=Strict, **fields)
