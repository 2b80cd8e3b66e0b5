"""How much is left: our tracker beside an oracle that knows the energy of every proton, as a page.

Run as ``python -m trackscape.experiments.oracle DATA -o docs/ceiling.md``, with the folder that
holds ``water_{100,150,200}_{train,val}.npz``.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor, nn

from trackscape.assignment import likelihood_loss
from trackscape.data import Assignment, HitGraph, Hits, Tracks
from trackscape.evaluation import Summary
from trackscape.experiments.evaluate import evaluate_frames, read_frames
from trackscape.experiments.progress import show_progress
from trackscape.experiments.results.measure import PHANTOMS
from trackscape.files import replacing
from trackscape.graph_construction.labels import link_labels
from trackscape.scoring import BeliefNetwork
from trackscape.scoring.beliefs.potentials import INPUTS
from trackscape.tracking import Tracker, follow, load_tracker, network_tracker

PER_FRAME = (50, 100, 150)
JUDGED_AT = 100
STEPS = 6000
RATE = 5e-3
SHOWN = ("purity", "efficiency", "complete_efficiency", "trackml_score")
PUBLISHED, OURS, ORACLE, TRUTH = "line-graph-ptt", "trackscape", "oracle", "truth in the graph"


class OracleNetwork(BeliefNetwork):
    """Learns the scattering law as a function of the true residual range of each proton."""

    def __init__(self) -> None:
        super().__init__()
        first = self.potentials[0]
        assert isinstance(first, nn.Linear)
        self.potentials[0] = nn.Linear(INPUTS + 1, first.out_features)

    def inputs(self, graph: HitGraph) -> Tensor:
        """What `BeliefNetwork` sees, and the layers that the proton of the deeper hit still has.

        That is its energy, in the unit of this detector. The range of one hit only: that of both
        would tell by itself which hits belong together.
        """
        left = residual_range(graph.hits)[graph.edge_index[0]]
        return torch.cat([super().inputs(graph), left[:, None] / 10], dim=1)


def residual_range(hits: Hits) -> Tensor:
    """Number of layers behind each hit that its particle reaches, (H,), from the truth."""
    truth = hits.known_truth
    particle = torch.stack([truth.event, truth.track]).unique(dim=1, return_inverse=True)[1]
    n_particles = int(particle.max()) + 1 if len(particle) else 0
    last = hits.layer.new_zeros(n_particles).scatter_reduce(0, particle, hits.layer, "amax")
    return (last[particle] - hits.layer).to(hits.position.dtype)


def follow_truth(hits: Hits) -> Tracks:
    """Returns the true chains that our graph holds."""
    graph = BeliefNetwork().connect(hits)
    return follow(Assignment(graph=graph, selected=link_labels(graph)))


def train_oracle(frames: Sequence[Hits], *, seed: int = 0) -> OracleNetwork:
    """Trains an oracle as configs/cpu/trackscape.yaml trains our network, without averaging."""
    torch.manual_seed(seed)
    network = OracleNetwork()
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    for step in show_progress(range(STEPS), "steps"):
        for group in optimiser.param_groups:
            group["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        graph = network.connect(frames[int(torch.randint(len(frames), ()))])
        loss = likelihood_loss(network(network.prepare(graph)), link_labels(graph))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval()


def measure(data: Path) -> dict[tuple[str, int, int], Summary]:
    """Evaluates all four by name, primaries per frame and phantom."""
    files = [data / f"water_{phantom}_train.npz" for phantom in PHANTOMS]
    frames = [frame for file in files for frame in read_frames(file, per_frame=JUDGED_AT)]
    trackers: dict[str, Tracker] = {
        PUBLISHED: load_tracker(PUBLISHED),
        OURS: load_tracker(OURS),
        ORACLE: network_tracker(train_oracle(frames)),
        TRUTH: follow_truth,
    }
    summaries: dict[tuple[str, int, int], Summary] = {}
    for per_frame in PER_FRAME:
        for phantom in PHANTOMS:
            frames = read_frames(data / f"water_{phantom}_val.npz", per_frame=per_frame)
            for name, tracker in trackers.items():
                summaries[name, per_frame, phantom] = evaluate_frames(
                    frames,
                    tracker=tracker,
                    method=name,
                    per_frame=per_frame,
                    progress=show_progress,
                )
    return summaries


def page(summaries: dict[tuple[str, int, int], Summary]) -> Iterator[str]:
    """Returns the lines of the page."""
    yield from ("# How much is left", "")
    yield (
        "On the validation files, in %. The oracle is our network with the true energy of every "
        "proton as an input: it has learned the scattering law of the simulation for each energy, "
        f"from the same {STEPS:,} frames, and takes the most probable segments. *{TRUTH}* chains "
        "all true segments that our graph holds. Regenerate with `make ceiling DATA=folder`."
    )
    titles = [name.replace("_", " ") for name in SHOWN]
    for per_frame in PER_FRAME:
        yield from ("", f"| {per_frame} p+/F: {' / '.join(titles)} | 100 mm | 150 mm | 200 mm |")
        yield "|---|---|---|---|"
        for name in (PUBLISHED, OURS, ORACLE, TRUTH):
            of = [summaries[name, per_frame, phantom].values for phantom in PHANTOMS]
            cells = [" / ".join(f"{100 * values[each]:.1f}" for each in SHOWN) for values in of]
            yield f"| {name} | {' | '.join(cells)} |"
    yield from ("", f"Of the distance from {PUBLISHED} to the oracle, {OURS} closes")
    for metric in SHOWN:
        shares: list[str] = []
        for phantom in PHANTOMS:
            low, ours, high = (
                summaries[name, JUDGED_AT, phantom].values[metric]
                for name in (PUBLISHED, OURS, ORACLE)
            )
            shares.append(f"{100 * (ours - low) / (high - low):.0f} %")
        yield f"{', '.join(shares)} of {metric.replace('_', ' ')};"
    yield f"at {JUDGED_AT} p+/F behind {', '.join(map(str, PHANTOMS))} mm."


def main(
    data: Annotated[Path, typer.Argument(help="Folder with the training and validation files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page to write.")],
) -> None:
    """Train the oracle, measure all and write the page."""
    summaries = measure(data)
    with replacing(output) as partial:
        partial.write_text("\n".join(page(summaries)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
