"""Models as flat vectors of parameters: where these lie, copies that may move, modes to leave."""

import contextlib
import copy
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize
from torch.overrides import TorchFunctionMode

from trackscape.errors import LandscapeError

Point = Float[Tensor, " parameters"]
"""Parameters of a model as a flat vector."""
Vectors = Float[Tensor, "vectors parameters"]
"""Several vectors in the space of the parameters."""
_AUTOCAST = ("cpu", "cuda", "mps", "xpu")


@contextlib.contextmanager
def usual_modes() -> Generator[None, None, None]:
    """Leaves autocast, inference mode and no_grad meanwhile; also a decorator.

    Under autocast, PyTorch keeps the rounded copy of each weight until the outermost block ends,
    whatever happens to the weight, and so does ``parametrize.cached``: a landscape in such a block
    would be flat. Other processes are in none of these modes.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.inference_mode(mode=False))
        stack.enter_context(torch.enable_grad())
        for kind in _AUTOCAST:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        torch.clear_autocast_cache()
        parametrize._cache.clear()  # pyright: ignore[reportPrivateUsage]
        try:
            yield
        except RuntimeError as error:
            if not str(error).startswith("Inference tensors"):
                raise
            raise LandscapeError(
                "Expected batches that gradients can be taken with, but some were made under "
                "torch.inference_mode; make them outside of it, or clone them there."
            ) from error


@contextlib.contextmanager
def seeded(seed: int, device: torch.device) -> Generator[None, None, None]:
    """Seeds the processor and the device of a model, and restores the state of the caller."""
    on_device = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if on_device else []):
        # torch.manual_seed also seeds, or remembers to seed, devices that nobody uses: 0.1 ms.
        torch.default_generator.manual_seed(seed)
        if on_device:
            torch.cuda.manual_seed(seed)
        yield


class Part(NamedTuple):
    """One parameter and its place in the flat vector, from `begin` up to `end`."""

    name: str
    shape: torch.Size
    begin: int
    end: int


class ParameterSpace:
    """Where each trainable parameter of a module lies in a flat vector.

    Vectors are float64 whatever the type of the module: a point of a landscape is then a sum that
    is rounded once, when it is loaded, and never drifts. Buffers are not part of it, nor are
    parameters without entries or without a gradient.

    Raises:
        LandscapeError: The module has no trainable parameter, or some of different types or
            devices, or some that are complex, sparse, without numbers yet, or share their memory.

    Example:
        >>> space = ParameterSpace(nn.Linear(3, 2))
        >>> space.size, [part.name for part in space.parts]
        (8, ['weight', 'bias'])
    """

    def __init__(self, module: nn.Module) -> None:
        named = module.named_parameters()
        trainable = {name: value for name, value in named if value.requires_grad}
        for name, value in trainable.items():
            _check(name, value)
        trainable = {name: value for name, value in trainable.items() if value.numel()}
        if not trainable:
            raise LandscapeError(
                f"Expected a {type(module).__name__} with trainable parameters, but none requires "
                "a gradient; call requires_grad_() on those that span the landscape."
            )
        kinds = {(value.dtype, value.device) for value in trainable.values()}
        if len(kinds) > 1:
            listed = ", ".join(sorted(f"{dtype} on {device}" for dtype, device in kinds))
            raise LandscapeError(
                f"Expected parameters of one type and device, got {listed}; use .to() first."
            )
        _check_memory(trainable)
        self.parts: list[Part] = []
        self.size = 0
        for name, value in trainable.items():
            end = self.size + value.numel()
            self.parts.append(Part(name, value.shape, self.size, end))
            self.size = end
        ((self.dtype, _),) = kinds

    def read(self, module: nn.Module) -> Point:
        """Returns a copy of the parameters of a module of this kind, in float64."""
        values = dict(module.named_parameters())
        for part in self.parts:
            if part.name not in values or values[part.name].shape != part.shape:
                raise LandscapeError(
                    f"Expected a module with the parameter {part.name} of shape "
                    f"{tuple(part.shape)}; use models of the same architecture."
                )
        return torch.cat([values[part.name].detach().double().flatten() for part in self.parts])

    def write(self, vector: Point, module: nn.Module) -> None:
        """Copies a vector into the parameters of a module of this kind."""
        values = dict(module.named_parameters())
        with torch.no_grad():
            for name, value in self.views(vector):
                values[name].copy_(value)

    def views(self, vector: Float[Tensor, "*any parameters"]) -> Iterator[tuple[str, Tensor]]:
        """Yields name and view of each parameter in a vector; the last axes are its own."""
        for part in self.parts:
            value = vector[..., part.begin : part.end]
            yield part.name, value.reshape(*vector.shape[:-1], *part.shape)


def _check(name: str, value: nn.Parameter) -> None:
    if is_lazy(value) or value.is_meta:
        raise LandscapeError(
            f"Expected parameters with numbers, but {name} has none yet; load weights, or send one "
            "batch through a module that is lazy."
        )
    if value.layout != torch.strided:
        raise LandscapeError(
            f"Expected dense parameters, but {name} is {value.layout}; convert it with to_dense()."
        )
    if not value.is_floating_point():
        raise LandscapeError(
            f"Expected real parameters, but {name} is {value.dtype}; keep its real and imaginary "
            "parts in a real one, and make it complex in forward with torch.view_as_complex."
        )


def _check_memory(parameters: Mapping[str, nn.Parameter]) -> None:
    """Numbers that two parameters share would have to be at two places of a point."""
    names: defaultdict[int, list[str]] = defaultdict(list)
    for name, value in parameters.items():
        names[value.data_ptr()].append(name)
    for shared in names.values():
        if len(shared) > 1:
            raise LandscapeError(
                f"Expected parameters with memory of their own, but {' and '.join(shared)} share "
                "theirs; make them one parameter: module.weight = other.weight."
            )


class _Detaching(TorchFunctionMode):
    """Lets PyTorch copy tensors with a history, such as an activation that a model keeps.

    Those of old parametrisations (``weight_norm``, pruning) are computed anew before use.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is Tensor.__deepcopy__ and not args[0].is_leaf:
            args = (args[0].detach(), *args[1:])
        return func(*args, **(kwargs or {}))


@usual_modes()
def copy_of(model: nn.Module) -> nn.Module:
    """Returns a copy of a model, which must share no parameters with it."""
    try:
        with _Detaching():
            made = copy.deepcopy(model)
    except Exception as error:  # a module may have any __deepcopy__, and hold anything
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise LandscapeError(
            f"Expected a {type(model).__name__} that can be copied, but copy.deepcopy says: "
            f"{reason}; keep locks, generators and open files out of it, or "
            "give it a __deepcopy__."
        ) from error
    originals = {id(value) for value in model.parameters()}
    if any(id(value) in originals for value in made.parameters()):
        raise LandscapeError(
            f"Expected a copy of the {type(model).__name__} with parameters of its own, but its "
            "__deepcopy__ shares some with the original; let it copy them."
        )
    return made


def flatten(module: nn.Module, space: ParameterSpace) -> Tensor:
    """Makes the parameters views of one buffer, in their own type, and returns that."""
    values = dict(module.named_parameters())
    flat = torch.cat([values[part.name].detach().flatten() for part in space.parts])
    for name, view in space.views(flat):
        values[name].data = view
    return flat
