"""Problem -> losses and gradients at any vector of parameters, on a copy of its model."""

import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from trackscape.errors import LandscapeError
from trackscape.landscape.problem import Problem
from trackscape.landscape.space import ParameterSpace, Point, copy_of, flatten, seeded, usual_modes

Result = TypeVar("Result")


class Evaluator:
    """Evaluates a problem at vectors of parameters, on a copy of its model.

    `names` are those of the values, in the order of another process; of the objective if None.

    Raises:
        LandscapeError: The objective is not a number for each batch, or not the same twice.
    """

    @usual_modes()
    def __init__(self, problem: Problem, names: tuple[str, ...] | None = None) -> None:
        self.problem = problem
        self.model = copy_of(problem.model)
        self.model.eval()  # what it returns is up to the module
        self.space = ParameterSpace(self.model)
        self.weights = problem.weights
        self._layers = norm_layers(self.model)
        self._flat = flatten(self.model, self.space)
        for layer in self._layers if problem.norm == "batch" else ():
            layer.train()
            layer.momentum = 0.0  # leaves the running statistics alone
        self.move(problem.centre)
        with torch.no_grad():
            self.names = names or tuple(self._objective(0))
        self._check()

    @usual_modes()
    def move(self, vector: Point) -> None:
        """Goes to a point."""
        self._flat.copy_(vector.detach())
        if self.problem.norm == "recomputed":
            with torch.no_grad():
                for number in _recomputing(self._layers, self.weights.tolist()):
                    self._objective(number)

    @usual_modes()
    def losses(self, batch: int) -> Float[Tensor, " names"]:
        """Returns all values of one batch at the point where we are, in float64."""
        with torch.no_grad():
            values = self._objective(batch)
        if values.keys() != set(self.names):
            raise LandscapeError(
                f"Expected {', '.join(self.names)} of each batch, as of the first one, got "
                f"{', '.join(values)}; return the same names, and nan where there is no value."
            )
        return torch.stack([values[name].double().cpu() for name in self.names])

    def batch_losses(self, vector: Point) -> Float[Tensor, " batches"]:
        """Returns the first value of each batch at a point, in float64."""
        self.move(vector)
        return torch.stack([self.losses(number)[0] for number in range(len(self.weights))])

    def gradient(self, vector: Point, batches: Sequence[int] | None = None) -> Point:
        """Returns the gradient of the mean of the first value over all or some batches."""
        self.move(vector)
        numbers = range(len(self.weights)) if batches is None else batches
        share = self.weights[list(numbers)]
        total = vector.new_zeros(self.space.size, dtype=torch.float64)
        for number, weight in zip(numbers, (share / share.sum()).tolist(), strict=True):
            total += weight * self.batch_gradient(number)
        return total

    def batch_gradient(self, batch: int) -> Point:
        """Returns the gradient of the first value of one batch where we are, in float64."""
        return torch.cat([part.detach().double().flatten() for part in self.gradients(batch)])

    @usual_modes()
    def gradients(self, batch: int, *, create_graph: bool = False) -> tuple[Tensor, ...]:
        """Returns the gradient of the first value of one batch by parameter; each must have one."""
        name = self.names[0]
        value = self._objective(batch)[name]
        if not value.requires_grad:
            raise LandscapeError(
                f"Expected an objective with a gradient, but {name} has none; name one first that "
                "can be differentiated, or only draw surfaces."
            )
        parts = torch.autograd.grad(
            value, self.parameters, create_graph=create_graph, allow_unused=True
        )
        found: list[Tensor] = []
        for part, gradient in zip(
            self.space.parts, cast("tuple[Tensor | None, ...]", parts), strict=True
        ):
            if gradient is None:
                raise LandscapeError(
                    f"Expected a loss that depends on every parameter, but {part.name} has no "
                    "gradient; call requires_grad_(False) on it, so that it stays as it is."
                )
            # Those of sparse embeddings hold the rows of a batch only.
            found.append(gradient.to_dense() if gradient.layout != torch.strided else gradient)
        return tuple(found)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Trainable parameters, in the order of the space."""
        known = dict(self.model.named_parameters())
        return [known[part.name] for part in self.space.parts]

    def call(self, function: Callable[[nn.Module, Any], Result], batch: int) -> Result:
        """Returns a function of the model where we are and one batch, with the batch's seed."""
        with seeded(1_000_003 * self.problem.seed + batch, self._flat.device):
            return function(self.model, self.problem.batches[batch])

    def _objective(self, batch: int) -> dict[str, Tensor]:
        try:
            return _named_values(self.call(self.problem.objective, batch))
        except RuntimeError as error:
            if torch.is_grad_enabled() or "does not require grad" not in str(error):
                raise
            raise LandscapeError(
                "Expected an objective that needs no gradient where only losses are wanted, but "
                f"PyTorch says: {error}; begin it with `with torch.enable_grad():`."
            ) from error

    def _check(self) -> None:
        first, again = (self.losses(0) for _ in range(2))
        if not torch.equal(first.nan_to_num(), again.nan_to_num()):
            raise LandscapeError(
                f"Expected equal losses from two evaluations at the same weights, got "
                f"{first.tolist()} and {again.tolist()}; take random numbers from PyTorch only, "
                "whose seed is set for each batch, and keep no state in model, objective or batch."
            )


def norm_layers(module: nn.Module) -> list[_BatchNorm]:
    """Returns the layers with running statistics."""
    return [
        layer
        for layer in module.modules()
        if isinstance(layer, _BatchNorm) and layer.track_running_stats
    ]


def _recomputing(layers: list[_BatchNorm], samples: list[float]) -> Iterator[int]:
    """Yields the number of each batch, to be evaluated once; then the statistics are theirs.

    They are means over batches: batch b moves them by its share of the samples so far. Variances
    are means of those of the batches, as in PyTorch's training.
    """
    seen = 0.0
    for layer in layers:
        layer.reset_running_stats()
        layer.train()
    for number, weight in enumerate(samples):
        seen += weight
        for layer in layers:
            layer.momentum = weight / seen
        yield number
    for layer in layers:
        layer.eval()


def _named_values(found: Any) -> dict[str, Tensor]:
    """Returns what an objective returned as tensors () by name, with their graphs."""
    values = cast("Mapping[Any, Any]", found if isinstance(found, Mapping) else {"loss": found})
    if not values or not all(isinstance(name, str) for name in values):
        raise LandscapeError(
            f"Expected numbers by name for a batch, got a {type(found).__name__} with the names "
            f"{list(values)}; return a dictionary such as {{'loss': ..., 'errors': ...}}."
        )
    return {name: _number(name, value) for name, value in values.items()}


def _number(name: str, value: Any) -> Tensor:
    if isinstance(value, numbers.Real):
        return torch.tensor(float(value), dtype=torch.float64, device="cpu")
    if not isinstance(value, Tensor):
        raise LandscapeError(
            f"Expected one number for a batch, or several by name, but {name} is a "
            f"{type(value).__name__}; return the mean over the samples, or a dictionary such as "
            "{'loss': ..., 'errors': ...}."
        )
    if value.numel() != 1:
        raise LandscapeError(
            f"Expected one number for a batch, but {name} has the shape {tuple(value.shape)}; "
            "return means over the samples."
        )
    if value.is_complex():
        raise LandscapeError(
            f"Expected a real number for a batch, but {name} is complex; return its magnitude."
        )
    return value.reshape(())
