"""What a landscape is made of: frames, losses and decisions; weights; and who computes it."""

import dataclasses
import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from trackscape.assignment import Assigner
from trackscape.data import Hits
from trackscape.errors import LandscapeError, WeightsError
from trackscape.execution import Executor, FileQueue, Processes, RayCluster
from trackscape.files import check_place
from trackscape.landscape import NormPolicy, Problem
from trackscape.scoring import METHODS, Scorer, find_network, load_method, load_network
from trackscape.tracker_landscape.problem import (
    DECIDE,
    LossLike,
    name_losses,
    read_problem_frames,
    tracker_problem,
)
from trackscape.training import Objective
from trackscape.training.run_folder import provenance


@dataclasses.dataclass(frozen=True, kw_only=True)
class LandscapeConfig:
    """Frames, losses and decisions of a landscape; makes problems of networks from them."""

    file: Path
    """Hits with their truth."""
    per_frame: int
    """Primaries in a frame."""
    frames: int | None = None
    """Number of frames that are drawn; None for all."""
    losses: tuple[LossLike, ...] = ()
    """Losses that are computed, the differentiated one first; if empty, the default objective of
    the network, and the share of wrong decisions."""
    assigner: Assigner = DECIDE
    norm: NormPolicy | None = None
    """What BatchNorm does. None: ``frozen`` for one network, ``recomputed`` where others are met,
    since the statistics of the one are not those of the other."""
    network: str | None = None
    """Class of the networks in files of weights, if it is your own, as ``my_package.MyScorer``."""
    seed: int = 0
    """Seed of the draw of frames, of random directions and of noise."""

    @functools.cached_property
    def hits(self) -> list[Hits]:
        """The frames; they are read once."""
        return read_problem_frames(
            self.file, per_frame=self.per_frame, most=self.frames, seed=self.seed
        )

    def losses_of(self, scorer: Scorer) -> dict[str, Objective]:
        """Returns the losses of a network by name, the usual ones if none are named."""
        return name_losses(self.losses or (scorer.default_objective, "hamming"))

    def problem(
        self,
        scorer: Scorer,
        *,
        losses: Sequence[LossLike] = (),
        several: bool = False,
        twice_differentiable: bool = False,
    ) -> Problem:
        """Returns the landscape of a network, in which `several` networks may lie.

        Losses are the usual ones if empty; see `tracker_problem` for `twice_differentiable`.
        """
        return tracker_problem(
            scorer,
            self.hits,
            losses=losses or self.losses or (scorer.default_objective, "hamming"),
            assigner=self.assigner,
            norm=self.norm or ("recomputed" if several else "frozen"),
            twice_differentiable=twice_differentiable,
            seed=self.seed,
        )

    def origin(self, *weights: str) -> dict[str, Any]:
        """Returns what explains numbers that were made so of some weights, in plain values."""
        files = [Path(name) for name in weights if Path(name).is_file()]
        return {
            "weights": list(weights),
            "per_frame": self.per_frame,
            "frames": len(self.hits),
            "assigner": dataclasses.asdict(self.assigner),
            "norm": self.norm,
            **provenance(seed=self.seed, inputs=[self.file, *files]),
        }


def load_weights(name: str, *, network: str | None = None) -> Scorer:
    """Returns the network of a shipped method or of a safetensors file, in evaluation mode.

    The class of a network of your own is `network`; see `find_network`.
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
    """Returns networks that must have one architecture and different weights."""
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
                    f"{names[place]}: expected other weights than {name}, but got equal ones."
                )
    return scorers


def _equal(first: Scorer, second: Scorer) -> bool:
    values = second.state_dict()
    return all(torch.equal(value, values[name]) for name, value in first.state_dict().items())


def check_endings(outputs: Sequence[Path], *, known: Sequence[str]) -> None:
    """Refuses, before any work, files whose ending says nothing and places of which none can be."""
    for path in outputs:
        check_place(path, suffixes=known)


def check_choice(value: str, *, of: Sequence[str], what: str) -> None:
    """Raises a LandscapeError for a word that is none of a few."""
    if value not in of:
        raise LandscapeError(f"Expected {what} {', '.join(of)}, got {value!r}.")


EXECUTORS = ("serial", "processes", "ray", "queue")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Computing:
    """Makes the executor of each part of a work."""

    executor: str | None = None
    """Name of `EXECUTORS`. None: ``processes`` if there are several workers, else ``serial``."""
    workers: int = 1
    """Processes, or actors of Ray."""
    folder: Path | None = None
    """Keeps what is done, for an interrupted work to go on; what machines of a ``queue`` share."""
    progress: bool = True
    """Whether it shows how far it is."""

    def __post_init__(self) -> None:
        check_choice(self.name, of=EXECUTORS, what="the executor")
        if self.name == "queue" and self.folder is None:
            raise LandscapeError(
                "Expected a folder for the executor queue, got none; name one with --work that all "
                "machines see."
            )

    @property
    def name(self) -> str:
        """Name of the executor."""
        return self.executor or ("processes" if self.workers > 1 else "serial")

    def of(self, part: str) -> dict[str, Any]:
        """Returns what `evaluate` and `spectral_density` need for one part, in its own folder."""
        folder = self.folder / part if self.folder else None
        executor: Executor | None = None
        if self.name == "queue" and self.folder:
            executor = FileQueue(self.folder)  # which keeps each work apart by itself
        elif self.name == "ray":
            executor = RayCluster(self.workers)
        elif self.name == "processes":
            executor = Processes(self.workers)
        return {"executor": executor, "folder": folder, "progress": self.progress}


HERE = Computing()
"""This process, with a progress bar."""
