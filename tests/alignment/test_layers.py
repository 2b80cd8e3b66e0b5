"""Displacements of layers, and what undoes them."""

import dataclasses

import numpy as np
import pytest
import torch

from trackscape.alignment import align_hits, displace_hits, no_alignment
from trackscape.alignment.layers import displaced_further, displacements, mean_depths
from trackscape.data import Hits
from trackscape.errors import DataError

DEPTH = np.array([225.2, 277.6, 333.4, 338.9, 344.4])


def test_aligning_undoes_a_displacement(random_hits, displaced):
    hits = random_hits(0, n_hits=200).to(torch.float64)  # one layer more than is displaced
    seen = displace_hits(hits, displaced(DEPTH, 0, size=100))
    assert (seen.position - hits.position).abs()[hits.layer < 5].max() > 10
    torch.testing.assert_close(seen.position[hits.layer == 5], hits.position[hits.layer == 5])
    back = align_hits(seen, displaced(DEPTH, 0, size=100))
    torch.testing.assert_close(back.position, hits.position, rtol=0, atol=1e-12)


def test_a_layer_is_rotated_from_x_to_y_and_then_shifted():
    hits = Hits(
        position=torch.tensor([[2.0, 0.0, 225.2]], dtype=torch.float64),
        energy=torch.ones(1),
        layer=torch.zeros(1, dtype=torch.int64),
    )
    turned = dataclasses.replace(
        no_alignment(DEPTH[:1]), shift=np.array([[1.0, 0.0]]), rotation=np.array([np.pi / 2])
    )
    seen = displace_hits(hits, turned).position
    torch.testing.assert_close(seen, seen.new_tensor([[1.0, 2.0, 225.2]]))


def test_what_is_left_adds_to_what_was_known(random_hits, displaced):
    """Hits that are displaced by `more` and then by `known` are so by what `known` becomes."""
    hits = random_hits(1, n_hits=100, n_layers=5).to(torch.float64)
    known, more = displaced(DEPTH, 1, size=100), displaced(DEPTH, 2, size=100)
    seen = displace_hits(displace_hits(hits, more), known)
    both = displaced_further(known, displacements(more))
    torch.testing.assert_close(seen.position, displace_hits(hits, both).position)


def test_mean_depths(straight_tracks):
    np.testing.assert_allclose(mean_depths(straight_tracks(3, n_layers=5)), DEPTH, atol=1e-4)


def test_an_alignment_of_another_detector_is_refused(random_hits, displaced):
    with pytest.raises(DataError, match=r"layer 1 at z = 282\.6 mm, got .* at 277\.6"):
        align_hits(random_hits(0, n_hits=50), displaced(DEPTH + 5 * (np.arange(5) == 1), 0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rotation": np.zeros(4)}, r"rotation of shape \(5,\), for 5 layers, got \(4,\)"),
        ({"shift": np.full((5, 2), np.nan)}, "Expected finite numbers in LayerAlignment.shift"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(DataError, match=message):
        dataclasses.replace(no_alignment(DEPTH), **changes)
