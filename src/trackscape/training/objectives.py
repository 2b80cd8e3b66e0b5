"""All losses that can be trained and drawn, and those that are only measured, as `Objective`.

Settings are in units of cost but for numbers and names. All but the likelihood and the last two add
the mean over tracker edges and that over calorimeter edges, as published. Settings of older runs
list those of all losses in the order in which they are defined here.
"""

import functools
import typing
from collections.abc import Mapping
from typing import Any, final

import pydantic
from torch import Tensor, nn

from trackscape import assignment
from trackscape.assignment import AdaptiveStrength, Convention, NoiseLaw, Side, Solver
from trackscape.data import EdgeScores
from trackscape.errors import AssignmentError, ConfigError
from trackscape.formats import Count, Positive, Share, Strict
from trackscape.graph_construction.labels import link_labels
from trackscape.scoring import likelihood_loss
from trackscape.text import shown
from trackscape.training.interface import ALIASES as ALIASES
from trackscape.training.interface import OBJECTIVES, FrameLoss, Objective
from trackscape.training.interface import find_objective as find_objective
from trackscape.training.interface import setting_names as setting_names


class CrossEntropy(Objective, kind="cross_entropy", smoothness="smooth"):
    """Binary cross-entropy of the edges; the assignment comes only after the training (PTT)."""

    def value(self, scores: EdgeScores, truth: Tensor, **given: Any) -> Tensor:
        """Returns the loss, without an assignment."""
        return assignment.by_region(
            assignment.cross_entropy_loss, scores.logit, truth, graph=scores.graph
        )


class TrackLikelihood(Objective, kind="track_likelihood", smoothness="smooth"):
    """Negative log likelihood of the true tracks, for track models; see `likelihood_loss`."""

    def value(self, scores: EdgeScores, truth: Tensor, **given: Any) -> Tensor:
        """Returns the loss; labels of edges do not tell true tracks apart from secondaries."""
        return likelihood_loss(scores, link_labels(scores.graph))


class _Decision(Objective, smoothness="surrogate"):
    """Share of wrong decisions; its function decides, with a rule in the place of a gradient."""

    def value(self, scores: EdgeScores, truth: Tensor, **given: Any) -> Tensor:
        chosen = self.function(scores, **given)
        return assignment.by_region(assignment.hamming_loss, chosen, truth, graph=scores.graph)


class _Noisy(Objective):
    """A loss of assignments at noisy costs."""

    sigma: Positive = 0.1
    """Standard deviation of the noise."""
    samples: Count = 1
    """Number of assignments at noisy costs per frame."""


class HammingBlackbox(_Decision, kind="hamming_blackbox", function=assignment.blackbox_assignment):
    """Share of wrong decisions, with blackbox interpolation (PAT); see `blackbox_assignment`."""

    strength: Positive = 0.1
    """Strength of the interpolation, in the unit of its convention."""
    convention: Convention = "corrected"
    """Formula of the gradient."""


class FenchelYoung(
    _Noisy, kind="fenchel_young", smoothness="piecewise", function=assignment.fenchel_young_loss
):
    """Fenchel-Young loss of the perturbed assignment; see `fenchel_young_loss`."""


class ImplicitMLE(_Noisy, _Decision, kind="imle", function=assignment.implicit_assignment):
    """Share of wrong decisions, with implicit differentiation; see `implicit_assignment`."""

    strength: Positive = 0.3
    """Largest shift of a cost."""
    noise: NoiseLaw = "normal"


class Perturbed(_Noisy, _Decision, kind="perturbed", function=assignment.perturbed_assignment):
    """Share of wrong decisions at noisy costs; see `perturbed_assignment`."""

    samples: Count = 20
    antithetic: bool = True
    """Whether samples come in pairs with opposite noise."""

    def __post_init__(self) -> None:
        if self.samples < 2 or (self.antithetic and self.samples % 2):
            raise AssignmentError(
                "the loss perturbed needs at least 2 samples, and an even number if antithetic, "
                f"got {self.samples}"
            )


class AdaptiveImplicitMLE(
    _Noisy, _Decision, kind="aimle", function=assignment.adaptive_implicit_assignment
):
    """As `ImplicitMLE`, with a strength that a training adapts; see `AdaptiveStrength`."""

    strength: Positive = 0.1
    """Largest shift of a cost at the start."""
    changed: Share = 0.002
    """Wanted share of edges with a gradient."""
    noise: NoiseLaw = "normal"

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
        self.objective, self.seed, self.strength = objective, seed, objective.start()

    def forward(
        self, scores: EdgeScores, truth: Tensor, /, *, assigner: Solver, frame: int
    ) -> Tensor:
        given = self.objective.arguments(frame=frame, seed=self.seed)
        given["strength"] = self.strength
        return self.objective.value(scores, truth, assigner=assigner, **given)


class LagrangianPGD(_Decision, kind="lpgd", function=assignment.lagrangian_assignment):
    """Share of wrong decisions, with Lagrangian proximal gradients; see `lagrangian_assignment`."""

    strength: Positive = 0.1
    """Largest shift of a cost."""
    side: Side = "average"
    """Assignments with which the chosen one is compared."""


class Hinge(Objective, kind="hinge", smoothness="piecewise", function=assignment.hinge_loss):
    """Structured hinge loss; see `hinge_loss`."""

    margin: Positive = 0.2
    """Handicap of true edges."""


class SPOPlus(
    Objective, kind="spo_plus", smoothness="piecewise", function=assignment.spo_plus_loss
):
    """Smart "predict, then optimize" loss; see `spo_plus_loss`."""

    contrast: Positive = 0.5
    """True cost of a false edge, and what a true one saves."""


class Sinkhorn(Objective, kind="sinkhorn", smoothness="smooth", function=assignment.sinkhorn_loss):
    """Cross-entropy after entropic transport, where tracks may end; see `sinkhorn_loss`."""

    temperature: Positive = 0.1
    """Weight of the entropy."""
    sweeps: Count = 10
    """Number of scalings of rows and columns."""


class Identity(_Decision, kind="identity", function=assignment.identity_assignment):
    """Share of wrong decisions, as if choosing were the identity; see `identity_assignment`."""


def _decide(scores: EdgeScores, *, assigner: Solver) -> Tensor:
    return assigner.solve(scores.cost, graph=scores.graph).selected.double()


class Hamming(_Decision, kind="hamming", smoothness="constant", function=_decide):
    """Share of wrong decisions."""


class WrongEdges(Objective, kind="errors", smoothness="constant"):
    """Wrong decisions / edges, without regard to regions."""

    def value(self, scores: EdgeScores, truth: Tensor, **given: Any) -> Tensor:
        """Returns the share of all edges."""
        return assignment.hamming_loss(_decide(scores, **given), truth)


class MissedEdges(Objective, kind="missed", smoothness="constant"):
    """True edges that are not chosen / true edges: 1 - true positive rate."""

    def value(self, scores: EdgeScores, truth: Tensor, **given: Any) -> Tensor:
        """Returns the share of the true edges."""
        true = truth > 0
        return 1 - _decide(scores, **given)[true].sum() / true.sum().clamp(min=1)


TRAINABLE = tuple(name for name, each in OBJECTIVES.items() if each.smoothness != "constant")
"""Names of the objectives with a gradient."""


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
    kind = _trainable(name)
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


def _trainable(name: Any) -> type[Objective]:
    try:
        kind = find_objective(name) if isinstance(name, str) else None
    except ConfigError as error:
        if "." in name:  # one of the user's own
            raise ValueError(str(error).rstrip(".")) from error
        kind = None
    if kind is None or kind.smoothness == "constant":
        raise ValueError(f"expected the kind of a loss, {', '.join(TRAINABLE)}, got {shown(name)}")
    return kind


@functools.cache
def _schema(kind: type[Objective]) -> type[Strict]:
    hints = typing.get_type_hints(kind, include_extras=True)
    fields: dict[str, Any] = {name: (hints[name], None) for name in setting_names(kind)}
    return pydantic.create_model(kind.__name__, __base__=Strict, **fields)
