"""Tutorials, scripts in cells, become notebooks with their outputs, and pages of the site.

What ran is kept in `.cache/tutorials`, by the text of the tutorial and the source of the package.
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "tutorials"
SCRIPTS = sorted((ROOT / "docs" / "tutorials").glob("*.py"))
ELSEWHERE = {
    "06_the_landscape_of_a_jax_model": "JAX",
    "07_the_landscape_of_a_keras_model": "Keras and TensorFlow",
}
"""Tutorials that need packages which this site is built without."""

_TEMPORARY = re.compile(rf"{re.escape(tempfile.gettempdir())}/tmp\w+")


def make_notebook(script: Path) -> Any:
    """The notebook of a tutorial, with outputs unless it needs packages that are not here.

    The variable OUTPUTS=no leaves all as they are, for checks of links: tests run tutorials anyhow.
    """
    notebook = read_cells(script.read_text("utf-8"))
    if script.stem in ELSEWHERE or os.environ.get("OUTPUTS") == "no":
        return notebook
    kept = CACHE / f"{script.stem}-{_digest(script)}.ipynb"
    if not kept.exists():
        print(f"running {script.name}", flush=True)
        os.environ["OMP_NUM_THREADS"] = "1"
        sockets = Config({"KernelManager": {"transport": "ipc"}})
        client = NotebookClient(notebook, timeout=600, cwd=str(ROOT), config=sockets)
        client.execute(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for cell in notebook.cells:
            _tidy(cell)
        for old in CACHE.glob(f"{script.stem}-*.ipynb"):
            old.unlink()
        CACHE.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, kept.with_suffix(".new"))
        kept.with_suffix(".new").rename(kept)
    return nbformat.read(kept, as_version=4)


def _tidy(cell: Any) -> None:
    """Leaves out what differs from run to run: times, progress bars, temporary folders."""
    cell.metadata.pop("execution", None)
    if cell.cell_type != "code":
        return
    printed = [each for each in cell.outputs if each.get("name") != "stderr"]
    cell.outputs = [each for each in printed if each.output_type != "clear_output"]
    for output in cell.outputs:
        if output.output_type == "stream":
            output.text = _TEMPORARY.sub("folder", output.text)


def read_cells(text: str) -> Any:
    """A script in cells (`# %%` and `# %% [markdown]`) as a notebook."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    for number, block in enumerate(re.split(r"^# %%", text, flags=re.MULTILINE)[1:]):
        head, _, body = block.partition("\n")
        if head.strip() == "[markdown]":
            body = re.sub(r"^# ?", "", body.strip(), flags=re.MULTILINE)
            cell = nbformat.v4.new_markdown_cell(body)
        else:
            cell = nbformat.v4.new_code_cell(
                re.sub(r"  # noqa: E402$", "", body.strip(), flags=re.MULTILINE)
            )
        cell["id"] = str(number)
        notebook.cells.append(cell)
    return notebook


def page(script: Path, notebook: Any) -> tuple[str, dict[str, bytes]]:
    """Markdown of a notebook, and the files that it needs, by their places in the site."""
    name = script.stem
    files = {f"tutorials/{name}.ipynb": nbformat.writes(notebook).encode()}
    lines: list[str] = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            lines += [cell.source, ""]
            lines += [_head(name), ""] if number == 0 else []
            continue
        lines += ["```python", cell.source, "```", ""]
        printed = "".join(map(_text, cell.outputs)).rstrip()
        if printed:
            lines += ["```{ .text .output }", printed, "```", ""]
        for index, output in enumerate(cell.outputs):
            if "image/png" in output.get("data", {}):
                place = f"tutorials/{name}_{number}_{index}.png"
                files[place] = base64.b64decode(output.data["image/png"])
                lines += [f"![Output of the cell above]({Path(place).name})", ""]
    return "\n".join(lines), files


def _head(name: str) -> str:
    button = f'<a class="md-button" href="{name}.ipynb" download>Download the notebook</a>'
    if name not in ELSEWHERE:
        return button
    return (
        f"{button}\n\n*Shown without outputs: it needs {ELSEWHERE[name]}, which this site is built "
        "without. `make foreign` installs that and runs it.*"
    )


def _text(output: Any) -> str:
    """What an output prints, or nothing where it is a picture."""
    if output.output_type == "stream":
        return output.text
    data = output.get("data", {})
    return "" if "image/png" in data else data.get("text/plain", "") + "\n"


def _digest(script: Path) -> str:
    """Of everything that the outputs follow from: the tutorial and the source of the package."""
    digest = hashlib.sha256(script.read_bytes())
    sources = (each for each in (ROOT / "src" / "trackscape").rglob("*") if each.is_file())
    for path in sorted(each for each in sources if "__pycache__" not in each.parts):
        digest.update(json.dumps([str(path.relative_to(ROOT)), path.stat().st_size]).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
