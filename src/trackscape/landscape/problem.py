"""Model + batches + objective -> Problem: a landscape, and what it takes to have one."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.fingerprint import code_of, fingerprint
from trackscape.landscape.functions import FlatFunction, FlatVector, Function
from trackscape.landscape.space import ParameterSpace

Number = Tensor | float
BatchObjective = Callable[[nn.Module, Any], Number | Mapping[str, Number]]
"""Function of a model and a batch: the mean loss of its samples, or several such means by name."""
NormPolicy = Literal["frozen", "recomputed", "batch"]
"""Statistics of BatchNorm. ``frozen``: the stored ones at every point, as a trained model is used.
``recomputed``: at each point, those of all batches there. ``batch``: those of each batch, as in a
training."""


def count_samples(batch: Any) -> float:
    """Returns the length of a tensor, or of the first one of a tuple or list.

    Raises:
        LandscapeError: There is no such tensor.
    """
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

    Nothing here changes the model: whatever moves it works on a copy of its own. All layers but
    BatchNorm are in evaluation mode; `objective` may put others, such as dropout, into training.
    Modes of PyTorch around a call, such as autocast and no_grad, do not count: those that belong to
    the landscape are entered in `objective`.

    Raises:
        LandscapeError: There is no batch, or a setting is out of range.
    """

    model: nn.Module
    """Network whose trainable parameters span the landscape; it stays as it is."""
    batches: Sequence[Any]
    """Batches of any kind, in memory and in a fixed order; ``list(loader)`` of a DataLoader."""
    objective: BatchObjective
    """Function whose first value is the one that is differentiated."""
    _: dataclasses.KW_ONLY
    samples: Callable[[Any], float] = count_samples
    """Function that returns the weight of a batch in a mean."""
    norm: NormPolicy = "frozen"
    """Statistics that BatchNorm uses."""
    seed: int = 0
    """Seed of random numbers in model or objective: each batch sees the same ones at all points."""

    def __post_init__(self) -> None:
        _check_kinds(self.model, self.objective)
        if self.norm not in get_args(NormPolicy):
            raise LandscapeError(
                f"Expected BatchNorm to be {', '.join(get_args(NormPolicy))}, got {self.norm!r}."
            )
        _check_batches(self.batches)

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

        Functions take and return NumPy arrays of float64 (converting from others is up to them),
        and give equal numbers for equal arguments. With only a loss, there are surfaces, paths and
        random directions; `gradient` adds trained curves and differences of gradients as a
        Hessian, `hvp` the exact Hessian.

        Arguments:
            loss: Function of a vector (n,), and of a batch if there are batches, that returns a
                number, or several by name, the first of which is differentiated.
            gradient: Function of the same arguments that returns its gradient, (n,).
            hvp: Function of a vector (n,), a second one (n,), and a batch if there are batches,
                that returns the product of the Hessian at the first one with the second one, (n,).
            n: Length of the vector; that of `start` or of all `shapes` if None.
            start: (n,) The middle of the landscape; zeros if None.
            shapes: Shapes of the arrays that the vector is made of, by name, in their order.
                Directions can then be scaled to them: by ``tensor``, by ``layer`` (the arrays whose
                names agree up to the last dot), and by ``filter`` (rows along the first axis).
            batches: Batches, over which a mean is taken.
            samples: Function that returns the weight of a batch; all are equal by default.

        Raises:
            LandscapeError: Lengths do not agree, or none is given.

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
    def centre(self) -> Tensor:
        """Parameters of the model as they are, (P,) float64."""
        return self.space.read(self.model)

    @property
    def weights(self) -> Tensor:
        """Weight of each batch, (B,) float64; their sum is 1."""
        samples = [float(self.samples(batch)) for batch in self.batches]
        weights = torch.tensor(samples, dtype=torch.float64, device="cpu")
        if not ((weights > 0) & weights.isfinite()).all():
            raise LandscapeError(f"Expected batches with samples, got {samples}.")
        return weights / weights.sum()

    @property
    def fingerprint(self) -> str:
        """Digest of weights, data, settings, and of the code of model and objective."""
        foreign = self.objective.functions if isinstance(self.objective, FlatFunction) else ()
        code = code_of(self.objective, self.samples, *self.model.modules(), *foreign)
        settings = (self.norm, self.seed, self.samples)
        rounding = (torch.get_default_dtype(), torch.get_float32_matmul_precision())
        return fingerprint(self.model, self.batches, self.objective, settings, rounding, code)


def _check_kinds(model: Any, objective: Any) -> None:
    if not isinstance(model, nn.Module) or not callable(objective):
        raise LandscapeError(
            "Expected a torch.nn.Module and a function of it and a batch, got "
            f"{type(model).__name__} and {type(objective).__name__}."
        )


def _check_batches(batches: Any) -> None:
    """A batch is asked for by its number, again and again: iterators and loaders cannot do that."""
    if not (hasattr(batches, "__getitem__") and hasattr(batches, "__len__")) or isinstance(
        batches, (str, bytes, Mapping, Tensor)
    ):
        raise LandscapeError(
            f"Expected a sequence of batches in memory, got {type(batches).__name__}; pass a list, "
            "such as list(loader) of a DataLoader that does not shuffle, or [batch]."
        )
    if len(batches) == 0:
        raise LandscapeError("Expected at least one batch, got none.")
