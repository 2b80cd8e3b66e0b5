"""Pages of studies open with what they show, and their short tables say what the long ones say."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from studies import robustness
from studies.results import page as results
from studies.results.measure import Cell

DOCS = Path(__file__).parents[2] / "docs"
STUDIES = ("downstream", "estimators", "lazy_gp", "loss_landscape", "what_holds")
OPENING = [DOCS / f"{name}.md" for name in ("results", "robustness")] + [
    DOCS / "studies" / f"{name}.md" for name in STUDIES
]


@pytest.mark.parametrize("path", OPENING, ids=lambda path: path.stem)
def test_a_page_says_first_what_it_shows_and_where_to_look(path):
    title, blank, *lines = path.read_text("utf-8").splitlines()[:6]
    assert title.startswith("# ")
    assert blank == ""
    assert lines[0].startswith("- **What it shows:**")
    assert any(line.startswith("- **Look at**") for line in lines[1:3])


def rows_of(text: str, *, after: str) -> dict[str, list[str]]:
    """Cells of the first table after a line that begins so, by the first cell of the row."""
    block = re.search(r"(?:^\|.*\n)+", text[text.index(after) :], re.MULTILINE)
    assert block is not None
    lines = [line[1:-1].split("|") for line in block[0].splitlines()]
    return {line[0].strip(" *"): [cell.strip(" *") for cell in line[1:]] for line in lines}


def test_the_short_table_of_results_holds_the_means_of_the_long_one():
    text = (DOCS / "results.md").read_text("utf-8")
    short = rows_of(text, after="| mean of the phantoms, 100 p+/F")
    long = rows_of(text, after="| 100 p+/F")
    for method, means in list(short.items())[2:]:
        pairs = [re.findall(r"([\d.]+) \(", cell) for cell in long[method]]
        for place, mean in enumerate(means):
            expected = sum(float(pair[place]) for pair in pairs) / len(pairs)
            assert float(mean) == pytest.approx(expected, abs=0.051), method


def test_the_short_table_of_robustness_is_a_part_of_the_long_one():
    text = (DOCS / "robustness.md").read_text("utf-8")
    short = rows_of(text, after="| | trackscape")
    long = rows_of(text, after="| | greedy")
    assert short.keys() == long.keys()
    for variation, cells in short.items():
        for method, cell in zip(short[""], cells, strict=True):
            whole = long[variation][long[""].index(method)]
            assert whole == cell or whole.startswith(f"{cell} ("), (variation, method)


def test_pages_begin_as_their_studies_write_them():
    names = [name for shown in robustness.SHOWN for name in shown]
    summary = SimpleNamespace(values=dict.fromkeys(names, 0.5))
    table = dict.fromkeys(
        [(variation, method) for variation in ("a", "b") for method in ("kalman", "trackscape")],
        summary,
    )
    lines = list(robustness.page(table))
    written = (DOCS / "robustness.md").read_text("utf-8")
    assert written.startswith("\n".join(lines[:4]))
    assert lines[4:7] == [
        "| | trackscape | kalman |",
        "|---|---|---|",
        "| a | 50.0 / 50.0 | 50.0 / 50.0 |",
    ]
    written = (DOCS / "results.md").read_text("utf-8")
    assert written.startswith(f"# Results\n\n{results.IN_SHORT}\n\n| mean of the phantoms")
    means = {("kalman", Cell(100, mm)): SimpleNamespace(values=of) for mm, of in _two().items()}
    assert list(results._means(means, ["kalman"], [100, 150]))[2] == "| kalman | 80.00 | 70.00 |"


def _two() -> dict[int, dict[str, float]]:
    return {
        100: {"purity": 0.7, "efficiency": 0.6},
        150: {"purity": 0.9, "efficiency": 0.8},
    }
