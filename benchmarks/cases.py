"""Cases: real frames of some protons behind some water, and what each stage of them starts from."""

import functools
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor

from trackscape import samples
from trackscape.assignment import Assigner
from trackscape.data import Assignment, EdgeScores, HitGraph, Hits, Tracks
from trackscape.errors import FormatError
from trackscape.evaluation import read_frames
from trackscape.graph_construction import connect_layers, edge_labels
from trackscape.scoring import Scorer, load_method
from trackscape.tracking import accept, follow

METHOD = "line-graph-ptt"
PHANTOMS = (100, 150, 200)
PER_FRAME = (50, 100, 150)
USUAL = 100
"""Protons of a frame that the network is trained on, and behind every phantom measured."""
N_FRAMES, N_FRAMES_QUICK = 5, 2


class Case(NamedTuple):
    thickness: int
    """Of the water, in mm."""
    per_frame: int
    """Primaries in a frame (p+/F)."""

    def __str__(self) -> str:
        return f"{self.per_frame} p+/F behind {self.thickness} mm"


class Size(NamedTuple):
    hits: float
    edges: float
    line_graph_edges: float
    """Messages: both directions of each pair of segments."""


class Frame:
    """One frame and, made when first asked for, what each stage of the reconstruction gives."""

    def __init__(self, hits: Hits) -> None:
        self.hits = hits

    @functools.cached_property
    def graph(self) -> HitGraph:
        return connect_layers(self.hits)

    @functools.cached_property
    def label(self) -> Tensor:
        return edge_labels(self.graph)

    @functools.cached_property
    def scores(self) -> EdgeScores:
        scorer = trained_scorer()
        with torch.no_grad():
            return scorer(scorer.prepare(self.graph))

    @functools.cached_property
    def assignment(self) -> Assignment:
        return Assigner()(self.scores)

    @functools.cached_property
    def tracks(self) -> Tracks:
        return accept(follow(self.assignment))

    @functools.cached_property
    def track_lists(self) -> list[list[int]]:
        return [self.tracks[number].tolist() for number in range(len(self.tracks))]

    @property
    def size(self) -> Size:
        downstream, upstream = self.graph.edge_index
        edges_of_hit = torch.bincount(downstream, minlength=len(self.hits))
        return Size(len(self.hits), self.graph.n_edges, 2 * int(edges_of_hit[upstream].sum()))


@functools.cache
def trained_scorer() -> Scorer:
    return load_method(METHOD)


def find_files(data: Path | None) -> dict[int, Path]:
    """Validation files by thickness; without a folder the one that the package ships.

    Raises:
        FormatError: If the folder holds none.
    """
    if data is None:
        return {150: samples.VALIDATION}
    files = {thickness: data / f"water_{thickness}_val.npz" for thickness in PHANTOMS}
    files = {thickness: path for thickness, path in files.items() if path.exists()}
    if not files:
        raise FormatError(
            f"{data}: expected water_100_val.npz, water_150_val.npz or water_200_val.npz, but "
            "found none; name the folder with the simulated hits."
        )
    return files


def all_cases(files: dict[int, Path]) -> list[Case]:
    """Three densities behind the first phantom, then the usual density behind the others."""
    first, *others = sorted(files)
    cases = [Case(first, per_frame) for per_frame in PER_FRAME]
    return [*cases, *(Case(thickness, USUAL) for thickness in others)]


def load_frames(case: Case, files: dict[int, Path], *, n: int) -> list[Frame]:
    """The first n frames of a case."""
    frames = read_frames(files[case.thickness], per_frame=case.per_frame)
    return [Frame(hits) for hits in frames[:n]]


def typical_size(frames: list[Frame]) -> Size:
    """Medians over the frames."""
    sizes = [frame.size for frame in frames]
    return Size(*(median(values) for values in zip(*sizes, strict=True)))


def typical_frame(frames: list[Frame]) -> Frame:
    """The frame with the median number of line-graph edges."""
    return sorted(frames, key=lambda frame: frame.size.line_graph_edges)[len(frames) // 2]
