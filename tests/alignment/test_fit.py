"""Alignment from frames without truth, and the evidence that tells the better one."""

import dataclasses

import numpy as np
import pytest

from trackscape.alignment import (
    align_hits,
    displace_hits,
    displacements,
    evidence,
    fit_alignment,
    fit_straight_lines,
    free_of_weak_modes,
    no_alignment,
    start_alignment,
)
from trackscape.errors import DataError
from trackscape.evaluation import read_frames
from trackscape.tracking import load_tracker


def unlabelled(frames):
    return [dataclasses.replace(frame, truth=None) for frame in frames]


def wrong(found, truth):
    """What is wrong, (3, fitted layers): shifts in mm, rotations in rad, weak modes aside."""
    difference = displacements(found) - displacements(truth)
    return free_of_weak_modes(difference, found.depth, found.fitted)[:, found.fitted]


def rms(values):
    return np.sqrt(np.square(values).mean())


@pytest.fixture(scope="module")
def perfect(frames):
    """What is fitted to the detector as it was simulated: what scattering does to the result."""
    return fit_alignment(frames)


def test_the_displacement_is_what_a_displaced_detector_has_more(frames, perfect, displaced):
    truth = displaced(perfect.depth, 5, size=0.5)
    seen = unlabelled([displace_hits(frame, truth) for frame in frames])
    found = fit_alignment(seen)
    assert found.unfitted == perfect.unfitted
    assert found.unfitted[-1] == found.n_layers - 1
    assert not found.shift[found.unfitted].any()
    more = wrong(found, truth) - wrong(perfect, no_alignment(perfect.depth))
    assert rms(more[:2]) < 0.003
    assert rms(more[2]) < 1e-4


def test_standard_errors_tell_how_far_a_perfect_detector_seems_displaced(perfect):
    off = wrong(perfect, no_alignment(perfect.depth))
    fitted = perfect.fitted
    assert 0.2 < rms(off[:2]) / rms(perfect.shift_error[fitted]) < 2
    assert 0.2 < rms(off[2]) / rms(perfect.rotation_error[fitted]) < 2


def test_the_evidence_tells_displaced_layers_and_wrong_depths(frames, displaced):
    some = frames[:2]
    depth = start_alignment(frames).depth
    true = evidence(some)
    truth = displaced(depth, 6)
    seen = [displace_hits(frame, truth) for frame in some]
    assert evidence(seen) < true - 1
    assert evidence(seen, truth) == pytest.approx(true, abs=1e-4)
    for layers, off in ((slice(1, 2), 5.0), (slice(10, 11), 1.0), (slice(0, 2), -20.0)):
        assert evidence([with_depths(frame, layers, off) for frame in some]) < true - 0.02


def with_depths(hits, layers, off):
    """The hits with some layers elsewhere along the beam, as a wrong detector file has them."""
    changed = np.zeros(100)
    changed[layers] = off
    position = hits.position.clone()
    position[:, 2] += position.new_tensor(changed[hits.layer.numpy()])
    return dataclasses.replace(hits, position=position)


def test_straight_lines_bring_layers_nearer(frames, displaced):
    start = start_alignment(frames)
    truth = displaced(start.depth, 7, size=0.5)
    seen = [displace_hits(frame, truth) for frame in frames[:6]]
    found = fit_straight_lines(seen, tracker=load_tracker(), iterations=2)
    before = dataclasses.replace(no_alignment(found.depth), fitted=found.fitted)
    assert rms(wrong(found, truth)[:2]) < 0.7 * rms(wrong(before, truth)[:2])


def test_too_few_hits_are_refused(frames):
    with pytest.raises(DataError, match="4 layers or more with 500 hits to align, got 0 in 1 fr"):
        fit_alignment(frames[:1])
    gap = [frame.select(frame.layer != 7) for frame in frames]
    with pytest.raises(DataError, match="hits in each layer up to the last one, got none in 7"):
        fit_alignment(gap)
    for empty in ([], [frames[0].select(frames[0].layer < 0)]):
        with pytest.raises(DataError, match="Expected readout frames with hits"):
            evidence(empty)


@pytest.mark.slow
@pytest.mark.data
def test_thirty_frames_align_layers_of_a_fifth_of_a_millimetre(shared_data, displaced):
    path = shared_data / "geant4" / "water_200_train.npz"
    frames = read_frames(path, per_frame=100)[:30]
    truth = displaced(start_alignment(frames).depth, 8)
    found = fit_alignment(unlabelled([displace_hits(frame, truth) for frame in frames]))
    off, z = wrong(found, truth), found.depth[found.fitted]
    # What scattering leaves of so many frames; docs/alignment.md has 200.
    assert rms(off[:2]) < 2 * rms(found.shift_error[found.fitted])
    assert rms(off[2]) < 2 * rms(found.rotation_error[found.fitted])
    powers = np.vander((z - z.mean()) / z.std(), 3)  # the bow is what scattering hides most
    unbent = off[:2].T - powers @ np.linalg.lstsq(powers, off[:2].T)[0]
    assert rms(unbent) < 0.012
    displaced_frame = displace_hits(frames[0], truth)
    assert evidence([align_hits(displaced_frame, found)]) > evidence([displaced_frame]) + 1
