"""Model + batches + objective -> losses and gradients at any vector of parameters."""

import contextlib
import copy
import dataclasses
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.fingerprint import code_of, fingerprint
from trackscape.landscape.normalisation import (
    NormPolicy,
    check_policy,
    norm_layers,
    recomputing,
    use_batch_statistics,
)
from trackscape.landscape.space import Space

Result = TypeVar("Result")

Objective = Callable[[nn.Module, Any], Tensor | Mapping[str, Tensor]]
"""Of a model and a batch: the mean loss of its samples, or several such means by name."""


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


@dataclasses.dataclass(frozen=True)
class Problem:
    """A landscape: what is computed, of which model, on which data.

    Nothing here changes the model: whatever moves it works on a copy of its own. All layers but
    BatchNorm are in evaluation mode; `objective` may put others, such as dropout, into training.

    Raises:
        LandscapeError: There is no batch, or a setting is out of range.
    """

    model: nn.Module
    batches: Sequence[Any]
    """Any kind of batches, in memory and in a fixed order."""
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
        check_policy(self.norm)
        if len(self.batches) == 0:
            raise LandscapeError("Expected at least one batch, got none.")

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
        weights = torch.tensor([self.samples(batch) for batch in self.batches]).double()
        if not (weights > 0).all():
            raise LandscapeError(f"Expected batches with samples, got {weights.tolist()}.")
        return weights / weights.sum()

    @property
    def fingerprint(self) -> str:
        """Digest of weights, data, settings, and of the code of model and objective."""
        code = code_of(self.objective, self.samples, *self.model.modules())
        return fingerprint(self.model, self.batches, self.norm, self.seed, self.objective, code)


class Evaluator:
    """Evaluates a problem at vectors of parameters, on a copy of its model.

    Arguments:
        problem: What is evaluated. Two evaluations of the same must agree bit for bit.

    Raises:
        LandscapeError: They do not, or the objective is not a number for each batch.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.model = copy.deepcopy(problem.model).eval()
        self.space = Space(self.model)
        self.weights = problem.weights
        self._layers = norm_layers(self.model)
        self._flat = _flatten(self.model, self.space)
        if problem.norm == "batch":
            use_batch_statistics(self._layers)
        self.names: tuple[str, ...] = ()
        """Of the values of each batch."""
        self._check()

    def move(self, vector: Tensor) -> None:
        """Goes to a point (P,)."""
        self._flat.copy_(vector)
        if self.problem.norm == "recomputed":
            with torch.no_grad():
                for number in recomputing(self._layers, self.weights.tolist()):
                    self._objective(number)

    def losses(self, batch: int) -> Tensor:
        """Returns all values of one batch at the point where we are, (M,) float64."""
        with torch.no_grad():
            values = self._objective(batch)
        if tuple(values) != self.names:
            raise LandscapeError(
                f"Expected {', '.join(self.names)} of each batch, as of the first one, got "
                f"{', '.join(values)}; return the same names, and nan where there is no value."
            )
        return torch.stack([value.double().cpu() for value in values.values()])

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
            found.append(gradient)
        return tuple(found)

    def value(self, batch: int) -> Tensor:
        """Returns the first value of one batch where we are, with its graph.

        Raises:
            LandscapeError: It has no gradient.
        """
        name, value = next(iter(self._objective(batch).items()))
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
        with _seeded(1_000_003 * self.problem.seed + batch, self._flat.device):
            return function(self.model, self.problem.batches[batch])

    def _objective(self, batch: int) -> dict[str, Tensor]:
        found = self.call(self.problem.objective, batch)
        return {"loss": found} if isinstance(found, Tensor) else dict(found)

    def _check(self) -> None:
        """Evaluates the first batch thrice, and keeps the names of its values."""
        self.move(self.problem.centre)
        with torch.no_grad():
            found = self._objective(0)
        self.names = tuple(found)
        for name, value in found.items():
            if value.numel() != 1:
                raise LandscapeError(
                    f"Expected one number for a batch, but {name} has the shape "
                    f"{tuple(value.shape)}; return means over the samples."
                )
        first, again = (self.losses(0) for _ in range(2))
        if not torch.equal(first.nan_to_num(), again.nan_to_num()):
            raise LandscapeError(
                f"Expected equal losses from two evaluations at the same weights, got "
                f"{first.tolist()} and {again.tolist()}; take random numbers from PyTorch only, "
                "whose seed is set for each batch, and keep no state in model or objective."
            )


@contextlib.contextmanager
def _seeded(seed: int, device: torch.device) -> Generator[None, None, None]:
    """Seeds the processor and the device of a model, and restores the state of the caller."""
    on_device = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if on_device else []):
        # torch.manual_seed also seeds, or remembers to seed, devices that nobody uses: 0.1 ms.
        torch.default_generator.manual_seed(seed)
        if on_device:
            torch.cuda.manual_seed(seed)
        yield


def _flatten(module: nn.Module, space: Space) -> Tensor:
    """Makes the parameters views of one buffer, in their own type, and returns that."""
    values = dict(module.named_parameters())
    flat = torch.cat([values[part.name].detach().flatten() for part in space.parts])
    for name, view in space.views(flat):
        values[name].data = view
    return flat
