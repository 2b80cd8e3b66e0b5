"""The house: what can be imported from where, by whom, and how large its rooms are."""

import ast
import importlib
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import trackscape
from trackscape.formats import shipped_settings

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "trackscape"
FACE = [
    "Assigner",
    "Assignment",
    "EdgeScores",
    "HitGraph",
    "Hits",
    "Image",
    "Problem",
    "Scorer",
    "TrackscapeError",
    "Tracks",
    "TrainingConfig",
    "Truth",
    "accept",
    "compare_files",
    "connect_layers",
    "draw_frame",
    "evaluate_frames",
    "inspect_file",
    "load_detector",
    "load_network",
    "load_tracker",
    "make_image",
    "make_setup",
    "network_tracker",
    "read_frames",
    "read_hits",
    "read_scan",
    "reconstruct",
    "save_network",
    "simulate",
    "split_frames",
    "summarise",
    "tracker_problem",
    "train",
    "write_hits",
    "write_html",
    "write_tracks",
]
CONSUMERS = [
    *(ROOT / "studies").rglob("*.py"),
    *(ROOT / "benchmarks").rglob("*.py"),
    *(ROOT / "docs" / "tutorials").glob("*.py"),
]


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Module and name of each import from trackscape."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("trackscape"):
            yield from ((node.module or "", alias.name) for alias in node.names)


def test_the_face_is_pinned():
    assert trackscape.__all__ == sorted(FACE)
    assert set(FACE) <= set(dir(trackscape))


@pytest.mark.parametrize("name", FACE)
def test_every_name_of_the_face_is_what_its_package_exports(name):
    value = getattr(trackscape, name)
    package = importlib.import_module(".".join(value.__module__.split(".")[:2]))
    assert getattr(package, name) is value


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="no_such_name"):
        trackscape.no_such_name  # noqa: B018


def test_the_package_loads_nothing_before_it_is_used():
    code = "import sys, trackscape; print([m for m in ('numpy', 'torch') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def exported(package: ModuleType) -> set[str]:
    """Names that a package offers: those in `__all__`, `import x as x`, and its own."""
    found = set(getattr(package, "__all__", ()))
    for node in ast.parse(Path(package.__file__ or "").read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            found.update(alias.name for alias in node.names if alias.asname == alias.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update(each.id for each in targets if isinstance(each, ast.Name))
    return found


@pytest.mark.parametrize("path", CONSUMERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_studies_benchmarks_and_tutorials_use_only_what_a_package_exports(path):
    hidden: list[str] = []
    for module, name in imported(path):
        package = importlib.import_module(module)
        if not hasattr(package, "__path__"):
            if module.count(".") > 1:  # else of the ground floor, such as errors and units
                hidden.append(f"{module}.{name}")
        elif name not in exported(package) and (module, name) != ("trackscape", "samples"):
            hidden.append(f"{module}.{name}")
    assert not hidden


def test_no_public_name_is_defined_twice():
    homes: dict[str, list[str]] = defaultdict(list)
    for path in SOURCE.rglob("*.py"):
        if SOURCE / "cli" in path.parents:
            continue  # a verb there is named after the function that it calls
        for node in ast.parse(path.read_text("utf-8")).body:
            names = [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
            if isinstance(node, ast.Assign):
                names = [each.id for each in node.targets if isinstance(each, ast.Name)]
            for name in names:
                if not name.startswith("_"):
                    homes[name].append(str(path.relative_to(SOURCE)))
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


def test_the_wheel_holds_every_file_that_the_source_needs():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    held: set[Path] = set()
    for package, patterns in settings["tool"]["setuptools"]["package-data"].items():
        folder = ROOT / "src" / package.replace(".", "/")
        held.update(path for pattern in patterns for path in folder.glob(pattern))
    shipped = {SOURCE / "configs" / f"{name}.yaml" for name in shipped_settings()}
    files = {path for path in SOURCE.rglob("*") if path.is_file()} | shipped
    code = {path for path in files if path.suffix == ".py" or "__pycache__" in path.parts}
    assert files - code == held
