"""Networks <-> safetensors files, and the weights that the package ships."""

import inspect
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from trackscape.errors import WeightsError
from trackscape.files import replacing
from trackscape.scoring.beliefs import BeliefNetwork
from trackscape.scoring.interaction_networks import HitGraphNetwork, LineGraphNetwork
from trackscape.scoring.interface import Scorer
from trackscape.text import shown

NETWORKS: dict[str, type[LineGraphNetwork] | type[HitGraphNetwork] | type[BeliefNetwork]] = {
    "line_graph": LineGraphNetwork,
    "hit_graph": HitGraphNetwork,
    "belief": BeliefNetwork,
}
"""Networks by the name that configurations and weights files use."""

HEADER = "trackscape"
"""Entry of the header of a weights file: JSON with the network and where it comes from."""
SHIPPED = Path(__file__).parent / "weights"
METHODS = ("line-graph-ptt", "line-graph-pat", "trackscape")
"""Methods with weights in the package: the paper's line graph, trained in two ways, and ours."""
_TYPES = {torch.float32: "F32", torch.int64: "I64"}
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
        raise WeightsError(f"Expected a network of {', '.join(NETWORKS)}, got {shown(kind)!r}.")
    known = inspect.signature(NETWORKS[kind]).parameters
    unknown = sorted(sizes.keys() - known.keys())
    if unknown:
        raise WeightsError(
            f"The network {kind} has no {shown(unknown[0])}, only {', '.join(known)}."
        )
    if any(not 1 <= size <= LARGEST_SIZE for size in sizes.values()):
        raise WeightsError(f"Expected sizes from 1 to {LARGEST_SIZE}, got {shown(sizes)}.")
    return NETWORKS[kind](**sizes)


def load_network(path: Path) -> Scorer:
    """Reads a network that `save_network` wrote and puts it into evaluation mode.

    Raises:
        WeightsError: If the file is damaged, or its weights are not those of the network it names.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, str] = file.metadata() or {}
            names: list[str] = file.keys()
            slices = {name: file.get_slice(name) for name in names}
            kinds = {name: (s.get_dtype(), tuple(s.get_shape())) for name, s in slices.items()}
            network = _empty_network(header, kinds, path=path)
            weights = {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path}: expected a safetensors file with weights, but {shown(error)}."
        ) from error
    for name, values in weights.items():
        if not bool(values.isfinite().all()):
            raise WeightsError(
                f"{path}: expected finite weights, but {shown(name)} holds others. Train again."
            )
    network.load_state_dict(weights)
    return network.eval()


def _empty_network(
    header: dict[str, str], kinds: dict[str, tuple[str, tuple[int, ...]]], *, path: Path
) -> Scorer:
    """Makes the network that the header names, once it is sure that the weights are its own."""
    if HEADER not in header:
        raise WeightsError(
            f"{path}: its header names no network. Use weights that `trackscape train` wrote."
        )
    try:
        about: dict[str, Any] = json.loads(header[HEADER])
        # Without memory first: sizes that a file invents could fill it.
        with torch.device("meta"):
            expected = build_network(about["network"], **about["sizes"]).state_dict()
        needed = {name: (_TYPES[w.dtype], tuple(w.shape)) for name, w in expected.items()}
        for name in sorted(needed.keys() | kinds.keys()):
            if needed.get(name) != kinds.get(name):
                got, wanted = kinds.get(name, "absent"), needed.get(name, "nothing")
                raise WeightsError(f"{shown(name)} is {shown(got)}, expected {wanted}")
        return build_network(about["network"], **about["sizes"])
    except (WeightsError, RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = shown(" ".join(str(error).split()))
        raise WeightsError(
            f"{path}: the weights do not fit the network that the header names ({reason}). "
            "Train again, or use weights of this architecture."
        ) from error


def save_network(network: Scorer, path: Path, *, about: dict[str, Any]) -> None:
    """Writes a network as safetensors, under a temporary name first.

    Arguments:
        network: One of `NETWORKS`.
        path: File to write.
        about: Anything worth knowing, such as the run that the weights come from.
    """
    kind = next(name for name, known in NETWORKS.items() if isinstance(network, known))
    # One entry, since safetensors writes several in random order: equal weights, equal bytes.
    header = {HEADER: json.dumps({**about, "network": kind, "sizes": network.sizes})}
    tensors = {name: value.contiguous() for name, value in network.state_dict().items()}
    with replacing(path) as partial:
        partial.write_bytes(save(tensors, metadata=header))


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
