"""How much is left: our tracker between the paper's network and the truth in the graph, as a page.

Run as ``python -m studies.ceiling DATA -o docs/ceiling.md``, with the folder that
holds ``water_{100,150,200}_train.npz`` and ``_test.npz``.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor

from studies.data_sets import PHANTOMS
from studies.markdown import table
from trackscape.data import Assignment, HitGraph, Hits, Tracks
from trackscape.evaluation import Summary, evaluate_frames, read_frames
from trackscape.files import replacing
from trackscape.graph_construction import link_labels
from trackscape.progress import show_progress
from trackscape.scoring import TrackModel, likelihood_loss
from trackscape.tracking import Tracker, follow, load_tracker, network_tracker

PER_FRAME = (50, 100, 150)
JUDGED_AT = 100
STEPS = 3000
RATE = 5e-3
SEEDS = (0, 1, 2)
ROUNDS = 10
"""Of messages, when the informed model reconstructs; two while it learns."""
SHOWN = ("purity", "efficiency", "complete_efficiency", "trackml_score")
PUBLISHED, ENDS, CONSTANTS, OURS = (
    "line-graph-ptt",
    "line-graph-ptt-tuned-end",
    "nine-constants",
    "trackscape",
)
INFORMED, TRUTH = "best informed model", "truth in the graph"


class InformedNetwork(TrackModel):
    """Is told where each track ends, and how far every proton still has to go."""

    extra_inputs = 2

    def inputs(self, graph: HitGraph) -> Tensor:
        """What `TrackModel` sees, the layers left behind the deeper hit, and whether none is.

        Of one hit only: those of both would tell by themselves which hits belong together.
        """
        left = residual_range(graph.hits)[graph.edge_index[0]]
        told = torch.stack([left / 10, (left == 0).to(left.dtype)], dim=1)
        return torch.cat([super().inputs(graph), told], dim=1)


def residual_range(hits: Hits) -> Tensor:
    """Number of layers behind each hit that its particle reaches, (H,), from the truth."""
    truth = hits.known_truth
    particle = torch.stack([truth.event, truth.track]).unique(dim=1, return_inverse=True)[1]
    n_particles = int(particle.max()) + 1 if len(particle) else 0
    last = hits.layer.new_zeros(n_particles).scatter_reduce(0, particle, hits.layer, "amax")
    return (last[particle] - hits.layer).to(hits.position.dtype)


def follow_truth(hits: Hits) -> Tracks:
    """Returns the true chains that our graph holds."""
    graph = TrackModel().connect(hits)
    return follow(Assignment(graph=graph, selected=link_labels(graph)))


def train_informed(frames: Sequence[Hits], *, seed: int) -> InformedNetwork:
    """Trains with the truth as an input, otherwise as our network is trained."""
    torch.manual_seed(seed)
    network = InformedNetwork()
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    for step in show_progress(range(STEPS), "steps"):
        for group in optimiser.param_groups:
            group["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        graph = network.connect(frames[int(torch.randint(len(frames), ()))])
        loss = likelihood_loss(network(network.prepare(graph)), link_labels(graph))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    network.sizes["rounds"] = ROUNDS
    return network.eval()


Cells = dict[tuple[str, int, int], list[Summary]]
"""By name, primaries per frame and phantom; one for each seed."""


def measure(data: Path) -> Cells:
    """Evaluates all on the test files."""
    files = [data / f"water_{phantom}_train.npz" for phantom in PHANTOMS]
    frames = [frame for file in files for frame in read_frames(file, per_frame=JUDGED_AT)]
    informed = [network_tracker(train_informed(frames, seed=seed)) for seed in SEEDS]
    trackers: dict[str, Sequence[Tracker]] = {
        name: [load_tracker(name)] for name in (PUBLISHED, ENDS, CONSTANTS, OURS)
    }
    trackers |= {INFORMED: informed, TRUTH: [follow_truth]}
    summaries: Cells = {}
    for per_frame in PER_FRAME:
        for phantom in PHANTOMS:
            frames = read_frames(data / f"water_{phantom}_test.npz", per_frame=per_frame)
            for name, of_name in trackers.items():
                summaries[name, per_frame, phantom] = [
                    evaluate_frames(
                        frames,
                        tracker=tracker,
                        method=name,
                        per_frame=per_frame,
                        progress=show_progress,
                    )
                    for tracker in of_name
                ]
    return summaries


def page(summaries: Cells) -> Iterator[str]:
    """Returns the lines of the page."""
    yield from ("# How much is left", "")
    yield (
        f"On the test files, which chose nothing, in %. *{TRUTH}* chains all true segments that "
        f"our graph holds: the only bound here. *{INFORMED}* is our network with two more inputs "
        "for each segment, from the truth: whether the track of its deeper hit ends there, and "
        f"how many layers are left. It has learned from {STEPS:,} frames, takes {ROUNDS} rounds "
        f"of messages and is shown as mean ± standard deviation of {len(SEEDS)} seeds. It is the "
        "best that we have seen, limited by its training and its messages, and no bound: a better "
        "model may exceed it. Regenerate with `make ceiling DATA=folder`."
    )
    titles = [name.replace("_", " ") for name in SHOWN]
    for per_frame in PER_FRAME:
        headers = [f"{per_frame} p+/F: {' / '.join(titles)}", *(f"{mm} mm" for mm in PHANTOMS)]
        yield from ("", *table(headers, _rows(summaries, per_frame)))
    for first in (PUBLISHED, ENDS):
        yield from ("", f"Of the distance from {first} to {TRUTH}, {OURS} closes")
        for metric in SHOWN[:3]:
            shares = [_closed(summaries, first, phantom, metric) for phantom in PHANTOMS]
            yield f"{', '.join(shares)} of {metric.replace('_', ' ')};"
        yield f"at {JUDGED_AT} p+/F behind {', '.join(map(str, PHANTOMS))} mm."


def _rows(summaries: Cells, per_frame: int) -> Iterator[list[str]]:
    for name in dict.fromkeys(name for name, _, _ in summaries):
        of = [summaries[name, per_frame, phantom] for phantom in PHANTOMS]
        yield [name, *(" / ".join(_value(seeds, metric) for metric in SHOWN) for seeds in of)]


def _value(seeds: Sequence[Summary], metric: str) -> str:
    values = [100 * each.values[metric] for each in seeds]
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.1f}{spread}"


def _closed(summaries: Cells, first: str, phantom: int, metric: str) -> str:
    low, ours, high = (
        summaries[name, JUDGED_AT, phantom][0].values[metric] for name in (first, OURS, TRUTH)
    )
    return f"{100 * (ours - low) / (high - low):.0f} %"


def main(
    data: Annotated[Path, typer.Argument(help="Folder with the training and test files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")],
) -> None:
    """Train the informed models, measure all and write the page."""
    summaries = measure(data)
    with replacing(output) as partial:
        partial.write_text("\n".join(page(summaries)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
