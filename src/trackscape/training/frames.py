"""Frames -> prepared graphs with labels, in an order that depends on seed and epoch alone."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import lightning
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from trackscape.data import HitGraph, Hits
from trackscape.graph_construction.labels import edge_labels
from trackscape.scoring import Scorer
from trackscape.training.process import never_exhausted


class Example(NamedTuple):
    """One frame as a network sees it, with its truth."""

    graph: Any
    """The graph as its network has prepared it."""
    label: Float[Tensor, " edges"]
    """1 where an edge is true."""
    hit_graph: HitGraph
    number: int
    """Place of the frame among all of its data."""


class Examples(Dataset[Example]):
    """Makes each example when it is asked for: hits are small, line graphs are not."""

    def __init__(self, frames: Sequence[Hits], *, scorer: Scorer) -> None:
        self.frames, self.scorer = frames, scorer

    def __len__(self) -> int:
        return len(self.frames)

    @never_exhausted
    def __getitem__(self, index: int) -> Example:
        graph = self.scorer.connect(self.frames[index])
        return Example(self.scorer.prepare(graph), edge_labels(graph), graph, index)


class RandomFrames(Sampler[int]):
    """Draws frames with replacement; what is drawn in an epoch depends on seed and epoch only.

    So a run that was killed and resumed at the start of an epoch sees the same frames.
    """

    def __init__(self, n_frames: int, *, n_draws: int, seed: int) -> None:
        self.n_frames, self.n_draws, self.seed = n_frames, n_draws, seed
        self.epoch = 0

    def __len__(self) -> int:
        return self.n_draws

    def set_epoch(self, epoch: int) -> None:
        """Hears from Lightning which epoch begins."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        draws = torch.randint(self.n_frames, (self.n_draws,), generator=generator)
        yield from draws.tolist()


class FrameData(lightning.LightningDataModule):
    """Training and validation frames of a run. One epoch is the time between two validations."""

    def __init__(
        self,
        *,
        training: Sequence[Hits],
        validation: Sequence[Hits],
        scorer: Scorer,
        graphs_per_epoch: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.training = Examples(training, scorer=scorer)
        self.validation = Examples(validation, scorer=scorer)
        self.sampler = RandomFrames(len(training), n_draws=graphs_per_epoch, seed=seed)

    def train_dataloader(self) -> DataLoader[Example]:
        """Returns the frames of one epoch, one graph at a time."""
        return DataLoader(self.training, batch_size=None, sampler=self.sampler)

    def val_dataloader(self) -> DataLoader[Example]:
        """Returns all validation frames in order."""
        return DataLoader(self.validation, batch_size=None)
