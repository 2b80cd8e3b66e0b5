"""The likelihood with costs against all sets of tracks, and the whole study on small scans."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch

from studies.downstream.__main__ import main
from studies.downstream.judge import COLUMNS, MEASURES, measured
from studies.downstream.losses import LOSSES, MARGIN, raised
from studies.downstream.page import by_name, page
from studies.intervals import leave_one_out
from trackscape.data import HitGraph, Hits, TrackScores
from trackscape.graph_construction import triplet_graph
from trackscape.scoring.track_model import run_bp
from trackscape.simulation import load_scan_settings, simulate_scan


@pytest.fixture
def fork() -> TrackScores:
    """A hit with two candidates in the next layer: three sets of tracks, one of them empty."""
    position = torch.tensor([[0.0, 0, 0], [0, 0, 6], [0.5, 0, 6]])
    hits = Hits(position=position, energy=torch.ones(3), layer=torch.tensor([5, 6, 6]))
    graph = triplet_graph(HitGraph(hits=hits, edge_index=torch.tensor([[1, 2], [0, 0]])))
    potentials = torch.randn(2, 9, generator=torch.Generator().manual_seed(3)).double()
    logit, log_partition = run_bp(potentials, graph=graph, n_iterations=4)
    return TrackScores(
        graph=graph.hit_graph,
        logit=logit,
        triplets=graph,
        potentials=potentials,
        log_partition=log_partition,
    )


def test_the_likelihood_with_costs_is_a_sum_over_sets_of_tracks(fork: TrackScores):
    score = fork.potentials[:, :2].sum(dim=1).tolist()  # a track begins and ends with its segment
    links, cost = torch.tensor([True, False]), torch.tensor([1.0, -0.3], dtype=torch.float64)
    regrets = {(): 1.0, (0,): 0.0, (1,): 1.0 - 0.3}
    terms = [math.exp(sum(score[e] for e in y) + MARGIN * r) for y, r in regrets.items()]
    found = LOSSES["likelihood with costs"](fork, links, cost)
    assert found.item() == pytest.approx(math.log(sum(terms)) - score[0], rel=1e-9)


def test_without_costs_it_is_the_likelihood(fork: TrackScores):
    links, nothing = torch.tensor([True, False]), torch.zeros(2, dtype=torch.float64)
    priced, plain = (
        LOSSES[name](fork, links, nothing) for name in ("likelihood with costs", "likelihood")
    )
    assert priced.item() == plain.item()
    assert torch.equal(raised(fork, nothing).logit, fork.logit)


def test_the_expected_regret_is_that_of_drawn_segments(fork: TrackScores):
    links, cost = torch.tensor([True, False]), torch.tensor([1.0, -0.3], dtype=torch.float64)
    belief = fork.logit.sigmoid()
    found = LOSSES["expected costs"](fork, links, cost)
    assert found.item() == pytest.approx((1 - belief[0] - 0.3 * belief[1]).item(), rel=1e-9)


def test_the_blackbox_pays_for_its_decision_and_leads_to_a_better_one(fork: TrackScores):
    logit = torch.tensor([0.0, 0.5], dtype=torch.float64, requires_grad=True)
    wrong = dataclasses.replace(fork, logit=logit)  # it chooses the second segment
    links, cost = torch.tensor([True, False]), torch.tensor([1.0, -0.3], dtype=torch.float64)
    found = LOSSES["blackbox with costs"](wrong, links, cost)
    assert found.item() == pytest.approx(0.7)
    found.backward()
    assert logit.grad is not None
    assert logit.grad[0] < 0 < logit.grad[1]


def test_measures_are_ratios_of_sums():
    sums = torch.tensor([200.0, 3.0, 150.0, 120.0, -30.0, 600.0, 15.0, 150.0]).double()
    assert len(sums) == len(COLUMNS)
    halves = (sums / 2).expand(1, 2, -1)  # one seed, two angles
    found = dict(zip(MEASURES, measured(halves, leave_one_out(1, 2))[:, 0], strict=True))
    assert list(found.values()) == [1.5, 75.0, 80.0, -0.2, 2.0, 0.1, 1.0]


def test_the_page_compares_with_the_control_of_equal_seeds():
    sums = torch.rand(3 * 4 + 1, 6, len(COLUMNS), generator=torch.Generator().manual_seed(0)) + 1
    named = by_name(sums.double(), ["control", "same", "other"], seeds=4)
    assert torch.equal(named["other"][3], sums[12].double())
    named["same"] = named["control"]
    lines = list(page(named, control="control", about="About."))
    assert lines[0] == "About."
    assert sum(line.startswith("| same | +0.000 ± 0.000 |") for line in lines) == 1
    assert sum(line.startswith("| control |") for line in lines) == 1


@pytest.mark.slow
def test_the_study_runs_on_small_scans(tmp_path: Path):
    settings = load_scan_settings(Path("configs/scan/ctp404-small.yaml"), primaries=4000)
    angles = settings.angles.model_copy(update={"number": 4, "step": 90.0})
    scans = [tmp_path / name for name in ("tuning", "judged")]
    for seed, folder in enumerate(scans):
        once = settings.model_copy(update={"angles": angles, "seed": seed})
        simulate_scan(once, folder, progress=False)
    output = tmp_path / "page.md"
    output.write_text("# Page\n<!-- generated: numbers, by hand -->\n<!-- end -->\n")
    archive = tmp_path / "archive"
    main(*scans, archive, output, steps=2, angles=1, seeds=1)
    assert len(list(archive.iterdir())) == len(LOSSES)
    text = output.read_text("utf-8")
    assert text.startswith("# Page\n")
    assert all(f"| {name} |" in text for name in ("shipped", *LOSSES))
