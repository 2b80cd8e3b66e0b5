"""Options that the verbs of landscapes share, and what they mean."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from trackscape.cli.computing import Threads, prepare
from trackscape.cli.options import NETWORK_NAMES, NetworkClass, option

if TYPE_CHECKING:
    from trackscape.tracker_landscape.config import Computing, LandscapeConfig


Network = Annotated[
    str,
    typer.Argument(
        metavar="NETWORK", help=f"Network: {NETWORK_NAMES} (shipped), or a file of weights."
    ),
]
NetworkMethod = Annotated[str, option("NAME", f"Network: {NETWORK_NAMES}.")]
Frames = Annotated[int, option("N", "Frames that are drawn from the file.", min=1)]
LOSSES = (
    "cross_entropy, track_likelihood, hamming_blackbox, fenchel_young, imle, perturbed, aimle, "
    "lpgd, hinge, spo_plus, sinkhorn, identity"
)
"""Objectives with a gradient, as `trackscape.training` knows them; named here for a fast start."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Options behind those of each verb."""

    loss: Annotated[
        list[str] | None,
        option(
            "NAME",
            f"{LOSSES}, hamming, errors or missed; repeat for more. The first is the one that "
            "is differentiated. (default: what the network is trained by, and hamming)",
        ),
    ] = None
    reject: Annotated[
        float, option("COST", "Cost of leaving a hit unmatched, for losses of decisions.")
    ] = 0.5
    card: Annotated[
        bool, typer.Option("--card", help="Decide as published: tracks end only where they must.")
    ] = False
    norm: Annotated[
        Literal["frozen", "recomputed", "batch"] | None,
        option(
            "frozen|recomputed|batch",
            "What BatchNorm does. (default: frozen around one network, recomputed between several)",
        ),
    ] = None
    seed: Annotated[int, option("N", "Random seed of frames, directions and noise.", min=0)] = 0
    network: NetworkClass = None
    workers: Annotated[int, option("N", "Number of processes that compute in parallel.", min=1)] = 1
    executor: Annotated[
        str | None,
        option(
            "serial|processes|ray|queue",
            "Who computes; queue: many machines that see the folder --work. (default: "
            "processes if there are several --workers, else serial)",
        ),
    ] = None
    work: Annotated[
        Path | None,
        option("FOLDER", "Folder that keeps what is done; the same command goes on from there."),
    ] = None
    threads: Threads = None

    def configure(self, file: Path, *, per_frame: int, frames: int) -> "LandscapeConfig":
        """Sets the threads, and returns frames, losses and decisions."""
        from trackscape.assignment import Assigner
        from trackscape.tracker_landscape.config import LandscapeConfig

        prepare(self.threads)
        return LandscapeConfig(
            file=file,
            per_frame=per_frame,
            frames=frames,
            losses=tuple(self.loss or ()),
            assigner=Assigner()
            if self.card
            else Assigner(semantics="with_unmatched", unmatched_cost=self.reject),
            norm=self.norm,
            network=self.network,
            seed=self.seed,
        )

    def computing(self) -> "Computing":
        """Returns who computes."""
        from trackscape.tracker_landscape.config import Computing

        return Computing(executor=self.executor, workers=self.workers, folder=self.work)


def spread_options(
    verb: Callable[..., None], *, without: Sequence[str] = ()
) -> Callable[..., None]:
    """Makes options of a command of the fields of `Options`, the last argument of a verb."""
    *own, _ = inspect.signature(verb).parameters.values()
    fields = inspect.signature(Options).parameters.values()
    shared = [field for field in fields if field.name not in without]

    @functools.wraps(verb)
    def run(**values: Any) -> None:
        options = Options(**{field.name: values.pop(field.name) for field in shared})
        verb(**values, options=options)

    run.__signature__ = inspect.Signature([*own, *shared])  # pyright: ignore
    return run
