"""Model + batches -> what each of its layers computes, row by row."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from trackscape.errors import LandscapeError
from trackscape.landscape.space import copy_of


def layer_names(model: nn.Module) -> list[str]:
    """Returns the names of the modules that hold no others, in their order in the model.

    Example:
        >>> layer_names(nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Tanh(), nn.Linear(3, 1))))
        ['0', '1.0', '1.1']
    """
    return [name for name, part in model.named_modules() if next(part.children(), None) is None]


def layer_features(
    model: nn.Module,
    batches: Iterable[Any],
    layers: Sequence[str],
    forward: Callable[[nn.Module, Any], object],
    *,
    rows: int | None = None,
    seed: int = 0,
) -> dict[str, Tensor]:
    """Returns the outputs of layers, by name, (rows, width) each, on the CPU.

    The first axis of an output counts rows: samples, or the nodes, edges or messages of a graph;
    all others are joined into one. A layer that is called several times gives the rows of all
    calls. The model is copied and in evaluation mode. Equal seeds choose equal rows of all models
    and layers, which a comparison needs.

    Arguments:
        model: Any module.
        batches: Arguments of `forward`, the same for all models that are to be compared.
        layers: Names of submodules, such as `layer_names` gives.
        forward: Applies the model to one batch; what it returns is not used.
        rows: Number of rows chosen from each call of a layer, all if there are fewer; None for all.
        seed: Seed of that choice.

    Raises:
        LandscapeError: A name is unknown, or a layer is never called or returns no tensor.
    """
    model = copy_of(model)
    model.eval()
    known = dict(model.named_modules())
    unknown = [name for name in layers if name not in known]
    if unknown or not layers:
        raise LandscapeError(
            f"Expected names of layers of the {type(model).__name__}, got "
            f"{', '.join(unknown) or 'none'}; it has {', '.join(layer_names(model))}."
        )
    found: dict[str, list[Tensor]] = defaultdict(list)
    for name in layers:
        known[name].register_forward_hook(_collector(name, found, rows, seed))
    with torch.no_grad():
        for batch in batches:
            forward(model, batch)
    silent = [name for name in layers if name not in found]
    if silent:
        raise LandscapeError(
            f"Expected layers that the model calls, but {', '.join(silent)} computed nothing; "
            "leave them out, or pass batches."
        )
    return {name: torch.cat(found[name]) for name in layers}


def _collector(
    name: str, found: dict[str, list[Tensor]], rows: int | None, seed: int
) -> Callable[[nn.Module, Any, object], None]:
    """Returns a hook that keeps rows of what a layer returns."""

    def collect(layer: nn.Module, _: Any, output: object) -> None:
        if not isinstance(output, Tensor) or output.ndim == 0:
            raise LandscapeError(
                f"Expected layers that return one tensor with rows, but {name or 'the model'} (a "
                f"{type(layer).__name__}) returns a {type(output).__name__}; name layers in it."
            )
        if output.is_complex():
            raise LandscapeError(
                f"Expected layers that return real numbers, but {name or 'the model'} (a "
                f"{type(layer).__name__}) returns {output.dtype}; name another layer."
            )
        values = output.detach().to_dense().reshape(len(output), -1)
        if rows is not None and rows < len(values):
            # By the number of the call and nothing else, so that layers beside each other and
            # other models choose alike.
            generator = torch.Generator().manual_seed(1_000_003 * seed + len(found[name]))
            chosen = (
                torch.randperm(len(values), generator=generator, device="cpu")[:rows].sort().values
            )
            values = values[chosen.to(values.device)]
        found[name].append(values.cpu().clone())

    return collect
