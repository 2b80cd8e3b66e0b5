"""Run folders that are damaged, in use, of somebody else or on a full disk; odd surroundings."""

import json
import os
import pickle
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmarks.kill_trainings import settings
from trackscape import samples
from trackscape.errors import RunError, TrackscapeError
from trackscape.training.config import TrainingConfig
from trackscape.training.run_folder import provenance
from trackscape.training.train import train

CONFIG = settings("ptt", "adam", 0.9, steps=4, hidden=4, encoding=8)
KEPT = ("weights.safetensors", "metrics.csv")


def go_on(runs: Path | str, *, config: TrainingConfig = CONFIG, seed: int = 0) -> Path:
    options = {"data": str(samples.FOLDER), "seed": seed, "progress": False}
    return train(config, runs=runs, **options).folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    return go_on(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def run(finished, tmp_path) -> Path:
    """A copy that may be damaged."""
    return shutil.copytree(finished, tmp_path / "runs" / finished.name)


def the_sentence(run: Path) -> str:
    with pytest.raises(TrackscapeError) as error:
        go_on(run.parent)
    message = str(error.value)
    assert len(message.splitlines()) == 1
    assert len(message) < 900
    return message


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def touched(path: Path) -> None:
    """Remembers that it was unpickled."""
    Path(path).with_name("executed").touch()


class Hostile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return touched, (str(self.path),)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": cut,
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 20),
    "list": lambda path: path.write_text("[1, 2]"),
    "other keys": lambda path: path.write_text('{"a": {"b": 1}}'),
    "deep": lambda path: path.write_text("[" * 100_000),
    "folder": folder,
}
OF_CHECKPOINTS: dict[str, Callable[[Path], object]] = {
    "saved list": lambda path: torch.save([1], path),
    "saved other keys": lambda path: torch.save({"state_dict": {}}, path),
    "pickle": lambda path: path.write_bytes(pickle.dumps(Hostile(path))),
    "saved pickle": lambda path: torch.save({"state_dict": Hostile(path)}, path),
    "missing state": lambda path: change(path, lambda state: state["callbacks"].clear()),
    "odd state": lambda path: change(path, lambda state: state.update(callbacks=[3])),
    "no steps": lambda path: change(path, lambda state: state.update(loops={})),
    "no optimiser": lambda path: change(path, lambda state: state.update(optimizer_states=[])),
    "other shapes": lambda path: change(path, reshape),
}


def change(path: Path, edit: Callable[[dict], object]) -> None:
    state = torch.load(path, weights_only=True)
    edit(state)
    torch.save(state, path)


def reshape(state: dict) -> None:
    state["state_dict"] = {name: torch.zeros(3) for name in state["state_dict"]}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    "name", ["last.ckpt", "provenance.json", "config.json", "weights.safetensors"]
)
def test_a_damaged_file_is_named_in_a_sentence(run, name, damage):
    DAMAGES[damage](run / name)
    assert name in the_sentence(run)


@pytest.mark.parametrize("damage", OF_CHECKPOINTS)
def test_a_checkpoint_that_is_none_is_named_and_runs_no_code(run, damage):
    OF_CHECKPOINTS[damage](run / "last.ckpt")
    assert "last.ckpt: expected a checkpoint of this training" in the_sentence(run)
    assert not (run / "executed").exists()


def test_metrics_are_written_again_from_the_checkpoint(run, finished):
    for damage in ("empty", "cut", "binary", "list"):
        DAMAGES[damage](run / "metrics.csv")
        go_on(run.parent)
        assert (run / "metrics.csv").read_bytes() == (finished / "metrics.csv").read_bytes()
    folder(run / "metrics.csv")
    assert "metrics.csv" in the_sentence(run)


def test_without_a_checkpoint_it_starts_again(run, finished):
    (run / "last.ckpt").unlink()
    go_on(run.parent)
    for name in KEPT:
        assert (run / name).read_bytes() == (finished / name).read_bytes(), name


def test_a_checkpoint_of_another_run_is_refused(run, tmp_path):
    other = go_on(tmp_path / "others", seed=1)
    shutil.copy(other / "last.ckpt", run / "last.ckpt")
    assert "belongs to" in the_sentence(run)


def test_a_checkpoint_from_before_runs_were_noted_goes_on(run):
    change(run / "last.ckpt", lambda state: state["callbacks"]["KeepRun"].pop("about"))
    assert go_on(run.parent) == run


HOLD = """
import pathlib, sys, time
from trackscape.files import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(1000)
"""


def test_a_folder_belongs_to_one_process_until_that_is_killed(run):
    command = [sys.executable, "-c", HOLD, str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        (run / ".last.ckpt.elsewhere.1.part").touch()
        assert "another one writes to it" in the_sentence(run)
        process.kill()
    assert go_on(run.parent) == run
    assert not list(run.glob(".*"))  # neither the lock nor what was half written


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_an_error(run):
    run.chmod(0o500)
    assert str(run) in the_sentence(run)
    run.chmod(0o700)


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path):
    (tmp_path / "runs").touch()
    with pytest.raises(RunError, match="runs"):
        go_on(tmp_path / "runs")


def test_a_full_disk_is_an_error_and_leaves_the_checkpoint_whole(run, finished):
    (run / "last.ckpt").unlink()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        assert str(run) in the_sentence(run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(run.glob(".*"))
    go_on(run.parent)
    for name in KEPT:
        assert (run / name).read_bytes() == (finished / name).read_bytes(), name


SURROUNDINGS = {
    "slurm": {
        "SLURM_NTASKS": "2",
        "SLURM_JOB_ID": "77",
        "SLURM_JOB_NAME": "train",
        "SLURM_PROCID": "1",
        "SLURM_LOCALID": "1",
        "SLURM_NODEID": "1",
        "SLURM_JOB_NUM_NODES": "2",
    },
    "torchrun": {
        "TORCHELASTIC_RUN_ID": "1",
        "GROUP_RANK": "1",
        "RANK": "1",
        "LOCAL_RANK": "1",
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "elsewhere",
        "MASTER_PORT": "1",
    },
    "lsf": {
        "LSB_JOBID": "1",
        "LSB_DJOB_RANKFILE": "/missing",
        "JSM_NAMESPACE_LOCAL_RANK": "1",
        "JSM_NAMESPACE_RANK": "1",
        "JSM_NAMESPACE_SIZE": "2",
    },
    "kubeflow": {
        "KUBERNETES_PORT": "1",
        "MASTER_ADDR": "elsewhere",
        "MASTER_PORT": "1",
        "WORLD_SIZE": "2",
        "RANK": "1",
    },
    "mpi": {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "PMI_RANK": "1"},
    "odd": {"LOCAL_RANK": "none", "NODE_RANK": "x", "PL_TRAINER_MAX_STEPS": "1"},
}


@pytest.mark.parametrize("launcher", SURROUNDINGS)
def test_one_process_trains_whatever_launched_it(tmp_path, monkeypatch, finished, launcher):
    for name, value in SURROUNDINGS[launcher].items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    run = go_on(tmp_path)
    assert dict(os.environ) == before
    assert list((run / "tensorboard").iterdir())
    for name in KEPT:
        assert (run / name).read_bytes() == (finished / name).read_bytes(), name


def test_without_tensorboard_only_its_files_are_missing(tmp_path, monkeypatch, finished):
    monkeypatch.delitem(sys.modules, "tensorboard.version", raising=False)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    run = go_on(tmp_path)
    names = {path.name for path in finished.iterdir()}
    assert names - {path.name for path in run.iterdir()} == {"tensorboard"}
    for name in KEPT:
        assert (run / name).read_bytes() == (finished / name).read_bytes(), name


@pytest.mark.parametrize("name", ["a::b", "file:", "http-runs", "$HOME ~", "registry:x", "Ä [red]"])
def test_a_folder_may_have_any_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    run = go_on(name)
    assert (run / "last.ckpt").exists()
    assert list((run / "tensorboard").iterdir())
    assert go_on(name) == run
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_inputs_of_one_name_are_all_noted_and_all_checked(tmp_path):
    for part in ("a/hits", "b/hits", "B/hits"):
        (tmp_path / part).mkdir(parents=True)
        shutil.copy(samples.VALIDATION, tmp_path / part / "x.npz")
    names = {"training": ("a/hits/x.npz", "b/hits/x.npz"), "validation": ("B/hits/x.npz",)}
    config = CONFIG.model_copy(update={"data": CONFIG.data.model_copy(update=names)})
    options = {"data": tmp_path, "runs": tmp_path / "runs", "seed": 0, "progress": False}
    run = train(config, **options).folder
    origin = run / "provenance.json"
    noted = json.loads(origin.read_text())
    assert list(noted["inputs"]) == ["a/hits/x.npz", "b/hits/x.npz", "B/hits/x.npz"]

    noted["inputs"] = {"x.npz": noted["inputs"]["b/hits/x.npz"]}  # as older runs did
    origin.write_text(json.dumps(noted))
    assert train(config, **options).folder == run

    origin.write_text(json.dumps(noted | provenance(seed=0, inputs=[])))
    with pytest.raises(RunError, match="other inputs"):
        train(config, **options)
    shutil.copy(samples.TRAIN, tmp_path / "a" / "hits" / "x.npz")
    with pytest.raises(RunError, match="other inputs"):
        train(config, **options)


def test_settings_are_read_from_a_path_or_its_name(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps(CONFIG.model_dump(mode="json")))
    assert TrainingConfig.load(str(path)) == TrainingConfig.load(path) == CONFIG
