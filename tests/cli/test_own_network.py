"""A network of somebody's own, one class in one file: trained, tracked with and drawn."""

import json
import sys
from pathlib import Path

import pytest
import torch
import yaml
from short_training import short_training

from trackscape import samples
from trackscape.errors import WeightsError
from trackscape.landscape import load_surface
from trackscape.scoring import find_network, load_network
from trackscape.training.config import TrainingConfig

MODULE = "network_of_somebody"
CODE = '''
from torch import nn
from trackscape.data import EdgeScores
from trackscape.scoring import Scorer

class Straight(Scorer):
    """Scores each segment by its direction."""

    def __init__(self, *, width=8):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, width), nn.Tanh(), nn.Linear(width, 1))

    def prepare(self, graph):
        return graph

    def forward(self, graph):
        return EdgeScores(graph=graph, logit=self.layers(graph.direction)[:, 0])
'''
SETTINGS = short_training(
    name="mine",
    network=f"{MODULE}.Straight",
    loss={"kind": "cross_entropy"},
    optimiser={"learning_rate": 1e-2},
)


@pytest.fixture
def mine(tmp_path, monkeypatch) -> Path:
    """A folder with the class and settings of a training; forgotten again."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / f"{MODULE}.py").write_text(CODE)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(SETTINGS))
    yield tmp_path
    sys.modules.pop(MODULE, None)


def train(trackscape, *options: object):
    return trackscape("train", "mine.yaml", "--data", samples.FOLDER, *options)


def test_it_is_trained_tracked_with_and_drawn(trackscape, mine):
    outcome = train(trackscape)
    assert outcome.status == 0, outcome.err
    [folder] = (mine / "runs").iterdir()
    weights = folder / "weights.safetensors"
    before = weights.read_bytes()
    finished = json.loads(train(trackscape, "--json", "-").out)
    assert Path(finished["weights"]) == weights.relative_to(mine)
    assert 0 <= finished["purity"] <= 1
    assert weights.read_bytes() == before
    provenance = json.loads((folder / "provenance.json").read_text())
    assert f"{MODULE}.py" in provenance["inputs"]

    hits = (samples.VALIDATION, "--per-frame", 10)
    own = ("--weights", weights, "--network", f"{MODULE}.Straight")
    for arguments in (
        ("evaluate", *hits, *own),
        ("reconstruct", *hits, *own, "-o", "tracks.csv"),
        ("landscape", "surface", *hits, *own, "--frames", 2, "--steps", 3, "-o", "plane.npz"),
    ):
        outcome = trackscape(*arguments)
        assert outcome.status == 0, outcome.err
    assert load_surface(mine / "plane.npz").names == ("cross_entropy", "hamming")
    outcome = trackscape("evaluate", *hits, "--weights", weights)
    assert outcome.status == 2
    assert "--network my_package.MyScorer" in outcome.err


def test_its_sizes_are_those_of_the_settings_and_of_the_file(trackscape, mine, monkeypatch):
    monkeypatch.chdir(mine)
    wide = SETTINGS | {"network": {"kind": f"{MODULE}.Straight", "sizes": {"width": 3}}}
    (mine / "mine.yaml").write_text(yaml.safe_dump(wide))
    assert train(trackscape).status == 0
    [folder] = (mine / "runs").iterdir()
    loaded = load_network(
        folder / "weights.safetensors", network=find_network(f"{MODULE}.Straight")
    )
    assert loaded.sizes == {"width": 3}
    assert loaded.architecture == "Straight (width 3)"
    assert TrainingConfig.load(mine / "mine.yaml").folder(mine / "runs", seed=0) == folder


def test_a_class_that_has_changed_is_not_trained_on(trackscape, mine):
    assert train(trackscape).status == 0
    (mine / f"{MODULE}.py").write_text(CODE + "\n# another one\n")
    outcome = train(trackscape)
    assert outcome.status == 2
    assert "other inputs" in outcome.err


def test_settings_that_a_run_folder_holds_import_nothing(trackscape, mine):
    assert train(trackscape).status == 0
    (mine / "evil_module.py").write_text("raise SystemExit('imported')")
    path = next((mine / "runs").iterdir()) / "config.json"
    content = json.loads(path.read_text())
    content["network"]["kind"] = "evil_module.Straight"
    path.write_text(json.dumps(content))
    outcome = train(trackscape)
    assert outcome.status == 2
    assert "another network" in outcome.err


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent_module.Network", "cannot be imported"),
        (f"{MODULE}.Absent", "cannot be imported"),
        (f"{MODULE}.nn", "inherits Scorer"),
        ("Straight", "my_package.MyScorer"),
        ("..relative.Network", "my_package.MyScorer"),
    ],
)
def test_networks_that_are_none(mine, monkeypatch, name, sentence):
    monkeypatch.chdir(mine)
    with pytest.raises(WeightsError, match=sentence):
        find_network(name)


@pytest.mark.parametrize("sizes", [{"depth": 3}, {"width": "wide"}, {"width": torch.nan}])
def test_sizes_that_it_does_not_have(trackscape, mine, sizes):
    bad = SETTINGS | {"network": {"kind": f"{MODULE}.Straight", "sizes": sizes}}
    (mine / "mine.yaml").write_text(yaml.safe_dump(bad))
    outcome = train(trackscape)
    assert outcome.status == 2
    assert outcome.err.startswith("Error: mine.yaml: network")
    assert not (mine / "runs").exists()
