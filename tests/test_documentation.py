"""What the documentation promises: public names are in the reference, and its Python runs."""

import ast
import importlib
import re
import shutil
from pathlib import Path

import pytest
import typer

from trackscape import samples
from trackscape.cli.main import app
from trackscape.simulation import load_scan_settings, simulate_scan
from website import command_line, public, reference

ROOT = Path(__file__).parents[1]
PACKAGES = public.packages()
BLOCK = re.compile(
    r"(?:<!-- run first\n(.*?)-->\n+)?^```python\n(.*?)^```", re.DOTALL | re.MULTILINE
)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NOT_RUN = {
    "docs/emulation.md": ["EmulatorConfig.load("],  # a training, as in the tests of emulation
    "docs/image_files.md": ["import itk"],  # another package
}
"""Blocks that are not run, by what they contain."""
SHORTER = {
    "n_trials=500": "n_trials=3",
    "primaries=20_000": "primaries=200",
    "range(50)": "range(6)",
    "most=20": "most=2",
    "directions.vectors))": "directions.vectors, steps=3))",
    'method="tv"': 'method="fbp"',
}
"""What takes long, and what is run in its place."""
SCAN = """
phantom: ctp404
angles: {step: 60, number: 6}
spots: {columns: 5, pitch: 20}
primaries: 1000
"""
TRAINED = ROOT / "src" / "trackscape" / "emulation" / "trained"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_described_in_the_reference(package):
    pages = reference.pages()
    undocumented = [
        name
        for name in public.public_names(package)
        if not (public.definition(package, name).docstring or "").strip()
    ]
    assert public.docstring(package)
    assert undocumented == []
    page = pages[reference.place(package)]
    for name in public.public_names(package):
        home = public.home(package, name)
        there = pages[reference.place(home)]
        assert f"[`{name}`][{home}.{name}]" in page
        assert f"::: {home}.{name}" in there or f"{{ #{home}.{name} " in there


@pytest.mark.parametrize("package", PACKAGES)
def test_names_are_read_from_the_source_as_python_sees_them(package):
    module = importlib.import_module(package)
    names = set(public.public_names(package))
    assert all(hasattr(module, name) for name in names)
    assert set(getattr(module, "__all__", ())) <= names


def test_the_docstring_of_the_package_lists_every_package_but_those_for_all():
    listed = re.findall(
        r"^ {4}([a-z_]+) {2,}\S", public.docstring("trackscape") or "", re.MULTILINE
    )
    top = {name.split(".")[1] for name in PACKAGES if name.count(".") == 1}
    assert top - set(listed) == {"cli", "errors", "execution", "pages", "samples", "units"}


def test_every_verb_and_option_is_on_the_page_of_the_command_line():
    page = command_line.page()
    for status in (0, 1, 2, 130):
        assert f"| {status} |" in page
    _, *parts = re.split(r"^## (trackscape .*) \{.*\n", page, flags=re.MULTILINE)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    verbs = {}
    for name, command in typer.main.get_command(app).commands.items():
        inner = getattr(command, "commands", {"": command})
        verbs |= {f"trackscape {name} {below}".rstrip(): verb for below, verb in inner.items()}
    assert verbs.keys() == sections.keys()
    for name, verb in verbs.items():
        for option in verb.params:
            for each in option.opts if option.param_type_name == "option" else ():
                assert re.search(rf"[`\s]{each}[`,\s]", sections[name])


def blocks(path: Path) -> list[str]:
    """The Python of a page in its order, each block after what a comment says to run first."""
    skipped = NOT_RUN.get(str(path.relative_to(ROOT)), [])
    found = BLOCK.findall(path.read_text("utf-8"))
    return [first + code for first, code in found if not any(each in code for each in skipped)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that pages speak of, under the names that they have there."""
    there = tmp_path_factory.mktemp("pages")
    shutil.copy(samples.VALIDATION, there / "hits.npz")
    shutil.copy(TRAINED / "m7.safetensors", there / "weights.safetensors")
    (there / "scan.yaml").write_text(SCAN)
    simulate_scan(load_scan_settings(there / "scan.yaml"), there / "scan", progress=False)
    return there


WITH_PYTHON = [path for path in PAGES if blocks(path)]


@pytest.mark.slow
# An image of six angles is too poor for the width of its edges.
@pytest.mark.filterwarnings("ignore:Covariance of the parameters could not be estimated")
@pytest.mark.parametrize("path", WITH_PYTHON, ids=lambda path: path.stem)
def test_the_python_of_a_page_runs(path, folder, monkeypatch):
    monkeypatch.chdir(folder)
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks(path):
        for long, short in SHORTER.items():
            block = block.replace(long, short)
        exec(compile(block, str(path), "exec"), names)


def test_blocks_that_are_not_run_are_there():
    for name, parts in NOT_RUN.items():
        text = (ROOT / name).read_text("utf-8")
        assert all(part in text for part in parts)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_on_pages_is_in_blocks_that_are_run(path):
    text = path.read_text("utf-8")
    assert not re.search(
        r"^ {4}(from trackscape|import )", re.sub(r"(?ms)^```.*?^```", "", text), re.MULTILINE
    )
    for _, code in BLOCK.findall(text):
        ast.parse(code)
