"""Networks <-> safetensors files, and the weights that the package ships."""

import inspect
import json
import logging
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from trackscape.errors import WeightsError
from trackscape.files import replacing, weights_file
from trackscape.formats import find_class
from trackscape.scoring.interface import Scorer
from trackscape.scoring.line_graph.network import HitGraphNetwork, LineGraphNetwork
from trackscape.scoring.track_model import TrackModel
from trackscape.text import shown

_LOG = logging.getLogger(__name__)

NETWORKS: dict[str, type[Scorer]] = {
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
"""Largest hidden layer or encoding, or a file could fill the memory."""


def find_network(name: str) -> type[Scorer]:
    """Returns one of `NETWORKS`, or a class of your own, named such as ``my_package.MyScorer``.

    Only names that a user typed, in settings or as an option, may come here: a module is imported,
    from where Python looks for modules or from the current folder.

    Raises:
        WeightsError: If there is no such network.
    """
    if name in NETWORKS:
        return NETWORKS[name]
    return find_class(name, Scorer, what="network", known=NETWORKS, error=WeightsError)


def build_network(kind: str | type[Scorer], **sizes: Any) -> Scorer:
    """Makes an untrained network of a class, or of one named as for `find_network`.

    `sizes` are arguments of the class that differ from the usual ones, such as ``hidden=32``.

    Raises:
        WeightsError: If there is no such network, or it has no such size.
    """
    made = kind if isinstance(kind, type) else find_network(kind)
    known = inspect.signature(made).parameters
    unknown = sorted(sizes.keys() - known.keys())
    if unknown:
        raise WeightsError(
            f"The network {_name(made)} has no {shown(unknown[0])}, only {', '.join(known)}."
        )
    for name, size in sizes.items() if made in NETWORKS.values() else ():
        smallest = 0 if (made, name) == (TrackModel, "hidden") else 1
        if not isinstance(size, int) or not smallest <= size <= LARGEST_SIZE:
            raise WeightsError(
                f"Expected sizes from {smallest} to {LARGEST_SIZE}, got {shown(sizes)}."
            )
    try:
        network = made(**sizes)
    except (TypeError, ValueError) as error:
        raise WeightsError(
            f"The network {_name(made)} cannot be made with {shown(sizes)} ({shown(error)})."
        ) from error
    if not hasattr(network, "sizes"):
        network.sizes = sizes
    return network


def _name(network: type[Scorer]) -> str:
    """The name that configurations use; a class is not taken for its parent."""
    own = f"{network.__module__}.{network.__qualname__}"
    return next((name for name, known in NETWORKS.items() if network is known), own)


def load_network(path: Path | str, *, network: Scorer | type[Scorer] | None = None) -> Scorer:
    """Reads a network that `save_network` wrote and puts it into evaluation mode.

    The path is a file of weights, the run folder of a training, or a folder of `save_pretrained`.
    No class is imported because a file names it: pass the class of your own network, which is made
    with the sizes that the file names, or a network, which takes the weights and is returned.

    Raises:
        WeightsError: If the file is damaged, or its weights are not those of the network.
    """
    about, weights = read_weights(path)
    if network is None and about.get("network") == OWN:
        raise WeightsError(
            f"{path}: expected weights of a network of trackscape, got those of "
            f"{shown(about.get('class'))} with sizes {shown(about.get('sizes'))}. Pass its class: "
            "load_network(path, network=...), or --network my_package.MyScorer."
        )
    try:
        if network is None or (isinstance(network, type) and about["network"] != OWN):
            network = _empty_network(about["network"], about["sizes"], weights)
        elif isinstance(network, type):
            network = _empty_network(network, about["sizes"], weights)
        network.load_state_dict(weights)
    except (WeightsError, RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = shown(" ".join(str(error).split()))
        raise WeightsError(
            f"{path}: the weights do not fit the network that the header names ({reason}). "
            "Train again, or use weights of this architecture."
        ) from error
    size = sum(weight.numel() for weight in weights.values())
    _LOG.info("Loaded %s: %s, %s numbers.", shown(path), network.architecture, f"{size:,}")
    return network.eval()


def read_weights(path: Path | str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Returns what `save_network` wrote, its header and the weights by name; see `load_network`.

    Raises:
        WeightsError: If the file is damaged or missing, or has another header.
    """
    path = weights_file(path)
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


def _empty_network(
    kind: str | type[Scorer], sizes: dict[str, Any], weights: dict[str, Tensor]
) -> Scorer:
    """Makes the network that a header names, once it is sure that the weights are its own."""
    if isinstance(kind, str) and kind not in NETWORKS:  # never import what a file names
        raise WeightsError(f"Expected a network of {', '.join(NETWORKS)}, got {shown(kind)!r}.")
    # Without memory first: sizes that a file invents could fill it.
    with torch.device("meta"):
        expected = build_network(kind, **sizes).state_dict()
    needed, got = (
        {k: (v.dtype, tuple(v.shape)) for k, v in e.items()} for e in (expected, weights)
    )
    for name in sorted(needed.keys() | got.keys()):
        if needed.get(name) != got.get(name):
            raise WeightsError(
                f"{shown(name)} is {shown(got.get(name, 'absent'))}, expected "
                f"{needed.get(name, 'nothing')}"
            )
    return build_network(kind, **sizes)


def save_network(network: Scorer, path: Path | str, *, about: dict[str, Any]) -> None:
    """Writes any network as safetensors, with its class, its sizes, and what else is known `about`.

    Raises:
        WeightsError: If the network holds more than tensors, or sizes that are no JSON.
    """
    own = {"network": OWN, "class": f"{type(network).__module__}:{type(network).__qualname__}"}
    kind = {"network": _name(type(network))} if type(network) in NETWORKS.values() else own
    try:
        # One entry, since safetensors writes several in random order: equal weights, equal bytes.
        entry = json.dumps({**about, **kind, "sizes": getattr(network, "sizes", {})})
        # Copies, since safetensors refuses tensors that share memory.
        tensors = {
            name: value.detach().clone(memory_format=torch.contiguous_format)
            for name, value in network.state_dict().items()
        }
        content = save(tensors, metadata={HEADER: entry})
    except (TypeError, ValueError, AttributeError, RuntimeError, SafetensorError) as error:
        raise WeightsError(
            f"{path}: expected a network of tensors, with sizes that are numbers and texts, but "
            f"{type(network).__name__} cannot be saved ({' '.join(str(error).split())})."
        ) from error
    with replacing(Path(path)) as partial:
        partial.write_bytes(content)


def method_file(method: str) -> Path:
    """Returns the file with the shipped weights of a method."""
    if method not in METHODS:
        raise WeightsError(f"Expected a method of {', '.join(METHODS)}, got {shown(method)!r}.")
    return SHIPPED / f"{method}.safetensors"


def load_method(method: str) -> Scorer:
    """Returns the shipped network of a method, in evaluation mode."""
    return load_network(method_file(method))
