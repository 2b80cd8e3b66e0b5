"""The likelihood with costs against all sets of tracks, and the whole study on small scans."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from studies.downstream import COLUMNS, LOSSES, MARGIN, MEASURES, main, measured, page, raised
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


def test_measures_are_ratios_of_sums():
    sums = np.array([200.0, 3.0, 150.0, 120.0, -30.0, 600.0, 15.0, 150.0])
    assert len(sums) == len(COLUMNS)
    found = dict(zip(MEASURES, measured(sums), strict=True))
    assert list(found.values()) == [1.5, 75.0, 80.0, -0.2, 2.0, 0.1, 1.0]


def test_the_page_compares_with_the_control():
    sums = np.random.default_rng(0).uniform(1, 2, (3, 20, len(COLUMNS)))
    sums[2] = sums[1]
    lines = list(page(["first", "control", "same"], sums, "About."))
    assert lines[0] == "About."
    assert lines[-1].startswith("| same | +0.000 ± 0.000 |")
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
    main(*scans, output, steps=2, angles=1)
    text = output.read_text("utf-8")
    assert text.startswith("# Page\n")
    assert all(f"| {name} |" in text for name in ("shipped", *LOSSES))
