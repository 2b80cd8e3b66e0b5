"""Costs of wrong segments: against lengths that are known, and against every choice there is."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trackscape.assignment import Assigner, spo_plus_loss
from trackscape.data import EdgeScores, HitGraph, Hits, Truth
from trackscape.graph_construction.labels import link_labels
from trackscape.imaging import decision_costs, expected_wepl, hit_wepl, regret
from trackscape.simulation import PRIMARY, Phantom, parse_phantom, relative_stopping_power

KAPPA = 9.0
SEED = st.integers(0, 2**31)


def primary(x: float, *, slope: float = 0.0, reach: float = 120.0) -> np.ndarray:
    """One proton that crosses from z = -reach to reach, at x in the middle."""
    row = np.full(1, -1, dtype=PRIMARY)
    norm = math.hypot(1, slope)
    for name, z in (("in", -reach), ("out", reach)):
        row[f"{name}_x"], row[f"{name}_y"], row[f"{name}_z"] = x + slope * z, 0.0, z
        row[f"{name}_dx"], row[f"{name}_dy"], row[f"{name}_dz"] = slope / norm, 0.0, 1 / norm
        row[f"{name}_ekin"] = 200.0
    return row


@pytest.mark.parametrize("slope", [0.0, 0.1])
def test_water_counts_by_its_length(slope: float) -> None:
    rows = primary(3.0, slope=slope)
    found = expected_wepl(parse_phantom("water:100"), rows)
    assert found[0] == pytest.approx(100 * math.hypot(1, slope), abs=0.4)


def test_inserts_count_where_the_object_has_turned_to() -> None:
    phantom = parse_phantom("ctp404")
    teflon = next(each for each in phantom.inserts if each.name == "teflon")
    # The proton goes through the middle of the insert, whatever the angle.
    for turn in (0.0, 0.4, -1.1):
        x = teflon.x * math.cos(turn) + teflon.z * math.sin(turn)
        found = expected_wepl(dataclasses.replace(phantom, angle=turn), primary(x))
        assert found[0] == pytest.approx(chords(phantom, x, turn), abs=1.0)


def chords(phantom: Phantom, x: float, turn: float) -> float:
    """WEPL of a disc with round inserts, without rods and spheres, as a sum of chords."""
    epoxy = next(m for m in phantom.materials if m.name == "epoxy")
    body = relative_stopping_power(epoxy)
    total = body * 2 * math.sqrt(75.0**2 - x**2)
    for insert in phantom.inserts:
        off = x - insert.x * math.cos(turn) - insert.z * math.sin(turn)
        if abs(off) < insert.radius and math.hypot(insert.x, insert.z) > 50:
            half = math.sqrt(insert.radius**2 - off**2)
            total += 2 * half * (relative_stopping_power(insert.material) - body)
    return total


def test_protons_that_missed_the_object_or_stayed_in_it() -> None:
    missed, lost = primary(200.0), primary(0.0)
    missed["in_ekin"] = missed["out_ekin"] = lost["out_ekin"] = -1
    found = expected_wepl(parse_phantom("ctp404"), np.concatenate([missed, lost]))
    assert found[0] == 0
    assert np.isnan(found[1])


def frame(seed: int, *, order: list[int] | None = None) -> tuple[HitGraph, torch.Tensor]:
    """Three protons in two to three layers, of which one ends early, with a secondary; WEPL."""
    generator = torch.Generator().manual_seed(seed)
    event = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
    layer = torch.tensor([5, 5, 5, 6, 6, 6, 7, 7])
    parent = torch.tensor([0, 0, 0, 0, 0, 0, 0, 5])  # the last hit is of a secondary of 1
    event = torch.tensor(order or [0, 1, 2])[event]
    truth = Truth(event=event, track=1 + parent, parent=parent)
    hits = Hits(position=torch.zeros(8, 3), energy=torch.ones(8), layer=layer, truth=truth)
    pairs = [(d, u) for d in range(8) for u in range(8) if layer[d] == layer[u] + 1]
    wepl = torch.rand(3, generator=generator, dtype=torch.float64) * 30
    if order:
        wepl[torch.tensor(order)] = wepl.clone()
    graph = HitGraph(hits=hits, edge_index=torch.tensor(pairs).T)
    return graph, hit_wepl(hits, wepl.numpy())


def assignments(graph: HitGraph):
    """All choices in which no hit has two partners on one side."""
    for bits in itertools.product((False, True), repeat=graph.n_edges):
        chosen = torch.tensor(bits)
        if all(len(set(e[chosen].tolist())) == int(chosen.sum()) for e in graph.edge_index):
            yield chosen


def price_by_hand(graph: HitGraph, chosen: torch.Tensor, wepl: torch.Tensor) -> float:
    """κ for each proton that should go on and does not, and what others' hits are off."""
    total, truth = 0.0, graph.hits.known_truth
    leads = {u: d for (d, u), c in zip(graph.edge_index.T.tolist(), chosen, strict=True) if c}
    right = {
        u: d
        for d, u in graph.edge_index.T.tolist()
        if truth.event[d] == truth.event[u] and truth.track[d] == truth.track[u]
    }
    for hit in range(len(graph.hits)):
        if hit in leads and leads[hit] != right.get(hit):
            step = float(wepl[leads[hit]] - wepl[hit]) / 5.0
            total += KAPPA if math.isnan(step) else min(step**2, KAPPA)
        elif hit not in leads and hit in right:
            total += KAPPA
    return total


@pytest.mark.parametrize("seed", range(2))
def test_regret_is_what_every_choice_costs(seed: int) -> None:
    graph, wepl = frame(seed)
    label = link_labels(graph)
    cost = decision_costs(graph, label, wepl)
    every = list(assignments(graph))
    assert len(every) == 34 * 13  # of three by three hits, and of three by two
    found = [regret(chosen, label, cost).item() for chosen in every]
    assert found == pytest.approx([price_by_hand(graph, chosen, wepl) for chosen in every])
    assert min(found) == regret(label, label, cost).item() == 0


def test_costs_do_not_depend_on_the_names_of_protons() -> None:
    graph, wepl = frame(4)
    renamed, same = frame(4, order=[2, 0, 1])
    assert torch.equal(wepl.isnan(), same.isnan())
    one, other = (decision_costs(g, link_labels(g), w) for g, w in ((graph, wepl), (renamed, same)))
    assert torch.equal(one, other)


def test_protons_that_crossed_the_same_may_be_swapped() -> None:
    graph, wepl = frame(5)
    cost = decision_costs(graph, link_labels(graph), torch.where(wepl.isnan(), wepl, 7.0))
    swapped = torch.zeros(graph.n_edges, dtype=torch.bool)
    for edge, (d, u) in enumerate(graph.edge_index.T.tolist()):
        swapped[edge] = (d, u) in {(4, 0), (3, 1), (5, 2), (6, 4)}
    # Proton 0 and 1 swap, and what was left of 0 follows the hit of 1: all is read as it should.
    assert regret(swapped, link_labels(graph), cost).item() == KAPPA  # hit 3 should go on


def test_hits_of_nobody_have_no_expected_wepl() -> None:
    truth = Truth(
        event=torch.tensor([0, 1, -3, 7]),
        track=torch.ones(4).long(),
        parent=torch.tensor([0, 4, 0, 0]),
    )
    hits = Hits(
        position=torch.zeros(4, 3), energy=torch.ones(4), layer=torch.zeros(4).long(), truth=truth
    )
    assert hit_wepl(hits, np.array([5.0, 6.0])).isnan().tolist() == [False, True, True, True]


@settings(max_examples=30)
@given(seed=SEED)
def test_the_loss_is_never_below_the_regret(seed: int) -> None:
    graph, wepl = frame(seed % 100)
    label = link_labels(graph).double()
    cost = decision_costs(graph, label, wepl) / KAPPA
    logit = torch.randn(graph.n_edges, generator=torch.Generator().manual_seed(seed)).double()
    scores = EdgeScores(graph=graph, logit=3 * logit)
    assigner = Assigner(semantics="with_unmatched", unmatched_cost=0.5)
    found = regret(assigner(scores).selected, label, cost)
    loss = spo_plus_loss(scores, label, assigner=assigner, contrast=1.0, cost=cost)
    # These layers are of one region, whose loss is a mean over its edges.
    assert loss.item() * graph.n_edges >= found.item() - 1e-9
