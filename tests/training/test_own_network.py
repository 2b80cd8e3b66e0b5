"""A network that is none of the package's: it trains, is kept, goes on, and is loaded again."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from trackscape import samples
from trackscape.assignment import Assigner
from trackscape.data import EdgeScores, HitGraph, Hits
from trackscape.errors import WeightsError
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.scoring import LineGraphNetwork, Scorer, load_network, save_network
from trackscape.training import FrameData, TrackingModule, fit


class Slopes(Scorer):
    """Scores each segment by its direction alone. Two of its weights are one."""

    def __init__(self, *, width: int = 4) -> None:
        super().__init__()
        self.sizes = {"width": width}
        self.first, self.last = nn.Linear(3, width), nn.Linear(width, 1)
        self.again = self.first

    def prepare(self, graph: HitGraph) -> HitGraph:
        return graph

    def forward(self, graph: HitGraph) -> EdgeScores:
        logit = self.last(self.again(graph.direction).relu())[:, 0]
        return EdgeScores(graph=graph, logit=logit)


def squares(scores: EdgeScores, label: Tensor, *, assigner: object, frame: int) -> Tensor:
    return (scores.probability - label).square().mean()


Loss = Callable[..., Tensor]


@pytest.fixture(scope="module")
def frames() -> list[Hits]:
    return split_frames(read_hits(samples.VALIDATION), per_frame=10)[:3]


def train(
    frames: list[Hits], folder: Path, scorer: Scorer, *, epochs: int = 2, loss: Loss = squares
) -> float:
    torch.manual_seed(0)
    for value in scorer.parameters():
        nn.init.uniform_(value, -0.1, 0.1)
    module = TrackingModule(
        scorer=scorer,
        loss=loss,
        assigner=Assigner(),
        optimiser="adam",
        learning_rate=1e-2,
        schedule="constant",
        steps=4,
        averaging=0.5,
    )
    data = FrameData(
        training=frames, validation=frames[:1], scorer=scorer, graphs_per_epoch=2, seed=0
    )
    return fit(
        module,
        data,
        folder=folder,
        epochs=epochs,
        graphs_per_step=1,
        about={"run": "mine"},
        progress=False,
    )


def test_an_own_network_is_kept_goes_on_and_is_loaded_again(frames, tmp_path):
    best = train(frames, tmp_path / "whole", Slopes())
    assert train(frames, str(tmp_path / "torn"), Slopes(), epochs=1) <= best
    assert train(frames, tmp_path / "torn", Slopes()) == best
    whole, torn = (tmp_path / name / "weights.safetensors" for name in ("whole", "torn"))
    assert whole.read_bytes() == torn.read_bytes()

    loaded = load_network(str(whole), network=Slopes())
    assert not loaded.training
    assert all(bool((value != 0).any()) for value in loaded.state_dict().values())
    graph = loaded.prepare(loaded.connect(frames[0]))
    other = load_network(torn, network=Slopes())
    assert torch.equal(loaded(graph).logit, other(graph).logit)


def test_a_file_never_says_which_class_is_imported(tmp_path):
    path = tmp_path / "mine.safetensors"
    save_network(Slopes(width=7), path, about={})
    with pytest.raises(WeightsError, match=r"Slopes.*'width': 7.*network=\.\.\."):
        load_network(path)
    with pytest.raises(WeightsError, match="do not fit"):
        load_network(path, network=Slopes(width=3))


def test_a_class_of_its_own_is_not_taken_for_its_parent(tmp_path):
    class Louder(LineGraphNetwork):  # pyright: ignore[reportGeneralTypeIssues]
        pass

    save_network(Louder(hidden=4, encoding=8), tmp_path / "louder.safetensors", about={})
    with pytest.raises(WeightsError, match="Louder"):
        load_network(tmp_path / "louder.safetensors")


def test_a_network_that_cannot_be_saved_is_an_error(frames, tmp_path):
    class Odd(Slopes):
        def get_extra_state(self) -> object:
            return {"more": "than tensors"}

        def set_extra_state(self, state: object) -> None:
            pass

    with pytest.raises(WeightsError, match="Odd cannot be saved"):
        train(frames, tmp_path, Odd())


def fail(*_: object, **__: object) -> None:
    next(iter(()))


class FailsBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, value: Tensor) -> Tensor:
        return value.clone()

    @staticmethod
    def backward(ctx: object, *gradient: Tensor) -> None:  # pyright: ignore
        fail()


@pytest.mark.parametrize("place", ["connect", "prepare", "forward", "state_dict"])
def test_an_exhausted_iterator_in_a_network_is_an_error(frames, tmp_path, monkeypatch, place):
    monkeypatch.setattr(Slopes, place, fail)
    with pytest.raises(RuntimeError, match="raised StopIteration"):
        train(frames, tmp_path, Slopes())


def test_an_exhausted_iterator_in_a_loss_is_an_error(frames, tmp_path):
    with pytest.raises(RuntimeError, match="raised StopIteration"):
        train(frames, tmp_path / "loss", Slopes(), loss=fail)

    def loss(scores: EdgeScores, label: Tensor, **_: object) -> Tensor:
        return FailsBackward.apply(scores.logit).mean()

    with pytest.raises(RuntimeError, match="raised StopIteration"):
        train(frames, tmp_path / "gradient", Slopes(), loss=loss)


def test_leaving_the_process_is_not_taken_for_ctrl_c(frames, tmp_path):
    def loss(*_: object, **__: object) -> Tensor:
        raise SystemExit(3)

    with pytest.raises(SystemExit) as stop:
        train(frames, tmp_path, Slopes(), loss=loss)
    assert stop.value.code == 3
