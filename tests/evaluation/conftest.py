"""Frames written by hand, and frames of random protons reconstructed with random faults."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch

from trackscape.data import Assignment, HitGraph, Hits, Tracks, Truth
from trackscape.evaluation import FrameCounts, count_frame

BRIGHT, DIM = 0.1, 0.01  # MeV, above and below the threshold of a Bragg peak


@dataclasses.dataclass
class Frame:
    """Rows are (event, track, layer, energy); tracks and edges are made of row numbers."""

    rows: list[tuple[int, int, int, float]]
    tracks: list[list[int]]
    edges: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    selected: list[bool] = dataclasses.field(default_factory=list)

    def nouns(self) -> tuple[Tracks, Assignment]:
        """Sorts the rows by layer and renumbers tracks and edges."""
        order = sorted(range(len(self.rows)), key=lambda row: self.rows[row][2])
        place = {row: number for number, row in enumerate(order)}
        event, track, layer, energy = (
            torch.tensor([self.rows[row][column] for row in order]) for column in range(4)
        )
        event, track, layer = event.long(), track.long(), layer.long()
        truth = Truth(event=event, track=track, parent=(track != 1).long())
        hits = Hits(
            position=torch.zeros(len(order), 3), energy=energy.float(), layer=layer, truth=truth
        )
        chains = [sorted(place[row] for row in chain) for chain in self.tracks]
        index = torch.tensor([hit for chain in chains for hit in chain]).long()
        offset = torch.tensor([0, *(len(chain) for chain in chains)]).cumsum(0)
        chosen = {
            (place[a], place[b]): s for (a, b), s in zip(self.edges, self.selected, strict=True)
        }
        edges = sorted(chosen)
        graph = HitGraph(hits=hits, edge_index=torch.tensor(edges).long().view(-1, 2).T)
        selected = torch.tensor([chosen[edge] for edge in edges]).bool()
        assignment = Assignment(graph=graph, selected=selected)
        return Tracks(hits=hits, index=index, offset=offset), assignment

    def count(self) -> FrameCounts:
        return count_frame(*self.nouns())


def proton(event: int, n_hits: int, track: int = 1, last: float = BRIGHT) -> list:
    """Rows of a particle that starts in layer 0; track 1 is the primary."""
    energy = [DIM] * (n_hits - 1) + [last]
    return [(event, track, layer, energy[layer]) for layer in range(n_hits)]


def random_frame(seed: int) -> Frame:
    """Up to six events with secondaries; tracks are the particles with hits moved or lost."""
    random = np.random.default_rng(seed)
    rows, tracks = [], [[] for _ in range(20)]
    for event in range(random.integers(0, 7)):
        for track in range(1, random.integers(2, 4)):
            faults = random.choice([0.0, 0.1, 0.5])
            own = random.integers(len(tracks))
            for _, _, layer, _ in proton(event, random.integers(1, 13)):
                owner = random.integers(-1, len(tracks)) if random.random() < faults else own
                if owner >= 0:
                    tracks[owner].append(len(rows))
                rows.append((event, track, layer, random.choice([BRIGHT, DIM])))
    edges = [
        (a, b)
        for a in range(len(rows))
        for b in range(len(rows))
        if rows[a][2] == rows[b][2] + 1 and random.random() < 0.5
    ]
    selected = (random.random(len(edges)) < 0.5).tolist()
    return Frame(rows, [chain for chain in tracks if chain], edges, selected)


# The fixtures hand out the functions, so that tests with `@given` can call them many times.


@pytest.fixture(scope="session", name="Frame")
def frame_class() -> type[Frame]:
    return Frame


@pytest.fixture(scope="session", name="proton")
def proton_function() -> Callable[..., list]:
    return proton


@pytest.fixture(scope="session", name="random_frame")
def random_frame_function() -> Callable[[int], Frame]:
    return random_frame
