"""A training whose steps are the baseline's; all that is not measured is the library's.

Run as ``python -m benchmarks.baseline.training CONFIG --data FOLDER --runs FOLDER --steps N``.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.baseline.graph import make_line_graph
from benchmarks.baseline.network import PlainNetwork
from trackscape.data import EdgeScores, HitGraph
from trackscape.graph_construction import compressed_line_graph
from trackscape.memory import keep_freed_memory
from trackscape.scoring import LineGraphNetwork
from trackscape.training import TrainingConfig, train

_fast_forward = LineGraphNetwork.forward


def _forward(network: Any, graph: HitGraph) -> EdgeScores:
    """The baseline in training; in validation, which is not timed, the library."""
    if not network.training:
        return _fast_forward(network, compressed_line_graph(graph))
    return EdgeScores(graph=graph, logit=PlainNetwork.forward(network, make_line_graph(graph)))


def main(
    config: Path,
    data: Annotated[Path, typer.Option()],
    runs: Annotated[Path, typer.Option()],
    steps: Annotated[int, typer.Option(help="Steps in all, instead of those of the settings.")],
    validations: Annotated[int, typer.Option()] = 6,
) -> None:
    """Train the network with the steps of the baseline, and keep metrics and times."""
    keep_freed_memory()
    patched: Any = LineGraphNetwork  # in this process only
    patched.prepare, patched.forward = lambda _, graph: graph, _forward
    settings = TrainingConfig.load(config)
    every = max(steps // validations, 1)
    changes = {"steps": every * validations, "validate_every": every}
    optimiser = settings.optimiser.model_copy(update=changes)
    changes = {"name": f"baseline-{settings.name}", "optimiser": optimiser}
    train(settings.model_copy(update=changes), data=data, runs=runs, seed=0)


if __name__ == "__main__":
    typer.run(main)
