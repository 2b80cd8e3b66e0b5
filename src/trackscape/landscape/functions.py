"""Any function of a flat vector -> a module and an objective, as landscapes take them."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from trackscape.errors import LandscapeError

Function = Callable[..., Any]
"""Function of NumPy vectors (n,) of float64, and of a batch if there are batches."""


class FlatVector(nn.Module):
    """A vector of n numbers as a module, in one parameter or in arrays that have names."""

    def __init__(
        self, *, n: int | None, start: ArrayLike | None, shapes: Mapping[str, Sequence[int]] | None
    ) -> None:
        super().__init__()
        vector = None if start is None else np.asarray(start, dtype=np.float64)
        sizes = None if shapes is None else [math.prod(shape) for shape in shapes.values()]
        lengths = {
            "n": n,
            "start": None if vector is None else vector.size,
            "shapes": None if sizes is None else sum(sizes),
        }
        given = {name: length for name, length in lengths.items() if length is not None}
        if len(set(given.values())) != 1 or min(given.values()) < 1:
            raise LandscapeError(
                "Expected the length of a vector by n, start or shapes, all of them equal, got "
                f"{', '.join(f'{name} {length}' for name, length in given.items()) or 'none'}."
            )
        (size,) = set(given.values())
        flat = np.zeros(size) if vector is None else vector.ravel()
        begin = 0
        for name, shape in (shapes or {"vector": [size]}).items():
            end = begin + math.prod(shape)
            value = torch.tensor(flat[begin:end].reshape(tuple(shape)), device="cpu")
            _register(self, name, nn.Parameter(value))
            begin = end

    def forward(self) -> Tensor:
        """Returns the vector, (n,)."""
        return torch.cat([value.flatten() for value in self.parameters()])


def _register(module: nn.Module, name: str, value: nn.Parameter) -> None:
    """Registers a parameter under a name in which dots separate modules."""
    *path, last = name.split(".")
    try:
        for step in path:
            if step not in dict(module.named_children()):
                module.add_module(step, nn.Module())
            module = module.get_submodule(step)
        module.register_parameter(last, value)
    except KeyError as error:
        raise LandscapeError(
            f"Expected names of arrays such as dense.kernel, all different, got {name!r}; PyTorch "
            f"says: {error}."
        ) from error


@dataclasses.dataclass(frozen=True)
class FlatFunction:
    """An objective that calls functions of the vector of a `FlatVector`.

    They are those of `Problem.from_function`, and take a batch last if there are some.
    """

    loss: Function
    gradient: Function | None
    hvp: Function | None
    has_batches: bool

    def __call__(self, model: nn.Module, batch: Any) -> dict[str, Any]:
        """Returns what the loss does, by name; the first value has a gradient if one is wanted."""
        vector = cast(Tensor, model())
        rest = (batch,) if self.has_batches else ()
        found = self.loss(_numbers(vector), *rest)
        values = dict(found) if isinstance(found, Mapping) else {"loss": found}
        plain = {name: _plain(value) for name, value in values.items()}
        if torch.is_grad_enabled():
            if self.gradient is None:
                raise LandscapeError(
                    "Expected a function with a gradient, but it has only a loss; pass gradient= "
                    "to Problem.from_function, or only draw surfaces."
                )
            name = next(iter(plain))
            plain[name] = _Value.apply(vector, plain[name], self, rest)
        return plain


class _Value(torch.autograd.Function):
    """A value whose derivative is that of the functions."""

    @staticmethod
    def forward(
        ctx: Any, vector: Tensor, value: float, function: FlatFunction, rest: Any
    ) -> Tensor:
        ctx.save_for_backward(vector)
        ctx.function, ctx.rest = function, rest
        return torch.tensor(value, dtype=torch.float64, device=vector.device)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> Any:
        (vector,) = ctx.saved_tensors
        return outer[0] * _Slope.apply(vector, ctx.function, ctx.rest), None, None, None


class _Slope(torch.autograd.Function):
    """The gradient as a function of the vector, whose derivative is the Hessian."""

    @staticmethod
    def forward(ctx: Any, vector: Tensor, function: FlatFunction, rest: Any) -> Tensor:
        ctx.save_for_backward(vector)
        ctx.function, ctx.rest = function, rest
        return _vector(function.gradient, "gradient", vector, *rest)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> Any:
        (vector,) = ctx.saved_tensors
        if ctx.function.hvp is None:
            raise LandscapeError(
                "Expected a function with products of its Hessian, but it has none; pass hvp= to "
                "Problem.from_function, or use finite_difference_hessian."
            )
        return _vector(ctx.function.hvp, "hvp", vector, _numbers(outer[0]), *ctx.rest), None, None


def _vector(function: Any, name: str, vector: Tensor, *arguments: Any) -> Tensor:
    found = np.asarray(function(_numbers(vector), *arguments), dtype=np.float64)
    if found.shape != vector.shape:
        raise LandscapeError(
            f"Expected {name} to return {len(vector)} numbers, got the shape {found.shape}."
        )
    return torch.tensor(found, device=vector.device)


def _numbers(vector: Tensor) -> Any:
    return vector.detach().cpu().numpy()


def _plain(value: Any) -> Any:
    """An array of one number, of any library, as that number; anything else as it is."""
    return float(value) if getattr(value, "shape", None) == () else value
