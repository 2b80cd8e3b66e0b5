"""Directions of parameter space: random, between models, of curvature, scaled to a model."""

import dataclasses
from typing import Any, Literal, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.space import ParameterSpace, Part, Point, Vectors

DirectionNorm = Literal["filter", "layer", "tensor", "none"]
"""Parts of a model in which a direction is as long as the weights. ``filter``: each row along the
first axis of a tensor with two axes or more, and each other tensor. ``layer``: the parameters of
one module. ``tensor``: each tensor. ``none``: none, the direction is a unit vector."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Directions:
    """Directions of parameter space, in float64."""

    vectors: Vectors
    axes: tuple[str, ...]
    """Name of each direction for tables and pictures."""
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

    def angles(self) -> Float[Tensor, "directions directions"]:
        """Returns the angles between all pairs in degrees; NaN with a vector of zeros.

        Random directions of a large model are almost orthogonal; after a rescaling by filters, or
        between models, they may be far from it, and pictures of a plane are sheared.
        """
        unit = self.vectors / self.vectors.norm(dim=1, keepdim=True)
        # Well-conditioned at all angles, unlike the inverse cosine.
        apart = (unit[:, None] - unit).norm(dim=2)
        return torch.rad2deg(2 * torch.atan2(apart, (unit[:, None] + unit).norm(dim=2)))


def between(a: Point, b: Point, c: Point | None = None) -> Directions:
    """Returns the directions from one model to one or two others, at their full length.

    On a grid around `a` of extent 1 with odd steps, they lie at the origin, (1, 0) and (0, 1).
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
    """Returns Gaussian directions, in the parts of `norm` as long as the weights of a model.

    Without a scale, weights of different size in models that compute the same, as those before
    BatchNorm, would look sharp or flat as they please (Li et al., "Visualizing the loss landscape
    of neural nets", NeurIPS 2018). With `ignore_vectors`, biases and the parameters of norm layers,
    tensors with one axis, stay as they are: their "biasbn".

    Raises:
        LandscapeError: The norm is unknown, or a direction would not move the model.
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
    vectors: Vectors,
    model: nn.Module,
    *,
    norm: DirectionNorm = "tensor",
    ignore_vectors: bool = False,
) -> Directions:
    """Returns given vectors, such as eigenvectors of a Hessian, scaled as `random_directions` are.

    A scale other than ``none`` bends them: they are then no eigenvectors any more, but steps are
    comparable with those of random directions. The default is that of Kortus et al. (2025).
    """
    space = ParameterSpace(model)
    if vectors.ndim != 2 or vectors.shape[1] != space.size:
        raise LandscapeError(
            f"Expected vectors (K, {space.size}) of the parameters, got {tuple(vectors.shape)}."
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


def _lengths(vectors: Tensor, label: Tensor) -> Float[Tensor, "directions parts"]:
    squares = vectors.new_zeros(len(vectors), int(label.max()) + 1)
    return squares.index_add(1, label, vectors.square()).sqrt()


def _labels(parts: list[Part], norm: str) -> Int[Tensor, " parameters"]:
    """Returns the number of the part that each parameter belongs to."""
    if norm not in get_args(DirectionNorm):
        raise LandscapeError(f"Expected norm {', '.join(get_args(DirectionNorm))}, got {norm!r}.")
    layer_of = [part.name.rpartition(".")[0] for part in parts]
    layers = list(dict.fromkeys(layer_of))
    labels: list[Tensor] = []
    first = 0
    for number, part in enumerate(parts):
        size = part.end - part.begin
        if norm == "filter":
            rows = part.shape[0] if len(part.shape) > 1 else 1
            labels.append(first + torch.arange(rows, device="cpu").repeat_interleave(size // rows))
            first += rows
        else:
            label = {"none": 0, "layer": layers.index(layer_of[number]), "tensor": number}[norm]
            labels.append(torch.full((size,), label, device="cpu"))
    return torch.cat(labels)
