"""Frames -> what the page draws, packed: whole numbers in base64."""

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from trackscape.data import Hits, Tracks, Truth
from trackscape.display.figure import view_limits
from trackscape.evaluation.matching import judge
from trackscape.simulation import layer_depths
from trackscape.units import keV, mm

_Numbers = npt.NDArray[Any]
LENGTH_STEP, ENERGY_STEP, PROBABILITY_STEP = 0.01 * mm, 0.1 * keV, 1e-4
_MOST = 65535  # steps; a range that needs more has longer ones
_TYPES = (np.uint8, np.uint16, np.uint32)


class ShownFrame(NamedTuple):
    """The tracks of a frame, and how probably each is right, (N,), if that is known."""

    tracks: Tracks
    probability: torch.Tensor | None


def pack_frames(frames: Sequence[ShownFrame], *, title: str, first: int) -> dict[str, Any]:
    """Returns what the scripts draw, as JSON can hold it.

    Positions are in steps of 0.01 mm and deposits in steps of 0.1 keV, or of 1/65535 of their range
    where that is more; probabilities are in steps of 0.0001.

    Arguments:
        frames: One or more frames, on the processor.
        title: Stands above saved pictures.
        first: Number of the first frame.
    """
    position = np.concatenate([_position(frame.tracks.hits) for frame in frames])
    energy = np.concatenate([frame.tracks.hits.energy.double().numpy() for frame in frames])
    layer = np.concatenate([frame.tracks.hits.layer.numpy() for frame in frames])
    origin = position.min(axis=0) if len(position) else np.zeros(3)
    extent = np.ptp(position, axis=0) if len(position) else np.zeros(3)
    step = np.maximum(LENGTH_STEP, extent / _MOST)
    energy_step = max(ENERGY_STEP, float(energy.max(initial=0)) / _MOST)
    everything = Hits(
        position=torch.from_numpy(position),
        energy=torch.from_numpy(energy),
        layer=torch.from_numpy(layer),
    )
    lengths = [int(frame.tracks.length.max()) for frame in frames if len(frame.tracks)]
    return {
        "title": title,
        "first": first,
        "limits": [[round(edge, 2) for edge in pair] for pair in view_limits(everything)],
        "layers": [[n, round(z, 3)] for n, z in layer_depths(layer, position[:, 2]).items()],
        "deposits": _usual_deposits(energy),
        "longest": max(lengths, default=1),
        "origin": origin.tolist(),
        "step": step.tolist(),
        "energyStep": energy_step,
        "frames": [
            {
                "position": [_pack(axis) for axis in ((_position(hits) - origin) / step).T],
                "energy": _pack(hits.energy.double().numpy() / energy_step),
                "layer": _pack(hits.layer.numpy()),
                "index": _pack(tracks.index.numpy()),
                "length": _pack(tracks.length.numpy()),
                **_pack_probability(probability),
                **({} if hits.truth is None else _pack_truth(tracks, hits.truth)),
            }
            for tracks, probability in frames
            for hits in [tracks.hits]
        ],
    }


def _position(hits: Hits) -> npt.NDArray[np.float64]:
    return hits.position.double().numpy()


def _usual_deposits(energy: npt.NDArray[np.float64]) -> list[float]:
    """Deposits in MeV that the scale of colours goes from and to."""
    found = energy[energy > 0]
    low, high = np.percentile(found, (2, 98)).tolist() if len(found) else (1 * keV, 1 * keV)
    return [float(f"{low:.2g}"), float(f"{high:.2g}")]


def _pack(values: _Numbers) -> list[str]:
    """Whole numbers from 0 on, little-endian, as the name of their array and base64."""
    whole = np.rint(values)
    most = whole.max(initial=0)
    kind = next(kind for kind in _TYPES if most <= np.iinfo(kind).max)
    name = np.dtype(kind).name.replace("uint", "Uint") + "Array"
    content = whole.astype(np.dtype(kind).newbyteorder("<")).tobytes()
    return [name, base64.b64encode(content).decode()]


def _pack_probability(probability: torch.Tensor | None) -> dict[str, Any]:
    if probability is None or bool(probability.isnan().any()):
        return {}
    return {"probability": _pack(probability.double().numpy() / PROBABILITY_STEP)}


def _pack_truth(tracks: Tracks, truth: Truth) -> dict[str, Any]:
    columns = [truth.event, truth.track, truth.parent]
    columns += [] if truth.pdg is None else [truth.pdg]
    particles, of_hit = torch.stack(columns).unique(dim=1, return_inverse=True)
    names = ("event", "track", "parent", "pdg")
    return {
        "particle": _pack(of_hit.numpy()),
        "particles": dict(zip(names, particles.tolist(), strict=False)),
        "missed": _pack(judge(tracks).missed.T.flatten().numpy()),
    }
