"""Model + batches + objective -> Problem: a landscape, and what it takes to have one."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args

import torch
from jaxtyping import Float
from numpy.typing import ArrayLike
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.fingerprint import code_of, fingerprint
from trackscape.landscape.functions import FlatFunction, FlatVector, Function
from trackscape.landscape.space import ParameterSpace, Point

Number = Tensor | float
BatchObjective = Callable[[nn.Module, Any], Number | Mapping[str, Number]]
"""Mean loss of the samples of a batch, or several such means by name, of a model."""
NormPolicy = Literal["frozen", "recomputed", "batch"]
"""Statistics of BatchNorm. ``frozen``: the stored ones at every point, as a trained model is used.
``recomputed``: at each point, those of all batches there. ``batch``: those of each batch."""


def count_samples(batch: Any) -> float:
    """Returns the length of a tensor, or of the first one of a tuple or list."""
    first = batch[0] if isinstance(batch, (tuple, list)) and batch else batch
    if not isinstance(first, Tensor) or first.ndim == 0:
        raise LandscapeError(
            f"Expected batches that begin with a tensor of samples, got {type(batch).__name__}; "
            "pass samples=, a function that returns how many samples a batch has."
        )
    return float(len(first))


def _count_one(_: Any) -> float:
    return 1.0


@dataclasses.dataclass(frozen=True, repr=False)
class Problem:
    """A landscape: what is computed, of which model, on which data.

    Whatever moves the model works on a copy. All layers but BatchNorm are in evaluation mode;
    `objective` may put others, such as dropout, into training. Modes of PyTorch around a call, such
    as autocast and no_grad, do not count: those of the landscape are entered in `objective`.
    """

    model: nn.Module
    """Network whose trainable parameters span the landscape; it stays as it is."""
    batches: Sequence[Any]
    """Batches of any kind, in memory and in a fixed order; ``list(loader)`` of a DataLoader."""
    objective: BatchObjective
    """Function whose first value is the one that is differentiated."""
    _: dataclasses.KW_ONLY
    samples: Callable[[Any], float] = count_samples
    """Weight of a batch in a mean."""
    norm: NormPolicy = "frozen"
    seed: int = 0
    """Seed of random numbers in model or objective: each batch sees the same ones at all points."""

    def __post_init__(self) -> None:
        _check(self.model, self.objective, self.batches)
        if self.norm not in get_args(NormPolicy):
            raise LandscapeError(
                f"Expected BatchNorm to be {', '.join(get_args(NormPolicy))}, got {self.norm!r}."
            )

    @classmethod
    def from_function(
        cls,
        loss: Function,
        gradient: Function | None = None,
        hvp: Function | None = None,
        *,
        n: int | None = None,
        start: ArrayLike | None = None,
        shapes: Mapping[str, Sequence[int]] | None = None,
        batches: Sequence[Any] | None = None,
        samples: Callable[[Any], float] = _count_one,
    ) -> "Problem":
        """Returns the landscape of any function of a flat vector, such as a JAX or Keras model.

        Functions take and return NumPy arrays of float64, and give equal numbers for equal
        arguments. With only a loss, there are surfaces, paths and random directions; `gradient`
        adds trained curves and differences of gradients as a Hessian, `hvp` the exact Hessian.

        Arguments:
            loss: Number, or several by name, the first of which is differentiated, of a vector
                (n,), and of a batch if there are batches.
            gradient: Gradient (n,) of that number, of the same arguments.
            hvp: Product (n,) of the Hessian at a vector (n,) with a second one (n,), and of a batch
                if there are batches.
            n: Length of the vector; that of `start` or of all `shapes` if None.
            start: Middle (n,) of the landscape; zeros if None.
            shapes: Shapes of the arrays that the vector is made of, in order, by names in which
                dots separate layers; directions can then be scaled to them.
            batches: Batches, over which a mean is taken.
            samples: Weight of a batch; all are equal by default.

        Example:
            >>> bowl = Problem.from_function(lambda x: float(x @ x), lambda x: 2 * x, n=3)
            >>> bowl
            Problem(FlatVector with 3 parameters, 1 batches, norm='frozen', seed=0)
        """
        model = FlatVector(n=n, start=start, shapes=shapes)
        objective = FlatFunction(loss, gradient, hvp, has_batches=batches is not None)
        return cls(model, [None] if batches is None else batches, objective, samples=samples)

    def __repr__(self) -> str:
        return (
            f"Problem({type(self.model).__name__} with {self.space.size} parameters, "
            f"{len(self.batches)} batches, norm={self.norm!r}, seed={self.seed})"
        )

    @property
    def space(self) -> ParameterSpace:
        """Places of the parameters in a flat vector."""
        return ParameterSpace(self.model)

    @property
    def centre(self) -> Point:
        """Parameters of the model as they are, in float64."""
        return self.space.read(self.model)

    @property
    def weights(self) -> Float[Tensor, " batches"]:
        """Weight of each batch in a mean, in float64; their sum is 1."""
        samples = [float(self.samples(batch)) for batch in self.batches]
        weights = torch.tensor(samples, dtype=torch.float64, device="cpu")
        if not ((weights > 0) & weights.isfinite()).all():
            raise LandscapeError(f"Expected batches with samples, got {samples}.")
        return weights / weights.sum()

    @property
    def fingerprint(self) -> str:
        """Digest of weights, data, settings, and of the code of model and objective."""
        foreign: list[Any] = []
        if isinstance(self.objective, FlatFunction):
            foreign = [self.objective.loss, self.objective.gradient, self.objective.hvp]
        code = code_of(self.objective, self.samples, *self.model.modules(), *foreign)
        settings = (self.norm, self.seed, self.samples)
        rounding = (torch.get_default_dtype(), torch.get_float32_matmul_precision())
        return fingerprint(self.model, self.batches, self.objective, settings, rounding, code)


def _check(model: Any, objective: Any, batches: Any) -> None:
    if not isinstance(model, nn.Module) or not callable(objective):
        raise LandscapeError(
            "Expected a torch.nn.Module and a function of it and a batch, got "
            f"{type(model).__name__} and {type(objective).__name__}."
        )
    if not (hasattr(batches, "__getitem__") and hasattr(batches, "__len__")) or isinstance(
        batches, (str, bytes, Mapping, Tensor)
    ):
        raise LandscapeError(
            f"Expected a sequence of batches in memory, got {type(batches).__name__}; pass a list, "
            "such as list(loader) of a DataLoader that does not shuffle, or [batch]."
        )
    if len(batches) == 0:
        raise LandscapeError("Expected at least one batch, got none.")
