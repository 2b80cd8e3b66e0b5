"""Trainings -> what they decide, in two ways, on the frames of the judged files."""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from studies.decisions import Decisions, edges, read_decisions, write_decisions, wrong_edges
from studies.loss_landscape.config import StudyConfig
from studies.loss_landscape.files import read_json
from studies.loss_landscape.material import Places, frames_of, network_of
from studies.loss_landscape.plan import Run
from trackscape.assignment import Assigner
from trackscape.data import Hits
from trackscape.evaluation import FrameCounts, count_frame
from trackscape.files import write_json
from trackscape.graph_construction.labels import edge_labels
from trackscape.scoring import Scorer
from trackscape.tracking import accept, follow
from trackscape.training import tune_reject

WAYS = ("own", "tuned")
"""``own``: as in the training. ``tuned``: tracks may end, at the cost that suits weights best."""


class Judged(NamedTuple):
    """What became of F frames with E edges in all."""

    counts: list[FrameCounts]
    """Of each frame."""
    chosen: Tensor
    """(E,) bool"""

    @property
    def wrong(self) -> Tensor:
        """(F,) Wrong decisions of each frame."""
        return wrong_edges(self.counts)

    @property
    def edges(self) -> Tensor:
        """(F,) Edges of each frame."""
        return edges(self.counts)


@torch.no_grad()
def decide(study: StudyConfig, run: Run, places: Places, folder: Path) -> None:
    """Writes what is chosen in both of `WAYS`, and then ``<run>-decided.json``.

    What is compared is what is evaluated: the assignment at costs of 1 - probability, on the graph
    of the network. The cost of a track's end is tuned on frames of the training files.
    """
    settings, scorer = study.similarity, network_of(run, places.runs)
    tuning = frames_of(study, study.training, settings.tuning_frames, data=places.data)
    reject = _tune(scorer, tuning)
    assigners = {
        "own": run.settings.assigner.build(),
        "tuned": Assigner(semantics="with_unmatched", unmatched_cost=reject),
    }
    frames = frames_of(study, study.judged, settings.decided_frames, data=places.data)
    for way, judged in _judge(scorer, frames, assigners).items():
        where = folder / f"{run.name}-{way}"
        where.mkdir(exist_ok=True)
        content = Decisions(counts={"tuned": judged.counts}, chosen=judged.chosen)
        write_decisions(where, {study.per_frame: content})
    write_json(folder / f"{run.name}-decided.json", {"reject": reject})


def read_decided(study: StudyConfig, run: Run, folder: Path) -> dict[str, Judged]:
    """Returns what `decide` wrote, for each of `WAYS`.

    Raises:
        RunError: It is not there.
    """
    read_json(folder / f"{run.name}-decided.json")
    found: dict[str, Judged] = {}
    for way in WAYS:
        decisions = read_decisions(folder / f"{run.name}-{way}")[study.per_frame]
        found[way] = Judged(decisions.counts["tuned"], decisions.chosen)
    return found


def _tune(scorer: Scorer, frames: list[Hits]) -> float:
    scores = [scorer.score(frame) for frame in frames]
    return tune_reject(scores, [edge_labels(each.graph) for each in scores])


def _judge(scorer: Scorer, frames: list[Hits], assigners: dict[str, Assigner]) -> dict[str, Judged]:
    counts: dict[str, list[FrameCounts]] = {way: [] for way in assigners}
    chosen: dict[str, list[Tensor]] = {way: [] for way in assigners}
    for frame in frames:
        scores = scorer.score(frame)
        for way, assigner in assigners.items():
            assignment = assigner(scores)
            counts[way].append(count_frame(accept(follow(assignment)), assignment))
            chosen[way].append(assignment.selected)
    return {way: Judged(counts[way], torch.cat(chosen[way])) for way in assigners}
