"""Model + batches + objective -> losses and gradients at any vector of parameters."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.batches import check_batches
from trackscape.landscape.batches import count_samples as count_samples
from trackscape.landscape.copies import copy_of, flatten
from trackscape.landscape.fingerprint import code_of, fingerprint
from trackscape.landscape.modes import seeded, usual_modes
from trackscape.landscape.normalisation import (
    NormPolicy,
    check_policy,
    norm_layers,
    recomputing,
    use_batch_statistics,
)
from trackscape.landscape.space import Space
from trackscape.landscape.values import named_values

Result = TypeVar("Result")

Number = Tensor | float
Objective = Callable[[nn.Module, Any], Number | Mapping[str, Number]]
"""Of a model and a batch: the mean loss of its samples, or several such means by name."""


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
    batches: Sequence[Any]
    """Any kind of batches, in memory and in a fixed order; ``list(loader)`` of a DataLoader."""
    objective: Objective
    """The first of its values is the one that is differentiated."""
    _: dataclasses.KW_ONLY
    samples: Callable[[Any], float] = count_samples
    """Weight of each batch in a mean."""
    norm: NormPolicy = "frozen"
    """What BatchNorm does."""
    seed: int = 0
    """Of random numbers in model or objective: each batch sees the same ones at all points."""

    def __post_init__(self) -> None:
        _check_kinds(self.model, self.objective)
        check_policy(self.norm)
        check_batches(self.batches)

    def __repr__(self) -> str:
        return (
            f"Problem({type(self.model).__name__} with {self.space.size} parameters, "
            f"{len(self.batches)} batches, norm={self.norm!r}, seed={self.seed})"
        )

    @property
    def space(self) -> Space:
        """Where the parameters lie in a flat vector."""
        return Space(self.model)

    @property
    def centre(self) -> Tensor:
        """The parameters of the model as they are, (P,) float64."""
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
        code = code_of(self.objective, self.samples, *self.model.modules())
        settings = (self.norm, self.seed, self.samples)
        rounding = (torch.get_default_dtype(), torch.get_float32_matmul_precision())
        return fingerprint(self.model, self.batches, self.objective, settings, rounding, code)


def _check_kinds(model: Any, objective: Any) -> None:
    if not isinstance(model, nn.Module) or not callable(objective):
        raise LandscapeError(
            "Expected a torch.nn.Module and a function of it and a batch, got "
            f"{type(model).__name__} and {type(objective).__name__}."
        )


class Evaluator:
    """Evaluates a problem at vectors of parameters, on a copy of its model.

    Arguments:
        problem: What is evaluated. Two evaluations of the same must agree bit for bit.
        names: Of the values, in the order of another process; that of the objective if None.

    Raises:
        LandscapeError: They do not, or the objective is not a number for each batch.
    """

    @usual_modes()
    def __init__(self, problem: Problem, names: tuple[str, ...] | None = None) -> None:
        self.problem = problem
        self.model = copy_of(problem.model)
        self.model.eval()  # what it returns is up to the module
        self.space = Space(self.model)
        self.weights = problem.weights
        self._layers = norm_layers(self.model)
        self._flat = flatten(self.model, self.space)
        if problem.norm == "batch":
            use_batch_statistics(self._layers)
        self.move(problem.centre)
        with torch.no_grad():
            self.names = names or tuple(self._objective(0))
        """Of the values of each batch."""
        self._check()

    @usual_modes()
    def move(self, vector: Tensor) -> None:
        """Goes to a point (P,)."""
        self._flat.copy_(vector.detach())
        if self.problem.norm == "recomputed":
            with torch.no_grad():
                for number in recomputing(self._layers, self.weights.tolist()):
                    self._objective(number)

    @usual_modes()
    def losses(self, batch: int) -> Tensor:
        """Returns all values of one batch at the point where we are, (M,) float64."""
        with torch.no_grad():
            values = self._objective(batch)
        if values.keys() != set(self.names):
            raise LandscapeError(
                f"Expected {', '.join(self.names)} of each batch, as of the first one, got "
                f"{', '.join(values)}; return the same names, and nan where there is no value."
            )
        return torch.stack([values[name].double().cpu() for name in self.names])

    def batch_losses(self, vector: Tensor) -> Tensor:
        """Returns the first value of each batch at a point (P,), (B,) float64."""
        self.move(vector)
        return torch.stack([self.losses(number)[0] for number in range(len(self.weights))])

    def gradient(self, vector: Tensor, batches: Sequence[int] | None = None) -> Tensor:
        """Returns the gradient of the mean of the first value at a point, (P,) float64.

        Arguments:
            vector: (P,) The point.
            batches: Numbers of the batches whose mean it is; all if None.
        """
        self.move(vector)
        numbers = range(len(self.weights)) if batches is None else batches
        share = self.weights[list(numbers)]
        total = vector.new_zeros(self.space.size, dtype=torch.float64)
        for number, weight in zip(numbers, (share / share.sum()).tolist(), strict=True):
            total += weight * self.batch_gradient(number)
        return total

    def batch_gradient(self, batch: int) -> Tensor:
        """Returns the gradient of the first value of one batch where we are, (P,) float64."""
        return torch.cat([part.detach().double().flatten() for part in self.gradients(batch)])

    @usual_modes()
    def gradients(self, batch: int, *, create_graph: bool = False) -> tuple[Tensor, ...]:
        """Returns the gradient of the first value of one batch by parameter.

        Raises:
            LandscapeError: It does not depend on a parameter.
        """
        value = self.value(batch)
        parts = cast(  # its type does not know of None
            "tuple[Tensor | None, ...]",
            torch.autograd.grad(
                value, self.parameters, create_graph=create_graph, allow_unused=True
            ),
        )
        found: list[Tensor] = []
        for part, gradient in zip(self.space.parts, parts, strict=True):
            if gradient is None:
                raise LandscapeError(
                    f"Expected a loss that depends on every parameter, but {part.name} has no "
                    "gradient; call requires_grad_(False) on it, so that it stays as it is."
                )
            # Those of sparse embeddings hold the rows of a batch only.
            found.append(gradient.to_dense() if gradient.layout != torch.strided else gradient)
        return tuple(found)

    @usual_modes()
    def value(self, batch: int) -> Tensor:
        """Returns the first value of one batch where we are, with its graph.

        Raises:
            LandscapeError: It has no gradient.
        """
        name = self.names[0]
        value = self._objective(batch)[name]
        if not value.requires_grad:
            raise LandscapeError(
                f"Expected an objective with a gradient, but {name} has none; name one first that "
                "can be differentiated, or only draw surfaces."
            )
        return value

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The trainable parameters, in the order of the space."""
        known = dict(self.model.named_parameters())
        return [known[part.name] for part in self.space.parts]

    def call(self, function: Callable[[nn.Module, Any], Result], batch: int) -> Result:
        """Returns a function of the model where we are and one batch, with the batch's seed."""
        with seeded(1_000_003 * self.problem.seed + batch, self._flat.device):
            return function(self.model, self.problem.batches[batch])

    def _objective(self, batch: int) -> dict[str, Tensor]:
        try:
            return named_values(self.call(self.problem.objective, batch))
        except RuntimeError as error:
            if torch.is_grad_enabled() or "does not require grad" not in str(error):
                raise
            raise LandscapeError(
                "Expected an objective that needs no gradient where only losses are wanted, but "
                f"PyTorch says: {error}; begin it with `with torch.enable_grad():`."
            ) from error

    def _check(self) -> None:
        """Evaluates the first batch twice."""
        first, again = (self.losses(0) for _ in range(2))
        if not torch.equal(first.nan_to_num(), again.nan_to_num()):
            raise LandscapeError(
                f"Expected equal losses from two evaluations at the same weights, got "
                f"{first.tolist()} and {again.tolist()}; take random numbers from PyTorch only, "
                "whose seed is set for each batch, and keep no state in model, objective or batch."
            )
