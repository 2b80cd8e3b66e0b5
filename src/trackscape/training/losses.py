"""Name and scales of a method -> the loss of a frame that a training minimises.

A method is a decision with a gradient, whose Hamming loss is taken, or a loss of scores and labels
itself. All but the likelihood add the mean over tracker edges and that over calorimeter edges.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, Protocol, final

from torch import Tensor, nn

from trackscape.assignment import (
    AdaptiveStrength,
    Noise,
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
from trackscape.graph_construction.labels import link_labels
from trackscape.scoring import likelihood_loss

LossKind = Literal[
    "likelihood",
    "ptt",
    "pat",
    "fenchel_young",
    "hinge",
    "spo_plus",
    "identity",
    "perturbed",
    "imle",
    "aimle",
    "lpgd",
    "sinkhorn",
]


class FrameLoss(Protocol):
    """What a training minimises: a function of the scores of one frame."""

    def __call__(
        self, scores: EdgeScores, label: Tensor, *, assigner: Solver, frame: int
    ) -> Tensor:
        """Returns a loss without axes.

        Arguments:
            scores: Scores of the edges of the frame.
            label: (E,) 1 where an edge is true.
            assigner: Solves assignments, for losses that need some.
            frame: Number on which the noise depends, for losses with noise: the same number gives
                the same loss.
        """
        ...


@final
class MethodLoss(nn.Module):
    """The loss of a method, a `FrameLoss`. A module, as one method has a state: aimle its strength.

    Arguments:
        kind: The method.
        seed: Of its noise, if it has some.
        scales: What `SCALES` lists for the method. `sigma` and `noise` (the law, normal if left
            out) make its `Noise`; the others are arguments of the function behind it.

    Example:
        >>> MethodLoss("hinge", seed=0, margin=0.2).scales
        {'margin': 0.2}
    """

    def __init__(self, kind: LossKind, *, seed: int, **scales: Any) -> None:
        super().__init__()
        self.kind: LossKind = kind
        self.noise: Noise | None = None
        if "sigma" in scales:
            law = scales.pop("noise", "normal")
            self.noise = Noise(sigma=scales.pop("sigma"), seed=seed, law=law)
        if kind == "aimle":
            share = scales.pop("changed")
            scales["strength"] = self.strength = AdaptiveStrength(scales["strength"], changed=share)
        self.scales = scales

    def forward(self, scores: EdgeScores, label: Tensor, *, assigner: Solver, frame: int) -> Tensor:
        """Returns the loss of one frame; see `FrameLoss`."""
        scales = dict(self.scales)
        if self.noise is not None:
            scales["noise"] = dataclasses.replace(self.noise, frame=frame)
        if self.kind in _LOSSES:
            return _LOSSES[self.kind](scores, label, assigner=assigner, **scales)
        chosen = _DECISIONS[self.kind](scores, assigner=assigner, **scales)
        return by_region(hamming_loss, chosen, label, graph=scores.graph)


def _cross_entropy(scores: EdgeScores, label: Tensor, *, assigner: Solver) -> Tensor:
    """The assignment comes only after the training."""
    return by_region(cross_entropy_loss, scores.logit, label, graph=scores.graph)


def _likelihood(scores: EdgeScores, label: Tensor, *, assigner: Solver) -> Tensor:
    """Of the true tracks, which the labels of edges do not tell apart from their secondaries."""
    return likelihood_loss(scores, link_labels(scores.graph))


_LOSSES: dict[LossKind, Callable[..., Tensor]] = {
    "likelihood": _likelihood,
    "ptt": _cross_entropy,
    "fenchel_young": fenchel_young_loss,
    "hinge": hinge_loss,
    "spo_plus": spo_plus_loss,
    "sinkhorn": sinkhorn_loss,
}
_DECISIONS: dict[LossKind, Callable[..., Tensor]] = {
    "pat": blackbox_assignment,
    "identity": identity_assignment,
    "perturbed": perturbed_assignment,
    "imle": implicit_assignment,
    "aimle": adaptive_implicit_assignment,
    "lpgd": lagrangian_assignment,
}
SCALES: dict[LossKind, tuple[str, ...]] = {
    "likelihood": (),
    "ptt": (),
    "pat": ("strength", "convention"),
    "fenchel_young": ("sigma", "samples"),
    "hinge": ("margin",),
    "spo_plus": ("contrast",),
    "identity": (),
    "perturbed": ("sigma", "samples", "antithetic"),
    "imle": ("strength", "sigma", "samples", "noise"),
    "aimle": ("strength", "changed", "sigma", "samples", "noise"),
    "lpgd": ("strength", "side"),
    "sinkhorn": ("temperature", "sweeps"),
}
"""What each method needs, all in units of cost but for numbers and names."""
