"""Frames that are tracked in one go, in plain PyTorch, beside each by itself."""

import pytest
import torch

from trackscape import samples
from trackscape.data import Hits
from trackscape.errors import ConfigError
from trackscape.evaluation import read_frames
from trackscape.scoring import TrackModel, load_method
from trackscape.scoring.track_model import pair_beliefs
from trackscape.scoring.track_model.propagation import beliefs_plain, run_bp
from trackscape.tracking import (
    NetworkTracker,
    batches,
    load_tracker,
    on_device,
    rate_frames,
    rate_tracks,
)


@pytest.fixture(scope="module")
def frames() -> list[Hits]:
    return read_frames(samples.VALIDATION, per_frame=15)[:4]


@pytest.fixture(scope="module")
def tracker() -> NetworkTracker:
    return on_device(load_tracker(), "cpu")


def test_beliefs_in_plain_pytorch_are_the_compiled_ones(frames):
    model = load_method("trackscape").double()
    assert isinstance(model, TrackModel)
    graph = model.prepare(model.connect(frames[0].to(torch.float64)))
    with torch.no_grad():
        potentials = model(graph).potentials
        found = beliefs_plain(potentials, graph=graph, n_iterations=2)
        logit, _ = run_bp(potentials, graph=graph, n_iterations=2)
    torch.testing.assert_close(found.logit, logit, rtol=1e-6, atol=1e-6)
    expected = pair_beliefs(potentials, graph=graph, n_iterations=2)
    for mine, theirs in zip(found[1:], expected, strict=True):
        torch.testing.assert_close(mine, torch.from_numpy(theirs), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("most", [0.0, 1e6, 1e9])
def test_frames_in_one_go_have_the_tracks_of_each_alone(frames, tracker, monkeypatch, most):
    monkeypatch.setattr(batches, "_MOST_SQUARES", most)
    together = rate_frames(tracker, frames)
    fast = load_tracker()
    for hits, found in zip(frames, together, strict=True):
        for alone in (rate_tracks(tracker, hits), rate_tracks(fast, hits)):
            assert torch.equal(found.chains.hits.position, alone.chains.hits.position)
            assert torch.equal(found.chains.index, alone.chains.index)
            assert torch.equal(found.chains.offset, alone.chains.offset)
            assert torch.equal(found.tracks.index, alone.tracks.index)
            torch.testing.assert_close(found.probability, alone.probability, rtol=0, atol=0.01)


def test_networks_that_are_not_local_see_one_frame_at_a_time(frames):
    tracker = load_tracker("line-graph-ptt")
    together = rate_frames(on_device(tracker, "cpu"), frames[:2])
    for hits, found in zip(frames, together, strict=False):
        assert torch.equal(found.chains.index, rate_tracks(tracker, hits).chains.index)
        assert found.probability.isnan().all()


def test_frames_with_little_or_nothing(frames, tracker):
    none = frames[0].select(torch.zeros(0, dtype=torch.int64))
    one = frames[0].select(torch.arange(1))
    found = rate_frames(tracker, [none, frames[0], one, none])
    assert [len(each.chains) for each in found[::2]] == [0, 1]
    assert torch.equal(found[1].chains.index, rate_tracks(tracker, frames[0]).chains.index)
    assert rate_frames(tracker, []) == []


def test_devices_that_are_not_there_and_methods_without_network_are_refused():
    with pytest.raises(ConfigError, match=r"Expected a device of this machine.*'nonsense'"):
        on_device(load_tracker(), "nonsense")
    with pytest.raises(ConfigError, match="Expected a network for a device"):
        on_device(load_tracker("kalman"), "cpu")


def test_tracks_below_a_probability_are_left_out(frames):
    found = rate_tracks(load_tracker(), frames[0])
    kept = found.at_least(0.9)
    assert 0 < len(kept.tracks) < len(found.tracks)
    assert (kept.probability >= 0.9).all()
    assert len(kept.tracks) == int((found.probability >= 0.9).sum())
    unknown = found._replace(log_odds=torch.full_like(found.log_odds, torch.nan))
    assert len(unknown.at_least(0.9).tracks) == len(found.tracks)
