"""Networks <-> safetensors files, and the weights that the package ships."""

import inspect
import json
import reprlib
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from trackscape.errors import WeightsError
from trackscape.files import replacing
from trackscape.scoring.beliefs import BeliefNetwork
from trackscape.scoring.interaction_networks import HitGraphNetwork, LineGraphNetwork
from trackscape.scoring.interface import Scorer

NETWORKS: dict[str, type[LineGraphNetwork] | type[HitGraphNetwork] | type[BeliefNetwork]] = {
    "line_graph": LineGraphNetwork,
    "hit_graph": HitGraphNetwork,
    "belief": BeliefNetwork,
}
"""Networks by the name that configurations and weights files use."""

OWN = "own"
"""Stands in weights files for a network of somebody else's."""
HEADER = "trackscape"
"""Entry of the header of a weights file: JSON with the network and where it comes from."""
SHIPPED = Path(__file__).parent / "weights"
METHODS = ("line-graph-ptt", "line-graph-pat", "trackscape")
"""Methods with weights in the package: the paper's line graph, trained in two ways, and ours."""
LARGEST_SIZE = 4096
"""Of hidden layers and encodings; larger numbers in a file would fill the memory."""


def build_network(kind: str, **sizes: int) -> Scorer:
    """Makes an untrained network.

    Arguments:
        kind: ``line_graph``, ``hit_graph`` or ``belief``.
        sizes: Sizes that differ from the usual ones, such as ``hidden=32``.

    Raises:
        WeightsError: If there is no such network, or it has no such size.
    """
    if kind not in NETWORKS:
        raise WeightsError(f"Expected a network of {', '.join(NETWORKS)}, got {kind!r}.")
    known = inspect.signature(NETWORKS[kind]).parameters
    unknown = sorted(sizes.keys() - known.keys())
    if unknown:
        raise WeightsError(f"The network {kind} has no {unknown[0]}, only {', '.join(known)}.")
    if any(not 1 <= size <= LARGEST_SIZE for size in sizes.values()):
        raise WeightsError(f"Expected sizes from 1 to {LARGEST_SIZE}, got {sizes}.")
    return NETWORKS[kind](**sizes)


def load_network(path: Path | str, *, network: Scorer | None = None) -> Scorer:
    """Reads a network that `save_network` wrote and puts it into evaluation mode.

    Arguments:
        path: The file.
        network: Takes the weights and is returned: for networks of your own, whose class is never
            imported because a file says so. None for those of `NETWORKS`, which the file names.

    Raises:
        WeightsError: If the file is damaged, or its weights are not those of the network.
    """
    about, weights = read_weights(path)
    try:
        if network is None:
            if about["network"] == OWN:
                raise WeightsError(
                    f"{path}: expected weights of a network of trackscape, got those of "
                    f"{reprlib.repr(about['class'])} with sizes {reprlib.repr(about['sizes'])}. "
                    "Make one from Python and pass it: load_network(path, network=...)."
                )
            network = build_network(about["network"], **about["sizes"])
        network.load_state_dict(weights)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise WeightsError(
            f"{path}: the weights do not fit the network that the header names ({reason}). "
            "Train again, or use weights of this architecture."
        ) from error
    return network.eval()


def read_weights(path: Path | str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Returns what `save_network` wrote, its header and the weights by name.

    Raises:
        WeightsError: If the file is damaged or missing, or has another header.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, str] = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path}: expected a safetensors file with weights, but {error}."
        ) from error
    try:
        about = json.loads(header[HEADER])
    except (KeyError, ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise WeightsError(
            f"{path}: its header names no network. Use weights that `trackscape train` wrote."
        )
    return cast(dict[str, Any], about), weights


def save_network(network: Scorer, path: Path | str, *, about: dict[str, Any]) -> None:
    """Writes a network as safetensors, under a temporary name first.

    Arguments:
        network: One of `NETWORKS`, or any other: its class and `sizes`, if it has them, are noted,
            and `load_network` fills another one with the weights.
        path: File to write.
        about: Anything worth knowing, such as the run that the weights come from.

    Raises:
        WeightsError: If the network holds more than tensors, or sizes that are no JSON.
    """
    own = {"network": OWN, "class": f"{type(network).__module__}:{type(network).__qualname__}"}
    # Not that of a parent: a class of its own may compute something else from the same weights.
    known = (name for name, known in NETWORKS.items() if type(network) is known)
    kind = next(({"network": name} for name in known), own)
    try:
        # One entry, since safetensors writes several in random order: equal weights, equal bytes.
        entry = json.dumps({**about, **kind, "sizes": getattr(network, "sizes", {})})
        # Copies, since safetensors refuses tensors that share memory.
        tensors = {name: _alone(value) for name, value in network.state_dict().items()}
        content = save(tensors, metadata={HEADER: entry})
    except (TypeError, ValueError, AttributeError, RuntimeError, SafetensorError) as error:
        raise WeightsError(
            f"{path}: expected a network of tensors, with sizes that are numbers and texts, but "
            f"{type(network).__name__} cannot be saved ({' '.join(str(error).split())})."
        ) from error
    with replacing(Path(path)) as partial:
        partial.write_bytes(content)


def _alone(value: Tensor) -> Tensor:
    return value.detach().clone(memory_format=torch.contiguous_format)


def load_method(method: str) -> Scorer:
    """Returns the shipped network of a method, in evaluation mode."""
    if method not in METHODS:
        raise WeightsError(f"Expected a method of {', '.join(METHODS)}, got {method!r}.")
    return load_network(SHIPPED / f"{method}.safetensors")


def count_parameters(network: torch.nn.Module) -> int:
    """Number of trainable numbers of a network.

    Example:
        >>> count_parameters(LineGraphNetwork()), count_parameters(HitGraphNetwork())
        (4961, 39839)
    """
    return sum(parameter.numel() for parameter in network.parameters())
