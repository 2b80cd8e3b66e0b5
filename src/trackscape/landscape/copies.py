"""Models -> copies of them that may move: the model of a caller never does."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from trackscape.errors import LandscapeError
from trackscape.landscape.modes import usual_modes
from trackscape.landscape.space import Space


class _Detaching(TorchFunctionMode):
    """Lets a copy have the numbers of what was computed, such as an activation that a model keeps.

    PyTorch refuses to copy a tensor with a history. Those of parametrisations of the old kind
    (``weight_norm``, pruning) are computed anew before they are used.
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
    """Returns a copy of a model.

    Raises:
        LandscapeError: It cannot be copied, or its copy shares parameters with it.
    """
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


def flatten(module: nn.Module, space: Space) -> Tensor:
    """Makes the parameters views of one buffer, in their own type, and returns that."""
    values = dict(module.named_parameters())
    flat = torch.cat([values[part.name].detach().flatten() for part in space.parts])
    for name, view in space.views(flat):
        values[name].data = view
    return flat
