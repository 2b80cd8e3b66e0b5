"""Directions of parameter space: random, between models, of curvature, scaled to a model."""

import dataclasses
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.space import ParameterSpace, Part

DirectionNorm = Literal["filter", "layer", "tensor", "none"]
"""Parts of a model in which a direction is as long as the weights. ``filter``: each row along the
first axis of a tensor with two axes or more, and each other tensor. ``layer``: the parameters of
one module together. ``tensor``: each tensor. ``none``: no such parts, the direction is a unit
vector."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Directions:
    """K directions in the space of P parameters.

    Raises:
        LandscapeError: The vectors have another shape, or no name each, or hold no numbers.
    """

    vectors: Tensor
    """Vectors, (K, P) float64."""
    axes: tuple[str, ...]
    """Name of each for tables and pictures."""
    about: dict[str, Any]
    """Settings by which they were made, in plain values."""

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.axes) != len(self.vectors):
            raise LandscapeError(
                f"Expected directions (K, P) with K names, got {tuple(self.vectors.shape)} and "
                f"{self.axes}."
            )
        if not self.vectors.isfinite().all():
            raise LandscapeError(
                f"Expected directions of finite numbers, but {', '.join(self.axes)} hold NaN or "
                "infinity; look for such weights in the models that they were made of."
            )

    def __repr__(self) -> str:
        names = ", ".join(self.axes)
        return f"{type(self).__name__}({names}; {self.vectors.shape[1]} parameters)"

    def angles(self) -> Tensor:
        """Returns the angles between all pairs in degrees, (K, K); NaN with a vector of zeros.

        Random directions of a large model are almost orthogonal; after a rescaling by filters, or
        between models, they may be far from it, and pictures of a plane are sheared.
        """
        unit = self.vectors / self.vectors.norm(dim=1, keepdim=True)
        # Well-conditioned at all angles, unlike the inverse cosine.
        apart = (unit[:, None] - unit).norm(dim=2)
        return torch.rad2deg(2 * torch.atan2(apart, (unit[:, None] + unit).norm(dim=2)))


def between(a: Tensor, b: Tensor, c: Tensor | None = None) -> Directions:
    """Returns the directions from one model to one or two others, at their full length.

    On a grid around `a` with an extent of 1 and an odd number of steps, `a` lies at the origin, `b`
    at (1, 0) and `c` at (0, 1).

    Arguments:
        a: (P,) Parameters of a model.
        b: (P,) Those of a second one, at the end of the first direction.
        c: (P,) Those of a third one, at the end of the second direction.
    """
    ends = {"a to b": b} if c is None else {"a to b": b, "a to c": c}
    if any(end.shape != a.shape for end in ends.values()):
        shapes = ", ".join(str(tuple(point.shape)) for point in (a, *ends.values()))
        raise LandscapeError(f"Expected points of one space, got the shapes {shapes}.")
    vectors = torch.stack([end.double() - a.double() for end in ends.values()])
    return Directions(vectors=vectors, axes=tuple(ends), about={"kind": "between"})


def random_directions(
    model: nn.Module,
    n: int,
    *,
    norm: DirectionNorm = "filter",
    seed: int,
    ignore_vectors: bool = True,
) -> Directions:
    """Returns Gaussian directions, scaled to a model.

    Without a scale, weights of different size in models that compute the same, as those before
    BatchNorm, would look sharp or flat as they please.

    Arguments:
        model: Model whose trainable parameters span the space, P numbers.
        n: Directions.
        norm: Parts in which they are as long as its weights.
        seed: Seed of the random numbers.
        ignore_vectors: Whether biases and the parameters of norm layers, tensors with one axis,
            stay as they are: Li et al.'s "biasbn".

    Returns:
        Directions, (n, P).

    Raises:
        LandscapeError: The norm is unknown, or a direction would not move the model.

    References:
        Li, Xu, Taylor, Studer, Goldstein, "Visualizing the loss landscape of neural nets",
        NeurIPS 2018.
    """
    if n < 1:
        raise LandscapeError(f"Expected at least one direction, got {n}.")
    space = ParameterSpace(model)
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(n, space.size, generator=generator, dtype=torch.float64, device="cpu")
    weights = space.read(model)
    return Directions(
        vectors=_scaled(drawn.to(weights), weights, space, norm, ignore_vectors),
        axes=tuple(f"random direction {number + 1}" for number in range(n)),
        about={"kind": "random", "norm": norm, "seed": seed, "ignore_vectors": ignore_vectors},
    )


def eigen_directions(
    vectors: Tensor,
    model: nn.Module,
    *,
    norm: DirectionNorm = "tensor",
    ignore_vectors: bool = False,
) -> Directions:
    """Returns given directions, such as eigenvectors of a Hessian, scaled to a model.

    A scale other than ``none`` bends them: they are then no eigenvectors any more, but steps are
    comparable with those of random directions. The default is that of Kortus et al. (2025).

    Arguments:
        vectors: (K, P) Vectors to scale.
        model: Model whose trainable parameters span the space, P numbers.
        norm: Parts in which they become as long as its weights.
        ignore_vectors: Whether tensors with one axis stay as they are.
    """
    space = ParameterSpace(model)
    if vectors.ndim != 2 or vectors.shape[1] != space.size:
        raise LandscapeError(
            f"Expected vectors (K, {space.size}) for the {space.size} parameters of the model, got "
            f"{tuple(vectors.shape)}."
        )
    return Directions(
        vectors=_scaled(vectors.double(), space.read(model), space, norm, ignore_vectors),
        axes=tuple(f"eigenvector {number + 1}" for number in range(len(vectors))),
        about={"kind": "eigenvectors", "norm": norm, "ignore_vectors": ignore_vectors},
    )


def _scaled(
    vectors: Tensor, weights: Tensor, space: ParameterSpace, norm: str, ignore_vectors: bool
) -> Tensor:
    """Gives vectors (K, P) the lengths of the weights (P,) part by part; 0 where either is 0."""
    kept = torch.ones_like(weights)
    if ignore_vectors:
        for part in space.parts:
            kept[part.begin : part.end] = float(len(part.shape) > 1)
    label = _labels(space.parts, norm).to(weights.device)
    found = _lengths(vectors * kept, label)
    wanted = torch.ones_like(found) if norm == "none" else _lengths(weights[None] * kept, label)
    factor = torch.where(found > 0, wanted / found, 0.0)
    scaled = vectors * kept * factor[:, label]
    if not scaled.any(dim=1).all():
        raise LandscapeError(
            "Expected directions along which the model moves, but in no part of it are both "
            "weights and direction other than 0 (tensors with one axis count as 0 with "
            "ignore_vectors); choose another norm, or ignore_vectors=False."
        )
    return scaled


def _lengths(vectors: Tensor, label: Tensor) -> Tensor:
    """Returns the length of each part of vectors (K, P), (K, parts)."""
    squares = vectors.new_zeros(len(vectors), int(label.max()) + 1)
    return squares.index_add(1, label, vectors.square()).sqrt()


def _labels(parts: list[Part], norm: str) -> Tensor:
    """Returns the number of the part that each parameter belongs to, (P,)."""
    if norm not in get_args(DirectionNorm):
        raise LandscapeError(f"Expected norm {', '.join(get_args(DirectionNorm))}, got {norm!r}.")
    layers = list(dict.fromkeys(_layer(part) for part in parts))
    labels: list[Tensor] = []
    first = 0
    for number, part in enumerate(parts):
        size = part.end - part.begin
        if norm == "filter":
            rows = part.shape[0] if len(part.shape) > 1 else 1
            labels.append(first + torch.arange(rows, device="cpu").repeat_interleave(size // rows))
            first += rows
        else:
            label = {"none": 0, "layer": layers.index(_layer(part)), "tensor": number}[norm]
            labels.append(torch.full((size,), label, device="cpu"))
    return torch.cat(labels)


def _layer(part: Part) -> str:
    return part.name.rpartition(".")[0]
