"""A loss of somebody's own, one class in one file: trained by, gone on with and drawn."""

import json
import sys
from pathlib import Path

import pytest
import yaml
from short_training import short_training

from trackscape import samples
from trackscape.errors import ConfigError
from trackscape.landscape import load_surface
from trackscape.training import OBJECTIVES, CrossEntropy, TrainingConfig, find_objective, train

MODULE = "loss_of_somebody"
CODE = """
from trackscape.assignment import by_region
from trackscape.training import Objective

class Focal(Objective, smoothness="smooth"):
    gamma: float = 2.0

    def value(self, scores, truth, **given):
        return by_region(self.of, scores.logit, truth, graph=scores.graph)

    def of(self, logit, truth):
        right = 1 - (truth - logit.sigmoid()).abs()
        return -((1 - right) ** self.gamma * right.log()).mean()

class Rough(Objective):
    pass

class Needy(Objective, smoothness="smooth"):
    margin: float
"""
SETTINGS = short_training(
    name="mine", network="line_graph", loss={"kind": f"{MODULE}.Focal", "gamma": 0.0}
)


@pytest.fixture
def mine(tmp_path, monkeypatch) -> Path:
    """The current folder, with the class and settings of a training; forgotten again."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{MODULE}.py").write_text(CODE)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(SETTINGS))
    yield tmp_path
    sys.modules.pop(MODULE, None)
    for kind in [kind for kind in OBJECTIVES if kind.startswith(MODULE)]:
        del OBJECTIVES[kind]


def train_mine(trackscape):
    return trackscape("train", "mine.yaml", "--data", samples.FOLDER)


def test_it_is_trained_by_and_drawn(trackscape, mine):
    outcome = train_mine(trackscape)
    assert outcome.status == 0, outcome.err
    [folder] = (mine / "runs").iterdir()
    before = (folder / "weights.safetensors").read_bytes()
    assert train_mine(trackscape).status == 0  # it is finished
    assert (folder / "weights.safetensors").read_bytes() == before
    provenance = json.loads((folder / "provenance.json").read_text())
    assert f"{MODULE}.py" in provenance["inputs"]

    (mine / "one").mkdir()
    hits = (samples.VALIDATION, "--per-frame", 10, "--frames", 2, "--steps", 3)
    own = ("--loss", f"{MODULE}.Focal", "--loss", "cross_entropy")
    weights = ("--weights", folder / "weights.safetensors")
    outcome = trackscape("landscape", "surface", *hits, *weights, *own, "-o", "plane.npz")
    assert outcome.status == 0, outcome.err
    surface = load_surface(mine / "plane.npz")
    assert surface.names == (f"{MODULE}.Focal", "cross_entropy")
    assert (surface.mean(f"{MODULE}.Focal") < surface.mean("cross_entropy")).all()


def test_without_focus_it_is_the_cross_entropy(mine):
    focal, usual = (
        TrainingConfig.model_validate(SETTINGS | {"loss": loss, "name": name})
        for name, loss in (("focal", SETTINGS["loss"]), ("usual", {"kind": "cross_entropy"}))
    )
    assert usual.loss == CrossEntropy()
    rows = []
    for settings in (focal, usual):
        run = train(settings, data=samples.FOLDER, runs=mine, seed=0, progress=False)
        rows.append((run.folder / "metrics.csv").read_text().splitlines()[-1].split(","))
    for focal_number, usual_number in zip(*rows, strict=True):
        if focal_number or usual_number:
            assert float(focal_number) == pytest.approx(float(usual_number), rel=1e-3)


def test_a_loss_that_has_changed_is_not_gone_on_with(trackscape, mine):
    assert train_mine(trackscape).status == 0
    (mine / f"{MODULE}.py").write_text(CODE + "\n# another one\n")
    outcome = train_mine(trackscape)
    assert outcome.status == 2
    assert "other inputs" in outcome.err


def test_settings_that_a_run_folder_holds_import_no_loss(trackscape, mine):
    assert train_mine(trackscape).status == 0
    (mine / "evil_module.py").write_text("raise SystemExit('imported')")
    path = next((mine / "runs").iterdir()) / "config.json"
    content = json.loads(path.read_text())
    content["loss"]["kind"] = "evil_module.Focal"
    path.write_text(json.dumps(content))
    outcome = train_mine(trackscape)
    assert outcome.status == 2
    assert "another loss" in outcome.err


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent_module.Loss", "cannot be imported"),
        (f"{MODULE}.by_region", "inherits Objective"),
        (f"{MODULE}.Rough", "how smooth it is"),
        (f"{MODULE}.Needy", "default of each setting .* margin"),
        ("Focal", "my_package.MyObjective"),
    ],
)
def test_losses_that_are_none(mine, name, sentence):
    with pytest.raises(ConfigError, match=sentence):
        find_objective(name)


def test_settings_name_what_is_wrong_with_a_loss(trackscape, mine):
    bad = SETTINGS | {"loss": {"kind": "absent_module.Loss"}}
    (mine / "mine.yaml").write_text(yaml.safe_dump(bad))
    outcome = train_mine(trackscape)
    assert outcome.status == 2
    assert outcome.err.startswith("Error: mine.yaml: loss")
    assert "cannot be imported" in outcome.err
    assert not (mine / "runs").exists()
