"""What is handed on: distributions, their metadata, and the files that hosts of them read."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement

import trackscape

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
BUILD = "import setuptools.build_meta as backend, sys; backend.build_{}(sys.argv[1])"


def load_script(path: str) -> ModuleType:
    """Returns a script of the repository as a module."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


contents = load_script("packaging/contents.py")


def made_here(folder: str, names: list[str]) -> list[str]:
    """Returns what lies in the folder, but belongs to this checkout alone."""
    made = {"build", "demo", "dist", "runs"} if Path(folder) == ROOT else set()
    kept = {".dockerignore", ".github"}
    return [
        name
        for name in names
        if name in made or name == "__pycache__" or (name.startswith(".") and name not in kept)
    ]


def build(kind: str, source: Path, place: Path) -> Path:
    command = [sys.executable, "-W", "error", "-c", BUILD.format(kind), str(place)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if "byte-compiling is disabled" not in line]
    assert not [line for line in said if "warn" in line.lower()]
    return next(place.glob("*.whl" if kind == "wheel" else "*.tar.gz"))


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A source distribution of this checkout, and the wheel that is made of it alone."""
    folder = tmp_path_factory.mktemp("packaging")
    source, place = folder / "source", folder / "dist"
    shutil.copytree(ROOT, source, symlinks=True, ignore=made_here)
    place.mkdir()
    sdist = build("sdist", source, place)
    shutil.unpack_archive(sdist, folder / "unpacked", filter="data")
    return sdist, build("wheel", next((folder / "unpacked").iterdir()), place)


@pytest.fixture(scope="module")
def metadata(distributions: tuple[Path, Path]) -> Message:
    """The metadata of the wheel."""
    with zipfile.ZipFile(distributions[1]) as archive:
        name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return BytesParser().parsebytes(archive.read(name))


def test_distributions_hold_what_they_should(distributions):
    sdist, wheel = (
        contents.names_of_sdist(distributions[0]),
        contents.names_of_wheel(distributions[1]),
    )
    assert list(contents.problems(sdist, wheel)) == []
    tops = {name.split("/")[0] for name in wheel}
    assert tops == {"trackscape", f"trackscape-{trackscape.__version__}.dist-info"}
    needed = {"Makefile", "CHANGELOG.md", "requirements/test.txt", "tests/test_packaging.py"}
    assert needed | {"docs/architecture.md", "configs/study/cpu.yaml", "studies/README.md"} <= sdist


def test_shipped_settings_are_those_of_the_repository(distributions):
    with zipfile.ZipFile(distributions[1]) as archive:
        for kind in ("cpu", "paper", "scan", "tuning", "emulation"):
            for path in (ROOT / "configs" / kind).glob("*.yaml"):
                packed = archive.read(f"trackscape/configs/{kind}/{path.name}")
                assert packed == path.read_bytes()


def test_the_wheel_works_from_its_own_files(distributions, tmp_path):
    shutil.unpack_archive(distributions[1], tmp_path / "site", format="zip")
    code = (
        "import trackscape.cli, trackscape.formats as formats, sys;"
        "print(trackscape.__file__, len(formats.shipped_settings()));"
        "sys.argv = ['trackscape', 'config', 'show', 'cpu/trackscape']; trackscape.cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    first, *settings = done.stdout.splitlines()
    assert first.startswith(str(tmp_path / "site"))
    assert "\n".join(settings) + "\n" == (ROOT / "configs" / "cpu" / "trackscape.yaml").read_text()


def test_metadata_are_true(metadata):
    assert metadata["Version"] == trackscape.__version__
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Description-Content-Type"] == "text/markdown"
    lowest = metadata["Requires-Python"].removeprefix(">=")
    assert f"Programming Language :: Python :: {lowest}" in metadata.get_all("Classifier")


def test_the_page_of_an_index_leads_nowhere_that_is_not_there(metadata):
    page = metadata.get_payload()
    assert page.startswith("# trackscape\n")
    assert [link for link in re.findall(r"\]\(([^)]*)\)", page) if "://" not in link] == []
    assert "docs/images/" not in page
    assert "conventions (`docs/conventions.md`)" in page
    named = re.findall(r"\(`([\w./-]+)`\)", page)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_all_is_every_extra_for_users():
    extras = PROJECT["optional-dependencies"]
    others = ("all", "dev", "docs")
    single = {each for name, given in extras.items() if name not in others for each in given}
    assert extras["all"] == sorted(single)


def test_versions_agree():
    version = trackscape.__version__
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    recipe = yaml.safe_load((ROOT / "packaging" / "conda" / "recipe.yaml").read_text("utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert citation["version"] == recipe["context"]["version"] == version
    assert f"## {version} - {citation['date-released']}\n" in changes


def test_the_conda_recipe_needs_what_the_package_needs():
    recipe = yaml.safe_load((ROOT / "packaging" / "conda" / "recipe.yaml").read_text("utf-8"))
    names = {"torch": "pytorch", "matplotlib": "matplotlib-base"}  # as conda-forge calls them
    ours = {
        (names.get(each.name, each.name), str(each.specifier))
        for each in map(Requirement, PROJECT["dependencies"])
    }
    python, *theirs = (tuple(line.split(maxsplit=1)) for line in recipe["requirements"]["run"])
    assert set(theirs) == ours
    assert python == ("python", ">=${{ python_min }}")
    assert f">={recipe['context']['python_min']}" == PROJECT["requires-python"]


def workflows() -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in (ROOT / ".github/workflows").iterdir()}


@pytest.mark.parametrize("name", workflows())
def test_workflows_run_targets_that_exist(name):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    used = set(re.findall(r"run: make ([a-z-]+)", workflows()[name]))
    assert used
    assert used <= set(targets)
    jobs = yaml.safe_load(workflows()[name])["jobs"]
    assert all("timeout-minutes" in job for job in jobs.values())


def test_python_versions_are_the_same_everywhere():
    jobs = yaml.safe_load(workflows()["tests.yml"])["jobs"]
    mark = "Programming Language :: Python :: 3."
    claimed = {each.split(":: ")[-1] for each in PROJECT["classifiers"] if each.startswith(mark)}
    assert set(jobs["test"]["strategy"]["matrix"]["python"]) == claimed
    release = yaml.safe_load(workflows()["release.yml"])["jobs"]
    assert set(release["try"]["strategy"]["matrix"]["python"]) == claimed


def test_the_container_copies_only_what_its_context_holds():
    lines = (ROOT / "Containerfile").read_text("utf-8").splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ")]
    names = {name for names in copied for name in names if not name.startswith(("/", "--"))}
    allowed = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for name in names:
        assert (ROOT / name).exists()
        assert f"!{name.split('/')[0]}" in allowed


def test_a_report_of_a_problem_asks_for_the_doctor():
    folder = ROOT / ".github" / "ISSUE_TEMPLATE"
    report = yaml.safe_load((folder / "bug.yml").read_text("utf-8"))
    asked = {each["id"]: each for each in report["body"]}
    assert "`trackscape doctor`" in asked["doctor"]["attributes"]["label"]
    assert asked["doctor"]["validations"]["required"]
