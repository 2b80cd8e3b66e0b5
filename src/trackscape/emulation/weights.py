"""Emulators as files: safetensors that say what they emulate."""

from importlib import import_module
from pathlib import Path
from typing import Any, cast

from trackscape.emulation.networks import NETWORKS, Emulator
from trackscape.emulation.system import system_of
from trackscape.errors import DataError, TrackscapeError, WeightsError
from trackscape.scoring import read_weights, save_network

LARGEST_WIDTH = 100_000
"""Of what a file may name as a size."""
TRAINED = {"m7": Path(__file__).parent / "trained" / "m7.safetensors"}
"""Weights that come with the package by name; m7 is the long training of docs/emulation.md."""


def save_emulator(emulator: Emulator, path: Path | str, *, about: dict[str, str]) -> None:
    """Writes weights with the kind and sizes of the network and what is known of the model.

    Raises:
        FormatError: The file cannot be written.
    """
    kind = next(name for name, known in NETWORKS.items() if type(emulator) is known)
    header = about | {"emulator": kind, "system": emulator.system.to_json()}
    save_network(cast(Any, emulator), path, about=header)


def load_emulator(path: Path | str) -> Emulator:
    """Reads what `save_emulator` wrote, or the emulator of a name in `TRAINED`.

    Raises:
        WeightsError: The file is missing, damaged, or of something else.
    """
    import_module("trackscape.emulation.m7")  # its last step is known by name
    path = TRAINED.get(str(path), path)
    about, weights = read_weights(path)
    try:
        sizes = dict(about["sizes"])
        large = any(isinstance(size, int) and size > LARGEST_WIDTH for size in sizes.values())
        if large or about["emulator"] not in NETWORKS:
            raise DataError("it names no emulator of a size that can be")
        emulator = NETWORKS[about["emulator"]](system_of(str(about["system"])), **sizes)
        emulator.load_state_dict(weights)
    except (TrackscapeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(
            f"{path}: expected weights of an emulator, but they cannot be used ({reason}); train "
            "again, or name the weights.safetensors of a run folder of `trackscape emulate train`."
        ) from error
    return emulator.eval()
