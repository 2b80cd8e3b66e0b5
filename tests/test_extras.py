"""What an optional feature says where its package is not installed."""

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import trackscape.tuning
from trackscape.data import HitGraph, Hits, Tracks
from trackscape.errors import MissingPackageError, TrackscapeError
from trackscape.execution.executors import RayCluster
from trackscape.formats import read_hits, write_hits
from trackscape.imaging import Grid, write_image
from trackscape.simulation.geant4.engine import check_installed
from trackscape.training import TrainingConfig
from trackscape.training.modules import build_optimiser
from trackscape.training.train import train

CONFIGS = Path(__file__).parents[1] / "configs"
PACKAGES = {
    "root": "uproot",
    "geant4": "geant4_pybind",
    "cluster": "ray",
    "soap": "pytorch_optimizer",
    "pyg": "torch_geometric",
    "nifti": "nibabel",
    "tuning": "optuna",
    "awkward": "awkward",
    "pandas": "pandas",
}
LOADED = {"tuning": ("trackscape.tuning.optuna_sampler", "trackscape.tuning.study")}
"""Modules of ours that import such a package as a whole."""


@pytest.fixture
def without(monkeypatch) -> Callable[[str], None]:
    """Makes the package of an extra one that cannot be imported."""

    def hide(extra: str) -> None:
        top = PACKAGES[extra]
        for name in LOADED.get(extra, ()):
            monkeypatch.delitem(sys.modules, name, raising=False)
        for name in [each for each in sys.modules if each.startswith(f"{top}.")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, top, None)

    return hide


def read_root_file(hits: Hits, folder: Path) -> None:
    (folder / "hits.root").write_bytes(b"root and more")
    read_hits(folder / "hits.root")


def hand_to_torch_geometric(hits: Hits, folder: Path) -> None:
    HitGraph(hits=hits, edge_index=torch.empty(2, 0, dtype=torch.int64)).to_pyg()


def open_cluster(hits: Hits, folder: Path) -> None:
    with RayCluster(workers=1).open():
        pass


def build_soap(hits: Hits, folder: Path) -> None:
    build_optimiser("soap", [torch.nn.Parameter(torch.ones(1))], learning_rate=0.1)


def train_without_data(hits: Hits, folder: Path) -> None:
    config = TrainingConfig.load(CONFIGS / "cpu" / "line-graph-ptt-held-out.yaml")
    train(config, data=folder / "nowhere", runs=folder, seed=0, progress=False)


def sample_in_a_study(hits: Hits, folder: Path) -> None:
    trackscape.tuning.LazyGPSampler()


def write_nifti(hits: Hits, folder: Path) -> None:
    write_image(Grid(size=10.0).empty(), folder / "image.nii")


def no_tracks(hits: Hits) -> Tracks:
    none = torch.zeros(0, dtype=torch.int64)
    return Tracks(hits=hits, index=none, offset=torch.zeros(1, dtype=torch.int64))


def write_root_file(hits: Hits, folder: Path) -> None:
    write_hits(hits, folder / "hits.root")


USES = {
    lambda hits, folder: no_tracks(hits).to_awkward(): "awkward",
    lambda hits, folder: no_tracks(hits).to_pandas(): "pandas",
    lambda hits, folder: hits.to_pandas(): "pandas",
    write_root_file: "root",
    sample_in_a_study: "tuning",
    write_nifti: "nifti",
    read_root_file: "root",
    lambda hits, folder: check_installed(): "geant4",
    open_cluster: "cluster",
    build_soap: "soap",
    train_without_data: "soap",
    hand_to_torch_geometric: "pyg",
}


@pytest.mark.parametrize("use", USES, ids=USES.values())
def test_a_missing_package_is_named(tmp_path, without, straight_tracks, use):
    without(USES[use])
    with pytest.raises(TrackscapeError) as caught:
        use(straight_tracks(1), tmp_path)
    message = str(caught.value)
    assert "which is not installed" in message
    assert f"`pip install {_package(USES[use])}`" in message


def test_the_sentence_is_whole(without):
    without("soap")
    with pytest.raises(MissingPackageError) as caught:
        build_soap(Hits, Path())
    assert str(caught.value) == (
        "The optimiser soap needs the package pytorch-optimizer, which is not installed; run "
        "`pip install pytorch-optimizer`, or use rmsprop or adam."
    )


def _package(extra: str) -> str:
    """The package itself, as ours may be another one's name on an index."""
    project = tomllib.loads((CONFIGS.parent / "pyproject.toml").read_text())["project"]
    return project["optional-dependencies"][extra][0].split(">=")[0]


def test_every_extra_for_users_is_tried_here():
    project = tomllib.loads((CONFIGS.parent / "pyproject.toml").read_text())["project"]
    # Without TensorBoard, trainings keep no files for it.
    others = {"all", "dev", "docs", "tensorboard"}
    assert project["optional-dependencies"].keys() - others == PACKAGES.keys()
