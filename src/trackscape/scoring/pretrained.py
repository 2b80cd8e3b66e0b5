"""Networks <-> safetensors files, and the weights that the package ships."""

import inspect
import json
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from trackscape.errors import WeightsError
from trackscape.files import replacing
from trackscape.scoring.interface import Scorer
from trackscape.scoring.line_graph.network import HitGraphNetwork, LineGraphNetwork
from trackscape.scoring.track_model import TrackModel
from trackscape.text import shown

NETWORKS: dict[str, type[LineGraphNetwork] | type[HitGraphNetwork] | type[TrackModel]] = {
    "line_graph": LineGraphNetwork,
    "hit_graph": HitGraphNetwork,
    "belief": TrackModel,
}
"""Networks by the name that configurations and weights files use."""

OWN = "own"
"""Stands in weights files for a network of somebody else's."""
HEADER = "trackscape"
"""Entry of the header of a weights file: JSON with the network and where it comes from."""
SHIPPED = Path(__file__).parent / "weights"
METHODS = ("line-graph-ptt", "line-graph-pat", "nine-constants", "trackscape")
"""Methods with weights in the package: the paper's line graph, trained in two ways, then our model
of tracks without and with a network for its potentials."""
LARGEST_SIZE = 4096
"""Largest hidden layer or encoding; larger numbers in a file would fill the memory."""


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
    for name, size in sizes.items():
        smallest = 0 if (kind, name) == ("belief", "hidden") else 1
        if not smallest <= size <= LARGEST_SIZE:
            raise WeightsError(
                f"Expected sizes from {smallest} to {LARGEST_SIZE}, got {shown(sizes)}."
            )
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
    if network is None and about.get("network") == OWN:
        raise WeightsError(
            f"{path}: expected weights of a network of trackscape, got those of "
            f"{shown(about.get('class'))} with sizes {shown(about.get('sizes'))}. Make one from "
            "Python and pass it: load_network(path, network=...)."
        )
    try:
        network = _empty_network(about, weights) if network is None else network
        network.load_state_dict(weights)
    except (WeightsError, RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = shown(" ".join(str(error).split()))
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
            f"{path}: expected a safetensors file with weights, but {shown(error)}."
        ) from error
    if HEADER not in header:
        raise WeightsError(
            f"{path}: its header names no network. Use weights that `trackscape train` wrote."
        )
    try:
        about = json.loads(header[HEADER])
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise WeightsError(
            f"{path}: the weights do not fit the network that the header names (it is no JSON "
            "object). Use weights that `trackscape train` wrote."
        )
    for name, values in weights.items():
        if not bool(values.isfinite().all()):
            raise WeightsError(
                f"{path}: expected finite weights, but {shown(name)} holds others. Train again."
            )
    return cast(dict[str, Any], about), weights


def _empty_network(about: dict[str, Any], weights: dict[str, Tensor]) -> Scorer:
    """Makes the network that a header names, once it is sure that the weights are its own."""
    # Without memory first: sizes that a file invents could fill it.
    with torch.device("meta"):
        expected = build_network(about["network"], **about["sizes"]).state_dict()
    needed, got = (
        {k: (v.dtype, tuple(v.shape)) for k, v in e.items()} for e in (expected, weights)
    )
    for name in sorted(needed.keys() | got.keys()):
        if needed.get(name) != got.get(name):
            raise WeightsError(
                f"{shown(name)} is {shown(got.get(name, 'absent'))}, expected "
                f"{needed.get(name, 'nothing')}"
            )
    return build_network(about["network"], **about["sizes"])


def read_about(path: Path | str) -> dict[str, Any]:
    """Returns what `save_network` was told about the weights in a file.

    Raises:
        WeightsError: If the file is damaged, or its header names no network.
    """
    return read_weights(path)[0]


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
