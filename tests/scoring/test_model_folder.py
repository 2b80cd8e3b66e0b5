"""Folders of models: the same scores to the bit, and a card of what is known."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from trackscape import samples
from trackscape.errors import FormatError, WeightsError
from trackscape.formats import read_hits
from trackscape.graph_construction import split_frames
from trackscape.scoring import (
    METHODS,
    build_network,
    load_method,
    load_network,
    save_network,
    save_pretrained,
)
from trackscape.tracking import load_tracker

RUN = Path(__file__).parents[2] / "docs" / "runs" / "line-graph-ptt-held-out-970eeeef-s0"


@pytest.fixture(scope="module")
def frame():
    return split_frames(read_hits(samples.VALIDATION), per_frame=20)[0]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with the weights that it made."""
    folder = shutil.copytree(RUN, tmp_path / RUN.name)
    save_network(
        load_method("line-graph-ptt"),
        folder / "weights.safetensors",
        about={"run": RUN.name, "step": "8000", "validation_purity": "0.9066"},
    )
    return folder


def same_scores(first, second, frame) -> bool:
    return torch.equal(first.score(frame).logit, second.score(frame).logit)


@pytest.mark.parametrize("method", METHODS)
def test_shipped_weights_come_back_with_the_same_scores_to_the_bit(method, tmp_path, frame):
    config = save_pretrained(method, tmp_path / "model")
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    assert same_scores(load_network(tmp_path / "model"), load_method(method), frame)
    tracks = load_tracker(tmp_path / "model")(frame)
    expected = load_tracker(method)(frame)
    assert torch.equal(tracks.index, expected.index)
    assert torch.equal(tracks.offset, expected.offset)
    assert config == json.loads((tmp_path / "model" / "config.json").read_text())
    assert build_network(config["network"], **config["sizes"]).state_dict().keys()
    card = (tmp_path / "model" / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: trackscape\nlicense: bsd-3-clause\n")
    assert f"| run | {config['training']['run']} |" in card
    assert f"| validation_purity | {config['training']['validation_purity']} |" in card
    assert "Which files it was trained on is not noted" in card


def test_a_run_folder_gives_settings_files_and_metrics(run, tmp_path, frame):
    config = save_pretrained(run, tmp_path / "model", licence="cc-by-4.0")
    assert config["settings"] == json.loads((run / "config.json").read_text())
    assert config["metrics"]["validation_purity"] == pytest.approx(0.9066, abs=5e-5)
    card = (tmp_path / "model" / "README.md").read_text()
    for name, digest in config["provenance"]["inputs"].items():
        assert f"| {name} | {digest} |" in card
    assert "license: cc-by-4.0\n" in card
    for folder in (run, tmp_path / "model"):
        assert same_scores(load_network(folder), load_method("line-graph-ptt"), frame)
    again = save_pretrained(tmp_path / "model", tmp_path / "again")
    assert again == config | {"name": "model"}
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (
        run / "weights.safetensors"
    ).read_bytes()
    assert "None is stated" in (tmp_path / "again" / "README.md").read_text()


def test_a_tracker_is_loaded_by_the_path_of_a_file_and_names_come_first(
    run, tmp_path, frame, monkeypatch
):
    monkeypatch.chdir(run.parent)
    (tmp_path / "greedy").mkdir()
    assert load_tracker("greedy").__module__.startswith("trackscape.tracking.baselines")
    by_text = load_tracker(f"{run.name}/weights.safetensors")(frame)
    assert torch.equal(by_text.index, load_tracker("line-graph-ptt")(frame).index)


@pytest.mark.parametrize("name", ["nothing", "track_follower", "a\nb"])
def test_names_that_are_none(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=r"greedy.*or a file or folder of weights, got"):
        load_tracker(name)


def test_folders_without_weights_or_with_damaged_ones_are_refused(run, tmp_path):
    (tmp_path / "empty").mkdir()
    for use in (load_network, load_tracker, lambda path: save_pretrained(path, tmp_path / "x")):
        with pytest.raises(WeightsError, match=r"a folder with model.safetensors.* neither"):
            use(tmp_path / "empty")
    (run / "provenance.json").write_text("{")
    with pytest.raises(WeightsError, match=r"provenance.json: expected JSON"):
        save_pretrained(run, tmp_path / "x")
    (run / "provenance.json").unlink()
    (run / "metrics.csv").write_text("step,loss\n8000,much\n")
    with pytest.raises(WeightsError, match=r"metrics.csv: expected the metrics"):
        save_pretrained(run, tmp_path / "x")
    content = (run / "weights.safetensors").read_bytes()
    (run / "weights.safetensors").write_bytes(content[:-5])
    with pytest.raises(WeightsError, match="expected a safetensors file"):
        save_pretrained(run, tmp_path / "x")
    assert not (tmp_path / "x").exists()
    (tmp_path / "file").touch()
    with pytest.raises(FormatError, match="a place to write to"):
        save_pretrained("trackscape", tmp_path / "file" / "x")


def test_nothing_of_others_is_overwritten(run, tmp_path):
    settings = (run / "config.json").read_bytes()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "README.md").write_text("mine")
    for folder in (run, tmp_path / "thesis"):
        with pytest.raises(WeightsError, match="other files are there, which would be overwritten"):
            save_pretrained("trackscape", folder)
    assert (run / "config.json").read_bytes() == settings
    (tmp_path / "model").mkdir()
    save_pretrained("trackscape", tmp_path / "model")
    save_pretrained("nine-constants", tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["name"] == "nine-constants"


def test_texts_of_others_do_not_break_the_card(tmp_path):
    about = {"run": "a | b\n# heading", "step": "1", "validation_purity": "0.5"}
    save_network(build_network("belief", hidden=0), tmp_path / "w.safetensors", about=about)
    save_pretrained(tmp_path / "w.safetensors", tmp_path / "model")
    card = (tmp_path / "model" / "README.md").read_text()
    assert r"| run | a \| b\n# heading |" in card


def test_the_card_names_its_folder_and_a_class_of_its_own(tmp_path):
    save_pretrained("line-graph-ptt", tmp_path / "my-model")
    card = (tmp_path / "my-model" / "README.md").read_text()
    assert "load_tracker('./my-model')" in card
    assert "--weights my-model`" in card
    own = build_network("belief", hidden=0)
    own.__class__ = type("Straight", (type(own),), {"__module__": "my_scorers"})
    save_network(own, tmp_path / "w.safetensors", about={})
    save_pretrained(tmp_path / "w.safetensors", tmp_path / "own")
    card = (tmp_path / "own" / "README.md").read_text()
    assert "from my_scorers import Straight\n" in card
    assert "--weights own --network my_scorers.Straight`" in card
