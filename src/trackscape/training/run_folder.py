"""A run is a folder that explains itself: its settings, where it came from, what it reached."""

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

import trackscape
from trackscape.files import locked, write_json
from trackscape.training.config import TrainingConfig
from trackscape.training.run_origin import PROVENANCE, check_origin

PACKAGES = ("numpy", "scipy", "torch", "lightning", "numba")


def open_run(root: Path, config: TrainingConfig, *, seed: int, inputs: Iterable[Path]) -> Path:
    """Makes ``<root>/<name>-<digest>-s<seed>``, or opens it again for the same settings and files.

    The folder holds ``config.json`` (all settings) and ``provenance.json`` (seed, digests of the
    input files, versions, machine); the training adds ``metrics.csv``, ``timing.csv``,
    ``weights.safetensors``, ``last.ckpt`` and ``tensorboard/``.

    Raises:
        RunError: If the folder was begun with other input files or another version of torch, is
            damaged, in use or cannot be written to.
    """
    folder = config.folder(root, seed=seed)
    now = provenance(seed=seed, inputs=inputs)
    with locked(folder):
        if (folder / PROVENANCE).exists():
            check_origin(folder, config, now)
        else:
            write_json(folder / "config.json", config.model_dump(mode="json"))
            write_json(folder / PROVENANCE, now)
    return folder


def provenance(*, seed: int, inputs: Iterable[Path]) -> dict[str, Any]:
    """Returns what decides the result of a run beside its settings."""
    return {
        "trackscape": trackscape.__version__,
        "commit": _commit(),
        "seed": seed,
        "inputs": {name: _digest(path) for name, path in _names(inputs).items()},
        "packages": {name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
    }


def _names(paths: Iterable[Path]) -> dict[str, Path]:
    """Names files, with as many of their folders as tell them apart."""
    parts = {path: path.absolute().parts for path in paths}
    named: dict[str, Path] = {}
    for path, own in parts.items():
        others = [each for other, each in parts.items() if other != path]
        depths = range(1, len(own))
        depth = next((n for n in depths if all(own[-n:] != o[-n:] for o in others)), len(own))
        named["/".join(own[-depth:])] = path
    return named


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of the checkout that the package runs from, '+' where it has changes."""
    here = Path(__file__).parent
    git = ["git", "-C", str(here)]
    try:
        listed = subprocess.run(
            [*git, "ls-files", "--error-unmatch", __file__], capture_output=True
        )
        if listed.returncode:
            return None
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True)
        status = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True)
    except OSError:
        return None
    return commit.stdout.strip() + ("+" if status.stdout else "")
