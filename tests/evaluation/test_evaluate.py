"""What `evaluate_frames` measures beside the metrics: ceilings and times."""

import time

import pytest

from studies.results.measure import Cell
from studies.results.page import write_page
from trackscape import samples
from trackscape.data import Hits, Tracks
from trackscape.evaluation.evaluate import evaluate_frames, read_frames
from trackscape.graph_construction import connect_layers
from trackscape.graph_construction.labels import graph_ceiling
from trackscape.tracking import load_tracker


@pytest.fixture(scope="module")
def frames() -> list[Hits]:
    return read_frames(str(samples.VALIDATION), per_frame=100)[:2]


def ceiling(frames: list[Hits], connect) -> float:
    parts = [graph_ceiling(connect(frame)) for frame in frames]
    return (parts[0] + parts[1]).total


def test_the_ceiling_is_that_of_the_graph_that_the_method_chooses_from(frames, tmp_path):
    found = {}
    for method in ("greedy", "trackscape"):
        tracker = load_tracker(method)
        found[method] = evaluate_frames(frames, tracker=tracker, method=method, per_frame=100)
    own = ceiling(frames, load_tracker("trackscape").scorer.connect)
    assert found["trackscape"].graph_ceiling == own
    assert found["greedy"].graph_ceiling == ceiling(frames, connect_layers) < own

    summaries = {(m, Cell(100, 150)): summary for m, summary in found.items()}
    write_page(summaries, tmp_path / "r.md", seeds={})
    lines = (tmp_path / "r.md").read_text().splitlines()
    assert f"| ceiling of the graph of trackscape, % | {100 * own:.2f} |" in lines


def test_the_first_call_is_no_part_of_the_time(frames):
    tracker, calls = load_tracker("greedy"), []

    def slow_at_first(hits: Hits) -> Tracks:
        calls.append(len(hits))
        time.sleep(0.5 if len(calls) == 1 else 0.0)
        return tracker(hits)

    found = evaluate_frames(frames, tracker=slow_at_first, method="slow", per_frame=100)
    assert len(calls) == 1 + len(frames)
    assert found.seconds_per_frame < 0.5
