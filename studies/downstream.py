"""Training with what a wrong segment costs the image: the same network, other losses, as a page.

Run as ``python -m studies.downstream TUNING JUDGED -o docs/studies/downstream.md``, with two scans
of CTP404 that ``trackscape simulate --scan configs/scan/ctp404.yaml --seed N`` made. The shipped
weights are trained further on frames of the even-numbered angles of the first, and judged on
odd-numbered angles of the second. Regrets are in protons lost: κ counts as 1. The page is written
by hand but for its generated part.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import torch
import typer
from torch import Tensor

from studies.markdown import replace_parts, table
from trackscape.assignment import Assigner, spo_plus_loss
from trackscape.data import Hits, TrackScores
from trackscape.formats import read_hits, read_primaries
from trackscape.graph_construction import link_labels, split_frames
from trackscape.imaging import (
    Cylinder,
    PathModel,
    decision_costs,
    expected_wepl,
    hit_wepl,
    optics_of,
    read_calibration,
    regret,
    select_protons,
    track_rows,
)
from trackscape.progress import show_progress
from trackscape.scoring import TrackModel, likelihood_loss, load_method
from trackscape.scoring.track_model import JOIN, START, run_bp
from trackscape.simulation import PRIMARY, Scan, read_scan
from trackscape.tracking import accept, follow, recover_holes

PER_FRAME = 100
RATE = 1e-3
MARGIN = 2.0
"""What a lost proton adds to the log odds in the likelihood with costs."""
CONTRAST = 0.5
"""What a lost proton costs in SPO+ or, without costs, a wrong edge."""
RADIUS = 75.0
"""Radius of the phantom in mm; frames of spots beside it are left out."""
KAPPA = 9.0
ASSIGNER = Assigner(semantics="with_unmatched", unmatched_cost=0.5)
_ROUNDS = 4  # of messages, as in the shipped network
_RESAMPLES = 500

Loss = Callable[[TrackScores, Tensor, Tensor], Tensor]
"""Scores, links and costs -> what is minimised."""


def raised(scores: TrackScores, log_odds: Tensor) -> TrackScores:
    """Returns the scores of a network that gives each segment so much more log odds."""
    shift = torch.zeros_like(scores.potentials)
    shift[:, START] = shift[:, JOIN] = log_odds.to(shift)
    potentials = scores.potentials + shift
    logit, log_partition = run_bp(potentials, graph=scores.triplets, n_iterations=_ROUNDS)
    return dataclasses.replace(
        scores, logit=logit, potentials=potentials, log_partition=log_partition
    )


def _spo_plus(scores: TrackScores, links: Tensor, cost: Tensor | None = None) -> Tensor:
    label = links.to(scores.logit.dtype)
    return spo_plus_loss(scores, label, assigner=ASSIGNER, contrast=CONTRAST, cost=cost)


def _priced_likelihood(scores: TrackScores, links: Tensor, cost: Tensor) -> Tensor:
    """The likelihood where wrong sets of tracks are made likelier by what they cost.

    The softmax margin of Gimpel and Smith (NAACL 2010). In what is summed over right segments, the
    costs are those of leaving them out.
    """
    harm = torch.where(links, -cost, cost)
    return likelihood_loss(raised(scores, MARGIN * harm), links)


LOSSES: dict[str, Loss] = {
    "likelihood": lambda scores, links, _: likelihood_loss(scores, links),
    "likelihood with costs": _priced_likelihood,
    "SPO+": lambda scores, links, _: _spo_plus(scores, links),
    "SPO+ with costs": _spo_plus,
}
"""The first is that of the shipped weights. SPO+ is twice the hinge loss with half of its contrast
as margin, which is left out for that."""


class Angle(NamedTuple):
    """Frames of one angle over the object, and the expected WEPL of its events in mm."""

    radians: float
    frames: list[Hits]
    wepl: np.ndarray


def read_angle(scan: Scan, number: int) -> Angle:
    """Reads the hits and primaries of an angle."""
    turn = math.radians(scan.angles[number])
    primaries = read_primaries(scan.primaries_files[number], PRIMARY.names or ())
    wepl = expected_wepl(dataclasses.replace(scan.phantom, angle=turn), primaries)
    frames = split_frames(read_hits(scan.files[number]), per_frame=PER_FRAME)
    over = [frame for frame in frames if _over_object(frame)]
    return Angle(turn, over, wepl)


def _over_object(frame: Hits) -> bool:
    return frame.spot is None or abs(float(frame.spot[0, 0])) < RADIUS


def train(scan: Scan, *, steps: int, seed: int) -> dict[str, TrackModel]:
    """Trains one copy of the shipped network with each loss, all with the same frames."""
    # Compiled networks have the gradient of the likelihood alone.
    networks = {name: _shipped().plain() if "SPO+" in name else _shipped() for name in LOSSES}
    optimisers = {
        name: torch.optim.Adam(network.parameters(), lr=RATE) for name, network in networks.items()
    }
    connector = _shipped()
    for step, (frame, wepl) in enumerate(_drawn(scan, steps, seed)):
        graph = connector.connect(frame)
        prepared, links = connector.prepare(graph), link_labels(graph)
        cost = decision_costs(graph, links, hit_wepl(frame, wepl), lost=KAPPA) / KAPPA
        for name, optimiser in optimisers.items():
            optimiser.param_groups[0]["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
            optimiser.zero_grad()
            LOSSES[name](networks[name](prepared), links, cost).backward()
            optimiser.step()
    return {name: _shipped(network) for name, network in networks.items()}


def _shipped(weights: TrackModel | None = None) -> TrackModel:
    """The shipped network, or one like it with other weights."""
    network = load_method("trackscape")
    assert isinstance(network, TrackModel)
    if weights is not None:
        network.load_state_dict(weights.state_dict())
    return network


def _drawn(scan: Scan, steps: int, seed: int) -> Iterator[tuple[Hits, np.ndarray]]:
    """Gives frames of the even-numbered angles, the same number of each, in a random order."""
    rng = np.random.default_rng(seed)
    even = range(0, len(scan.files), 2)
    pool: list[tuple[Hits, np.ndarray]] = []
    for number in show_progress(even, "reading"):
        angle = read_angle(scan, number)
        some = rng.permutation(len(angle.frames))[: -(-steps // len(even))]
        pool += [(angle.frames[each], angle.wepl) for each in some]
    order: list[int] = rng.permutation(len(pool))[:steps].tolist()
    yield from (pool[number] for number in show_progress(order, "training"))


COLUMNS = ("protons", "regret", "used", "right", "error", "square", "wrong", "wrong square")
"""Sums of each frame: protons, regret, tracks that are used for an image and right ones among them,
errors of WEPL in mm and their squares, of these the part of wrong tracks."""


def judge(scan: Scan, numbers: Sequence[int], networks: Mapping[str, TrackModel]) -> np.ndarray:
    """Returns the sums of each network and frame, (networks, frames, columns)."""
    geometry, found = PathModel.of(optics_of(scan), Cylinder(RADIUS)), []
    connector = _shipped()
    calibration = read_calibration()
    for number in show_progress(numbers, "judging"):
        angle = read_angle(scan, number)
        sums = np.zeros((len(networks), len(angle.frames), len(COLUMNS)))
        rows: list[list[np.ndarray]] = [[] for _ in networks]
        for place, frame in enumerate(angle.frames):
            graph = connector.connect(frame)
            prepared, links = connector.prepare(graph), link_labels(graph)
            cost = decision_costs(graph, links, hit_wepl(frame, angle.wepl), lost=KAPPA) / KAPPA
            for which, network in enumerate(networks.values()):
                with torch.no_grad():
                    assignment = ASSIGNER(network(prepared))
                tracks = accept(recover_holes(follow(assignment)))
                rows[which].append(track_rows(tracks, calibration=calibration, frame=place))
                harm = float(regret(assignment.selected, links, cost))
                sums[which, place, :2] = PER_FRAME, harm
        for which in range(len(networks)):
            sums[which, :, 2:] = _used(np.concatenate(rows[which]), angle, geometry)
        found.append(sums)
    return np.concatenate(found, axis=1)


def _used(rows: np.ndarray, angle: Angle, geometry: PathModel) -> np.ndarray:
    """Sums over the tracks that pass the cuts and cross the object, (frames, 6)."""
    protons = select_protons(rows, geometry, angle=angle.radians)
    kept = rows[protons.row]
    error = protons.wepl - angle.wepl[kept["event"]]
    counts = (protons.entrance < protons.exit) & (kept["event"] >= 0) & np.isfinite(error)
    kept, error = kept[counts], error[counts]
    wrong = kept["right"] != 1
    values = (np.ones(len(kept)), ~wrong, error, error**2, wrong * error, wrong * error**2)
    frames = len(angle.frames)
    return np.stack([np.bincount(kept["frame"], each, frames) for each in values], axis=1)


MEASURES: dict[str, Callable[[Mapping[str, np.ndarray]], np.ndarray]] = {
    "regret, lost protons in 100": lambda s: 100 * s["regret"] / s["protons"],
    "used of 100": lambda s: 100 * s["used"] / s["protons"],
    "right, % of used": lambda s: 100 * s["right"] / s["used"],
    "mean error, mm": lambda s: s["error"] / s["used"],
    "rms error, mm": lambda s: np.sqrt(s["square"] / s["used"]),
    "of wrong tracks: mean, mm": lambda s: s["wrong"] / s["used"],
    "rms, mm": lambda s: np.sqrt(s["wrong square"] / s["used"]),
}
"""Both measures of wrong tracks count right ones as 0: they are what wrong ones add."""


def measured(sums: np.ndarray) -> np.ndarray:
    """Returns the measures, (measures, ...), of sums, (..., columns)."""
    named = {name: sums[..., column] for column, name in enumerate(COLUMNS)}
    return np.stack([measure(named) for measure in MEASURES.values()])


def page(names: Sequence[str], sums: np.ndarray, about: str) -> Iterator[str]:
    """Gives the lines of the generated part.

    Arguments:
        names: Of the networks; the second one is the control.
        sums: Those of `judge`, (networks, frames, columns).
        about: Sentence on what was trained and judged.
    """
    rng = np.random.default_rng(0)
    frames = sums.shape[1]
    drawn = rng.multinomial(frames, np.full(frames, 1 / frames), size=_RESAMPLES)
    values = measured(sums.sum(axis=1))
    resampled = measured(np.einsum("rf,nfc->rnc", drawn, sums))  # (measures, resamples, networks)
    headers = ["trained with", *MEASURES]
    yield from (about, "")
    yield from table(headers, _cells(names, values, resampled.std(axis=1)), align="right")
    yield from ("", f"Less the row *{names[1]}*; bold beyond three standard errors:", "")
    others = [number for number in range(len(names)) if number != 1]
    differences = (values - values[:, 1:2])[:, others]
    errors = (resampled - resampled[:, :, 1:2]).std(axis=1)[:, others]
    cells = _cells([names[number] for number in others], differences, errors, signed=True)
    yield from table(headers, cells, align="right")


def _cells(
    names: Sequence[str], values: np.ndarray, errors: np.ndarray, *, signed: bool = False
) -> Iterator[list[str]]:
    for name, of_name, error in zip(names, values.T, errors.T, strict=True):
        yield [name, *(_cell(v, e, signed) for v, e in zip(of_name, error, strict=True))]


def _cell(value: float, error: float, signed: bool) -> str:
    text = f"{value:{'+' if signed else ''}.3f} ± {error:.3f}"
    return f"**{text}**" if signed and abs(value) > 3 * error else text


def main(
    tuning: Annotated[Path, typer.Argument(help="Folder of the scan to train with.")],
    judged: Annotated[Path, typer.Argument(help="Folder of the scan to judge by.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Page whose part to write.")],
    steps: Annotated[int, typer.Option(help="Frames to train with.")] = 300,
    angles: Annotated[int, typer.Option(help="Odd-numbered angles to judge by.")] = 15,
    seed: Annotated[int, typer.Option(help="Seed of the frames.")] = 0,
) -> None:
    """Train with each loss, judge all and write the page."""
    torch.set_num_threads(1)
    first, second = read_scan(tuning), read_scan(judged)
    started = time.process_time()
    networks = {"shipped": _shipped()} | train(first, steps=steps, seed=seed)
    trained = time.process_time() - started
    odd = np.arange(1, len(second.files), 2)
    numbers = odd[np.linspace(0, len(odd), angles, endpoint=False).astype(int)].tolist()
    sums = judge(second, numbers, networks)
    about = (
        f"{steps} frames of {PER_FRAME} protons from scan {first.seed}, one for each step of Adam; "
        f"{trained / 60:.0f} min of one core in all. Judged by {sums.shape[1]} frames of {angles} "
        f"angles of scan {second.seed}."
    )
    replace_parts(output, {"numbers": page(list(networks), sums, about)})


if __name__ == "__main__":
    typer.run(main)
