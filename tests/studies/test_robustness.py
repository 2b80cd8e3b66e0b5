"""The changes of hits are what they say, and the truth in the graph is the truth."""

import torch

from studies import ceiling, robustness
from studies.robustness import add_noise, lose_hits, shift_layers
from trackscape import samples
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.tracking import TRACKERS

FRAME = split_frames(read_hits(samples.VALIDATION), per_frame=100)[0]


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_five_percent_of_the_hits_are_lost():
    lost = len(FRAME) - len(lose_hits(FRAME, generator()))
    assert 0.03 * len(FRAME) < lost < 0.07 * len(FRAME)


def test_noise_hits_are_secondaries_of_events_of_their_own():
    noisy = add_noise(FRAME, generator())
    new = torch.arange(len(noisy)) >= len(FRAME)
    assert 0.03 * len(FRAME) < int(new.sum()) < 0.07 * len(FRAME)
    assert not noisy.known_truth.primary[new].any()
    event = noisy.known_truth.event
    assert len(event[new].unique()) == int(new.sum())
    assert not torch.isin(event[new], event[~new]).any()


def test_a_layer_is_shifted_as_a_whole_across_the_beam():
    shift = shift_layers(FRAME, generator()).position - FRAME.position
    assert float(shift[:, 2].abs().max()) == 0
    for layer in FRAME.layer.unique():
        of_layer = shift[FRAME.layer == layer, :2]
        torch.testing.assert_close(of_layer, of_layer[:1].expand_as(of_layer), atol=1e-4, rtol=0)
    assert 0.05 < float(shift[:, :2].std()) < 0.2


def test_every_variation_is_compared_with_a_measured_one():
    names = {*robustness.CHANGES, *robustness.BEAMS}
    assert set(robustness.REFERENCES) == names
    assert set(robustness.REFERENCES.values()) <= names
    assert set(TRACKERS) >= {ceiling.PUBLISHED, ceiling.OURS}


def test_residual_range_counts_the_layers_to_the_end_of_the_particle():
    left = ceiling.residual_range(FRAME)
    truth = FRAME.known_truth
    for number in range(0, len(FRAME), 97):
        mine = (truth.event == truth.event[number]) & (truth.track == truth.track[number])
        assert float(left[number]) == int(FRAME.layer[mine].max() - FRAME.layer[number])


def test_truth_in_the_graph_is_pure():
    tracks = ceiling.follow_truth(FRAME)
    event = FRAME.known_truth.event[tracks.index]
    first = FRAME.known_truth.event[tracks.first][tracks.number]
    assert torch.equal(event, first)
