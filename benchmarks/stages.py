"""Time and peak memory of each stage of the reconstruction and of a training step.

Run as ``python benchmarks/stages.py FILE -o docs/benchmarks.md``. Medians over frames; peak memory
is the highest resident size during the stage above the one before it (Linux only), measured in a
first pass, before the process is told to keep freed memory. The ratios compare two ways of the same
work in the same run.
"""

import functools
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import torch
import typer

from trackscape.assignment import (
    Assigner,
    available_backends,
    blackbox_assignment,
    by_region,
    cross_entropy_loss,
    hamming_loss,
)
from trackscape.cli.memory import keep_freed_memory
from trackscape.evaluation import count_frame
from trackscape.experiments.evaluate import read_frames
from trackscape.formats import replacing
from trackscape.graph_construction import connect_layers
from trackscape.graph_construction.labels import edge_labels
from trackscape.scoring import LineGraphNetwork, load_method
from trackscape.scoring.interaction_networks import segment_features
from trackscape.scoring.layers import max_incoming
from trackscape.tracking import accept, follow, reconstruct

PER_FRAME = (50, 100, 150)
N_FRAMES = 7
Row = tuple[float, float]


class Stopwatch:
    """Collects wall time (ms) and peak memory above the start (MB) of named pieces of work."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}

    def run(self, name: str, work: Callable[..., Any], *arguments: Any) -> Any:
        base = _reset_peak()
        start = time.perf_counter()
        result = work(*arguments)
        wall = 1e3 * (time.perf_counter() - start)
        self.rows.setdefault(name, []).append((wall, _memory("VmHWM") - base))
        return result

    def medians(self) -> dict[str, Row]:
        return {
            name: (median(wall for wall, _ in rows), median(peak for _, peak in rows))
            for name, rows in self.rows.items()
        }


def _reset_peak() -> float:
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise AssertionError(field)


def plain_forward(network: LineGraphNetwork, lines: Any) -> torch.Tensor:
    """The network as the paper writes it down, with a row of 144 numbers for each message."""
    x = segment_features(lines.hit_graph)
    target = torch.cat([lines.pairs[1], lines.pairs[0]])
    source = torch.cat([lines.pairs[0], lines.pairs[1]])
    encoding = network.encode(lines.angle).repeat(2, 1)
    message = network.R1(torch.cat([x[target], x[source], encoding], dim=1))
    strongest = max_incoming(message, target=target, n_nodes=len(x))
    return network.R2(network.O(torch.cat([x, strongest], dim=1)))[:, 0]


def measure(file: Path, *, per_frame: int) -> dict[str, Row]:
    watch = Stopwatch()
    network = load_method("line-graph-ptt")
    assert isinstance(network, LineGraphNetwork)
    assigner = Assigner()
    for hits in read_frames(file, per_frame=per_frame)[:N_FRAMES]:
        with torch.no_grad():
            graph = watch.run("hit graph", connect_layers, hits)
            lines = watch.run("line graph", network.prepare, graph)
            scores = watch.run("network", network, lines)
            watch.run("network, plain formulation", plain_forward, network, lines)
            for backend in available_backends():
                watch.run(f"assignment, {backend}", Assigner(backend=backend), scores)
            assignment = assigner(scores)
            tracks = watch.run("tracks", lambda chosen: accept(follow(chosen)), assignment)
            watch.run("metrics", count_frame, tracks, assignment)
        everything = functools.partial(reconstruct, scorer=network, assigner=assigner)
        watch.run("hits to tracks", everything, hits)
        label = edge_labels(graph)
        network.train()
        watch.run("training, PTT", ptt_step, network, graph, label)
        watch.run("training, PAT", pat_step, network, graph, label, assigner)
        network.eval()
    return watch.medians()


def ptt_step(network: LineGraphNetwork, graph: Any, label: torch.Tensor) -> None:
    scores = network(network.prepare(graph))
    by_region(cross_entropy_loss, scores.logit, label, graph=graph).backward()


def pat_step(
    network: LineGraphNetwork, graph: Any, label: torch.Tensor, assigner: Assigner
) -> None:
    scores = network(network.prepare(graph))
    chosen = blackbox_assignment(scores, assigner=assigner, strength=25, convention="published")
    by_region(hamming_loss, chosen, label, graph=graph).backward()


def main(
    file: Annotated[Path, typer.Argument(help="Hit file, such as water_100_val.npz.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")],
) -> None:
    """Measure all stages and write the table."""
    peaks = {per_frame: measure(file, per_frame=per_frame) for per_frame in PER_FRAME}
    keep_freed_memory()
    times = {per_frame: measure(file, per_frame=per_frame) for per_frame in PER_FRAME}
    lines = [
        "# Benchmarks",
        "",
        f"{file.name}, medians of {N_FRAMES} frames: wall time in ms / peak memory above the start "
        f"in MB. {os.cpu_count()} cores ({platform.machine()}), {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, no GPU. Regenerate: `make bench FILE=...`.",
        "",
        "| stage | " + " | ".join(f"{per_frame} p+/F" for per_frame in PER_FRAME) + " |",
        "|---|" + "---|" * len(PER_FRAME),
    ]
    for stage in times[PER_FRAME[0]]:
        cells = [f"{times[n][stage][0]:.1f} / {peaks[n][stage][1]:.0f}" for n in PER_FRAME]
        lines.append(f"| {stage} | {' | '.join(cells)} |")
    lines += [
        "",
        "Ratios of wall times in this run:",
        "",
        "| | 50 | 100 | 150 |",
        "|---|---|---|---|",
    ]
    pairs = [("network, plain formulation", "network")]
    if len(available_backends()) > 1:
        pairs.append(("assignment, scipy", "assignment, lapcpp"))
    for slow, fast in pairs:
        cells = [f"{times[n][slow][0] / times[n][fast][0]:.1f}" for n in PER_FRAME]
        lines.append(f"| {slow} : {fast} | {' | '.join(cells)} |")
    with replacing(output) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
