"""A trained network and a scan -> WEPL of each proton, image, what they are worth: one file."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from studies.scans import angle_wepl, path_model, used_tracks
from studies.thresholds import tune_end
from studies.trainings import TrainingPlan, all_runs
from trackscape.assignment import Assigner
from trackscape.compiled import Floats
from trackscape.files import replacing
from trackscape.imaging import (
    Recipe,
    ScanTracks,
    make_image,
    read_calibration,
    score_image,
    track_scan,
)
from trackscape.scoring import load_network
from trackscape.simulation import Scan
from trackscape.tracker_landscape import read_problem_frames
from trackscape.tracking import NetworkTracker

RULES = ("trained rule", "tuned cost")
"""The assignment of the training, or one in which a track ends at a cost tuned for the weights."""
GROUPS = 10
"""Groups of angles that are left out in turn, and of frames as in `make_image`."""
_TUNING_FRAMES = 20  # of each training file


class Case(NamedTuple):
    """One network, decided by one rule, at one density."""

    setting: str
    """What it was trained with."""
    seed: int
    weights: Path
    assigner: Assigner
    """That of the training."""
    rule: str
    per_frame: int

    @property
    def name(self) -> str:
        """Unique name, for files."""
        rule = self.rule.replace(" ", "-")
        return f"{self.setting.replace(' ', '-')}-s{self.seed}-{rule}-{self.per_frame}"

    def file(self, folder: Path) -> Path:
        """Where its measurement goes."""
        return folder / f"{self.name}.npz"


def cases_of(
    plan: TrainingPlan, runs: Path, densities: tuple[int, ...], *, main: int
) -> Iterator[Case]:
    """Yields what is measured of a plan: tuned costs at all densities, the trained rule at one.

    Networks of whole tracks know an end by themselves: their trained rule is all there is.
    """
    for run in all_runs(plan):
        if not run.finished(runs):
            continue
        assigner = run.settings.assigner.build()
        ends = assigner.unmatched_cost is not None and run.settings.network.kind == "belief"
        for density in densities:
            rules = RULES[:1] if ends else RULES if density == main else RULES[1:]
            for rule in rules:
                yield Case(run.setting, run.seed, run.weights(runs), assigner, rule, density)


def measure(case: Case, *, scan: Scan, plan: TrainingPlan, data: Path, folder: Path) -> str:
    """Writes the measurement of a case, and returns a line about it."""
    tracker = _tracker(case, plan, data)
    recipe = Recipe(case.name, tracker, case.per_frame, read_calibration())
    with tempfile.TemporaryDirectory(dir=folder) as tables:
        found = _measured(track_scan(scan, recipe, Path(tables)), scan)
    with replacing(case.file(folder)) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **found)
    return f"{case.name}: mean absolute error {100 * found['absolute'][0]:.2f} %"


def _tracker(case: Case, plan: TrainingPlan, data: Path) -> NetworkTracker:
    scorer, assigner = load_network(case.weights), case.assigner
    if case.rule == "tuned cost":
        frames = [
            frame
            for name in plan.training
            for frame in read_problem_frames(
                data / name, per_frame=plan.per_frame, most=_TUNING_FRAMES
            )
        ]
        assigner = tune_end(scorer, frames)
    return NetworkTracker(scorer=scorer, assigner=assigner, bridges=scorer.bridges_gaps)


def _measured(kept: ScanTracks, scan: Scan) -> dict[str, npt.NDArray[np.generic]]:
    """Everything that is compared between seeds.

    wepl (angles, events): WEPL of each proton that is used, else NaN. square, count (GROUPS,): sums
    of squared errors and numbers of them, by groups of angles. right: share of right tracks. image,
    noise (nx, nz): RSP and its standard deviation. insert (1 + GROUPS, inserts), absolute
    (1 + GROUPS,): their RSP and the mean absolute relative error, of all and without each group.
    """
    tables = [kept.rows(number) for number in range(len(kept.angles))]
    wepl, square, count = _of_protons(tables, scan)
    image = make_image(
        tables.__getitem__, kept.angles, optics=kept.optics, method="fbp", groups=GROUPS
    )
    assert image.error is not None
    assert image.replicates is not None
    scores = [
        score_image(image.like(value), scan.phantom) for value in (image.value, *image.replicates)
    ]
    return {
        "wepl": wepl,
        "square": square,
        "count": count,
        "right": np.array(np.mean(np.concatenate([rows["right"] for rows in tables]) == 1)),
        "image": image.value[:, 0],
        "noise": image.error[:, 0],
        "insert": np.array([[each.mean for each in score.inserts] for score in scores]),
        "true": np.array([each.true for each in scores[0].inserts]),
        "name": np.array([each.name for each in scores[0].inserts]),
        "absolute": np.array([score.mean_absolute_error for score in scores]),
    }


def _of_protons(
    tables: list[np.ndarray], scan: Scan
) -> tuple[npt.NDArray[np.float32], Floats, Floats]:
    model = path_model(scan)
    expected = [angle_wepl(scan, number) for number in range(len(tables))]
    found = np.full((len(tables), max(map(len, expected))), np.nan, dtype=np.float32)
    square, count = np.zeros(GROUPS), np.zeros(GROUPS)
    for number, (rows, true) in enumerate(zip(tables, expected, strict=True)):
        radians = float(np.radians(scan.angles[number]))
        used = used_tracks(rows, model, radians=radians, expected=true)
        found[number, used.rows["event"]] = used.wepl
        square[number % GROUPS] += float(np.square(used.error).sum())
        count[number % GROUPS] += len(used.error)
    return found, square, count
