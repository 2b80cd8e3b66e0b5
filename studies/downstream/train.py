"""A scan -> networks that were trained further on its frames, one with each loss."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from studies.downstream.losses import COMPILED, LOSSES
from studies.scans import RADIUS, angle_wepl
from trackscape.compiled import Floats
from trackscape.data import HitGraph, Hits
from trackscape.formats import read_hits
from trackscape.graph_construction import link_labels, split_frames
from trackscape.imaging import decision_costs, hit_wepl
from trackscape.progress import show_progress
from trackscape.scoring import TrackModel, load_method, save_network
from trackscape.simulation import Scan

PER_FRAME = 100
RATE = 1e-3
KAPPA = 9.0


class Angle(NamedTuple):
    """Frames of one angle over the object, and the expected WEPL of its events in mm."""

    radians: float
    frames: list[Hits]
    wepl: Floats


def read_angle(scan: Scan, number: int) -> Angle:
    """Reads the hits and primaries of an angle."""
    frames = split_frames(read_hits(scan.files[number]), per_frame=PER_FRAME)
    over = [frame for frame in frames if _over_object(frame)]
    return Angle(math.radians(scan.angles[number]), over, angle_wepl(scan, number))


def _over_object(frame: Hits) -> bool:
    """Whether its spot hits the phantom; frames of others are left out."""
    return frame.spot is None or abs(float(frame.spot[0, 0])) < RADIUS


def links_and_costs(graph: HitGraph, frame: Hits, wepl: Floats) -> tuple[Tensor, Tensor]:
    """Returns which segments are true, and what a wrong decision about each costs: lost protons."""
    links = link_labels(graph)
    return links, decision_costs(graph, links, hit_wepl(frame, wepl), lost=KAPPA) / KAPPA


def weights_file(archive: Path, loss: str, seed: int) -> Path:
    """Returns where the weights of a training are."""
    return archive / f"{loss.replace(' ', '-').replace('+', '-plus').lower()}-s{seed}.safetensors"


def train(scan: Scan, *, steps: int, seed: int, archive: Path) -> None:
    """Trains one copy of the shipped network with each loss, all with the same frames.

    Weights that are there are not made again.
    """
    left = [name for name in LOSSES if not weights_file(archive, name, seed).exists()]
    if not left:
        return
    networks = {name: shipped() if name in COMPILED else shipped().plain() for name in left}
    optimisers = {
        name: torch.optim.Adam(network.parameters(), lr=RATE) for name, network in networks.items()
    }
    connector = shipped()
    for step, (frame, wepl) in enumerate(_drawn(scan, steps, seed)):
        graph = connector.connect(frame)
        prepared, (links, cost) = connector.prepare(graph), links_and_costs(graph, frame, wepl)
        for name, optimiser in optimisers.items():
            optimiser.param_groups[0]["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
            optimiser.zero_grad()
            LOSSES[name](networks[name](prepared), links, cost).backward()
            optimiser.step()
    archive.mkdir(parents=True, exist_ok=True)
    for name, network in networks.items():
        about = {"loss": name, "seed": seed, "steps": steps}
        save_network(shipped(network), weights_file(archive, name, seed), about=about)


def shipped(weights: TrackModel | None = None) -> TrackModel:
    """Returns the shipped network, or one like it with other weights."""
    network = load_method("trackscape")
    assert isinstance(network, TrackModel)
    if weights is not None:
        network.load_state_dict(weights.state_dict())
    return network


def _drawn(scan: Scan, steps: int, seed: int) -> Iterator[tuple[Hits, np.ndarray]]:
    """Gives frames of the even-numbered angles, the same number of each, in a random order."""
    rng = np.random.default_rng(seed)
    even = range(0, len(scan.files), 2)
    pool: list[tuple[Hits, np.ndarray]] = []
    for number in show_progress(even, "reading"):
        angle = read_angle(scan, number)
        some = rng.permutation(len(angle.frames))[: -(-steps // len(even))]
        pool += [(angle.frames[each], angle.wepl) for each in some]
    order: list[int] = rng.permutation(len(pool))[:steps].tolist()
    yield from (pool[number] for number in show_progress(order, f"training, seed {seed}"))
