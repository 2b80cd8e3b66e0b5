"""Frames for the baselines."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from trackscape import samples
from trackscape.data import Hits, Tracks, Truth
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.simulation import load_detector

SOURCE = 360.0
"""mm before the first layer."""


def make_beam(
    *, side: int = 3, spacing: float = 4.0, n_layers: int = 14, kink: float = 0.0
) -> Hits:
    """Protons on a square grid, from one point, that stop in the last two layers.

    In each layer each is turned by a normal angle of `kink` rad about both axes.
    """
    random = np.random.default_rng(4)
    depth = load_detector("bergen-auto").layer_z[:n_layers]
    grid = spacing * (np.indices((side, side)).reshape(2, -1).T - (side - 1) / 2)
    slope, place = grid / SOURCE, grid.copy()
    position, layer, track = [], [], []
    for number, z in enumerate(depth):
        if number > 0:
            place = place + slope * (z - depth[number - 1])
        slope = slope + kink * random.standard_normal(slope.shape)
        alive = np.arange(side**2)[number < n_layers - np.arange(side**2) % 2]
        position.append(np.column_stack([place[alive], np.full(len(alive), z)]))
        layer.append(np.full(len(alive), number))
        track.append(alive)
    event = torch.from_numpy(np.concatenate(track))
    deepest = n_layers - 1 - event % 2
    layers = torch.from_numpy(np.concatenate(layer))
    return Hits(
        position=torch.from_numpy(np.concatenate(position)),
        energy=torch.where(layers == deepest, 0.12, 0.04),
        layer=layers,
        truth=Truth(event=event, track=torch.ones_like(event), parent=torch.zeros_like(event)),
    )


def list_chains(tracks: Tracks) -> set[tuple[int, ...]]:
    """The hits of each chain, in no order."""
    return {tuple(chain.tolist()) for chain in tracks}


@pytest.fixture(scope="session")
def beam() -> Callable[..., Hits]:
    return make_beam


@pytest.fixture(scope="session")
def chains() -> Callable[[Tracks], set[tuple[int, ...]]]:
    return list_chains


@pytest.fixture(scope="session")
def real_frames() -> list[Hits]:
    """Geant4 protons behind 150 mm of water, 50 in a frame."""
    return split_frames(read_hits(samples.TRAIN), per_frame=50)[:6]
