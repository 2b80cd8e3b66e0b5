"""Names of weights -> networks: a shipped method or a file; and their hidden units."""

import os
from collections.abc import Sequence
from pathlib import Path

import torch

from trackscape.errors import LandscapeError, WeightsError
from trackscape.landscape.connectivity import Group, chain_of, join
from trackscape.scoring import METHODS, Scorer, find_network, load_method, load_network


def load_weights(name: str, *, network: str | None = None) -> Scorer:
    """Returns the network of a shipped method or of a safetensors file, in evaluation mode.

    Arguments:
        name: The method or the file.
        network: Class of the network in a file, if it is your own; see `find_network`.

    Raises:
        WeightsError: It is neither, or its class is unknown.
    """
    if name in METHODS:
        return load_method(name)
    if not os.path.exists(name):  # also where the name is too long for one
        raise WeightsError(
            f"{name}: expected a file of weights or a method of {', '.join(METHODS)}, but there is "
            "no such file."
        )
    return load_network(Path(name), network=None if network is None else find_network(network))


def load_several(names: Sequence[str], *, network: str | None = None) -> list[Scorer]:
    """Returns networks of one architecture with different weights; see `load_weights`.

    Raises:
        LandscapeError: Two architectures, or equal weights.
        WeightsError: One of them is no network.
    """
    scorers = [load_weights(name, network=network) for name in names]
    first = scorers[0]
    for name, scorer in zip(names[1:], scorers[1:], strict=True):
        if type(scorer) is not type(first) or scorer.sizes != first.sizes:
            raise LandscapeError(
                f"{name}: expected a network like that of {names[0]}, {first.architecture}, got "
                f"{scorer.architecture}; name weights of the same architecture."
            )
    for place, scorer in enumerate(scorers):
        for name, other in zip(names[:place], scorers[:place], strict=True):
            if _equal(scorer, other):
                raise LandscapeError(
                    f"{names[place]}: expected other weights than those of {name}, but they are "
                    "equal; name two trainings."
                )
    return scorers


def _equal(first: Scorer, second: Scorer) -> bool:
    values = second.state_dict()
    return all(torch.equal(value, values[name]) for name, value in first.state_dict().items())


def unit_groups(scorer: Scorer) -> list[Group]:
    """Returns the groups of hidden units of a network that can be permuted, from input to output.

    Outputs of a block that are read by others are units, too: see `Scorer.hidden_units`.

    Raises:
        LandscapeError: The network does not know its hidden units.
    """
    uses = scorer.hidden_units()
    if not uses:
        raise LandscapeError(
            f"Expected a network whose units are known, got a {type(scorer).__name__}; leave its "
            "alignment out, or give it hidden_units."
        )
    blocks = {name: chain_of(scorer.get_submodule(name), name) for name in uses}
    groups: list[Group] = []
    for name, reads in uses.items():
        groups += blocks[name].groups
        if reads:
            groups.append(join(blocks[name], *((blocks[user], column) for user, column in reads)))
    return groups
