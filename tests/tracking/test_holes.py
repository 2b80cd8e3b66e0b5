"""Chains over an empty layer become one, others do not."""

import torch

from trackscape import samples
from trackscape.data import Assignment, Hits, Tracks
from trackscape.formats import read_hits
from trackscape.graph_construction import connect_layers, split_frames
from trackscape.graph_construction.labels import link_labels
from trackscape.tracking import follow
from trackscape.tracking.follow import recover_holes


def chain(x: float, slope: float, layers: range) -> list[tuple[float, float, float, int]]:
    return [(x + slope * 5.5 * layer, 0.0, 5.5 * layer, layer) for layer in layers]


def chains_of(rows: list[list[tuple[float, float, float, int]]]) -> Tracks:
    flat = [row for each in rows for row in each]
    position = torch.tensor([row[:3] for row in flat], dtype=torch.float64)
    layer = torch.tensor([row[3] for row in flat])
    offset = torch.tensor([0, *torch.tensor([len(each) for each in rows]).cumsum(0).tolist()])
    hits = Hits(position=position, energy=torch.ones(len(flat)), layer=layer)
    return Tracks(hits=hits, index=torch.arange(len(flat)), offset=offset)


def test_a_straight_line_with_a_hole_becomes_one_chain():
    tracks = recover_holes(chains_of([chain(0, 0.01, range(5)), chain(0, 0.01, range(6, 11))]))
    assert len(tracks) == 1
    assert tracks[0].tolist() == list(range(10))


def test_of_two_lines_with_holes_each_finds_itself():
    pieces = [
        chain(0, 0.01, range(5)),
        chain(0.3, -0.01, range(5)),
        chain(0.3, -0.01, range(6, 11)),
        chain(0, 0.01, range(6, 11)),
    ]
    tracks = recover_holes(chains_of(pieces))
    assert [tracks[n].tolist() for n in range(2)] == [
        [*range(5), *range(15, 20)],
        [*range(5, 10), *range(10, 15)],
    ]


def test_a_large_kink_a_larger_hole_and_a_short_piece_are_not_bridged():
    kink = [chain(0, 0.01, range(5)), chain(2, -0.05, range(6, 11))]
    hole = [chain(0, 0.01, range(5)), chain(0, 0.01, range(7, 11))]
    piece = [chain(0, 0.01, range(5)), chain(0, 0.01, range(6, 8))]
    for rows in (kink, hole, piece):
        assert len(recover_holes(chains_of(rows))) == 2


def test_three_pieces_become_one():
    pieces = [chain(0, 0.01, range(a, a + 4)) for a in (0, 5, 10)]
    assert len(recover_holes(chains_of(pieces))) == 1


def test_true_chains_that_lost_hits_are_mended_and_whole_ones_stay():
    frame = split_frames(read_hits(samples.VALIDATION), per_frame=50)[0]

    def true_chains(hits: Hits) -> Tracks:
        graph = connect_layers(hits)
        return follow(Assignment(graph=graph, selected=link_labels(graph)))

    whole = true_chains(frame)
    assert abs(len(recover_holes(whole)) - len(whole)) <= 1
    generator = torch.Generator().manual_seed(0)
    holes = true_chains(frame.select(torch.rand(len(frame), generator=generator) > 0.03))
    mended = recover_holes(holes)
    event = mended.hits.known_truth.event
    joined = len(holes) - len(mended)
    right = sum(
        len(event[mended[n]].unique()) == 1 and int(mended.hits.layer[mended[n]].diff().max()) == 2
        for n in range(len(mended))
        if len(mended[n]) > 1
    )
    assert joined > 10
    assert right > 0.75 * joined
    assert sorted(mended.index.tolist()) == list(range(len(mended.hits)))


def test_nothing_stays_nothing():
    nothing = Hits(
        position=torch.zeros(0, 3), energy=torch.zeros(0), layer=torch.zeros(0, dtype=torch.int64)
    )
    empty = torch.zeros(0, dtype=torch.int64)
    assert len(recover_holes(Tracks(hits=nothing, index=empty, offset=torch.zeros(1).long()))) == 0
