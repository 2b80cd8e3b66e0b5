"""Networks and angles of a scan -> what their decisions cost, and their errors of WEPL."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from studies.downstream.losses import ASSIGNER
from studies.downstream.train import (
    PER_FRAME,
    Angle,
    links_and_costs,
    read_angle,
    shipped,
)
from studies.intervals import LeftOut
from studies.scans import path_model, used_tracks
from trackscape.compiled import Floats
from trackscape.imaging import (
    PathModel,
    read_calibration,
    regret,
    track_rows,
)
from trackscape.progress import show_progress
from trackscape.scoring import TrackModel, load_network
from trackscape.simulation import Scan
from trackscape.tracking import accept, follow, recover_holes

COLUMNS = ("protons", "regret", "used", "right", "error", "square", "wrong", "wrong square")
"""Sums of each angle: protons, regret, tracks that are used for an image and right ones among them,
errors of WEPL in mm and their squares, of these the part of wrong tracks."""


def judge(scan: Scan, numbers: Sequence[int], weights: Sequence[Path | None]) -> Floats:
    """Returns the sums of each file of weights, None for the shipped ones, and angle.

    Shape (networks, angles, columns).
    """
    model = path_model(scan)
    networks = [shipped() if path is None else _loaded(path) for path in weights]
    sums = np.zeros((len(networks), len(numbers), len(COLUMNS)))
    for place, number in enumerate(show_progress(numbers, "judging")):
        sums[:, place] = _sums(read_angle(scan, number), networks, model)
    return sums


def _loaded(path: Path) -> TrackModel:
    network = load_network(path)
    assert isinstance(network, TrackModel)
    return network


def _sums(angle: Angle, networks: Sequence[TrackModel], model: PathModel) -> Floats:
    sums = np.zeros((len(networks), len(COLUMNS)))
    rows: list[list[np.ndarray]] = [[] for _ in networks]
    calibration = read_calibration()
    for place, frame in enumerate(angle.frames):
        graph = networks[0].connect(frame)
        prepared = networks[0].prepare(graph)
        links, cost = links_and_costs(graph, frame, angle.wepl)
        for which, network in enumerate(networks):
            with torch.no_grad():
                assignment = ASSIGNER(network(prepared))
            tracks = accept(recover_holes(follow(assignment)))
            rows[which].append(track_rows(tracks, calibration=calibration, frame=place))
            sums[which, :2] += PER_FRAME, float(regret(assignment.selected, links, cost))
    for which, tables in enumerate(rows):
        sums[which, 2:] = _of_used(np.concatenate(tables), angle, model)
    return sums


def _of_used(rows: np.ndarray, angle: Angle, model: PathModel) -> Floats:
    """Sums over the tracks that pass the cuts and cross the object, (6,)."""
    used = used_tracks(rows, model, radians=angle.radians, expected=angle.wepl)
    wrong, error = used.rows["right"] != 1, used.error
    off = np.where(wrong, error, 0.0)
    return np.array(
        [len(error), (~wrong).sum(), error.sum(), (error**2).sum(), off.sum(), (off**2).sum()]
    )


MEASURES: dict[str, Callable[[Mapping[str, Tensor]], Tensor]] = {
    "regret, lost protons in 100": lambda s: 100 * s["regret"] / s["protons"],
    "used of 100": lambda s: 100 * s["used"] / s["protons"],
    "right, % of used": lambda s: 100 * s["right"] / s["used"],
    "mean error, mm": lambda s: s["error"] / s["used"],
    "rms error, mm": lambda s: (s["square"] / s["used"]).sqrt(),
    "of wrong tracks: mean, mm": lambda s: s["wrong"] / s["used"],
    "rms, mm": lambda s: (s["wrong square"] / s["used"]).sqrt(),
}
"""Both measures of wrong tracks count right ones as 0: they are what wrong ones add."""


def measured(sums: Tensor, leave: LeftOut) -> Tensor:
    """Returns the measures, (measures, rows), of sums, (seeds, angles, columns).

    Each row leaves out a seed or an angle; seeds count alike.
    """
    of_seed = torch.einsum("ra,sac->rsc", leave.frames, sums)
    named = {name: of_seed[..., column] for column, name in enumerate(COLUMNS)}
    weight = leave.seeds / leave.seeds.sum(dim=1, keepdim=True)
    return torch.stack([(weight * measure(named)).sum(dim=1) for measure in MEASURES.values()])
