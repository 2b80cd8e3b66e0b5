"""What a training shows and logs while it runs."""

import contextlib
import logging
from collections.abc import Callable, Generator

import pytest
import yaml
from short_training import short_training

from trackscape import samples
from trackscape.training import loop
from trackscape.training.config import TrainingConfig
from trackscape.training.train import train

SETTINGS = short_training(
    name="tiny",
    network={"kind": "line_graph", "sizes": {"hidden": 4, "encoding": 8}},
    loss={"kind": "cross_entropy"},
    optimiser={"graphs_per_step": 3},
)


@pytest.fixture
def begun(tmp_path) -> Callable[..., float]:
    """Trains for four steps of three graphs, with two validations."""

    def run(*, progress: bool) -> float:
        (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(SETTINGS))
        config = TrainingConfig.load(tmp_path / "tiny.yaml")
        found = train(config, data=samples.FOLDER, runs=tmp_path, seed=0, progress=progress)
        return found.purity

    return run


def test_the_bar_counts_steps_and_tells_the_validation(begun, monkeypatch, caplog):
    opened: list[tuple[str, int | None, int]] = []
    moves: list[tuple[int, str]] = []

    @contextlib.contextmanager
    def bar(
        what: str, *, total: int | None, done: int = 0
    ) -> Generator[Callable[[int, str], object]]:
        opened.append((what, total, done))
        yield lambda items, text: moves.append((items, text))
        opened.append(("closed", None, 0))

    monkeypatch.setattr(loop, "news_bar", bar)
    with caplog.at_level(logging.INFO, logger="trackscape"):
        purity = begun(progress=True)
    assert opened == [("steps", 4, 0), ("closed", None, 0)]
    assert len(moves) == 12  # graphs
    assert sum(items for items, _ in moves) == 4
    assert moves[0] == (0, "")
    assert all(text.startswith("validation purity 0.") for _, text in moves[6:])
    told = [text for text in caplog.messages if text.startswith("Step ")]
    assert [text.split(":")[0] for text in told] == ["Step 2", "Step 4"]
    assert purity == pytest.approx(max(float(text.split()[-1][:-1]) for text in told), abs=1e-4)


def test_no_bar_is_shown_if_none_is_wanted(begun, monkeypatch):
    monkeypatch.setattr(loop, "news_bar", None)
    assert 0 <= begun(progress=False) <= 1
