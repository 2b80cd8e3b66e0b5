"""Generated parts are replaced, and what is written by hand is never touched."""

import pytest

from studies.findings import Finding, evidence, findings_table
from studies.intervals import Interval
from studies.markdown import replace_parts, table
from trackscape.errors import FormatError

PAGE = """# By hand

<!-- generated: first, by python -m something -->
old
<!-- end -->
between
<!-- generated: second-part -->
<!-- end -->
after
"""


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    return path


def test_parts_are_replaced_in_place_as_often_as_wanted(page):
    for _ in range(2):
        replace_parts(page, {"first": table(["a"], [["1"]]), "second-part": [r"\1 new"]})
        assert page.read_text() == (
            "# By hand\n\n<!-- generated: first, by python -m something -->\n\n| a |\n|---|\n| 1 |"
            "\n\n<!-- end -->\nbetween\n<!-- generated: second-part -->\n\n\\1 new\n\n<!-- end -->"
            "\nafter\n"
        )


@pytest.mark.parametrize("parts", [("first",), ("first", "second-part", "third"), ()])
def test_a_page_has_the_parts_that_are_generated(page, parts):
    with pytest.raises(
        FormatError, match=r"expected a page with the generated parts .*, got first, "
    ):
        replace_parts(page, {name: ["new"] for name in parts})
    assert page.read_text() == PAGE


def test_a_page_has_to_be_there(tmp_path):
    with pytest.raises(FormatError, match=r"parts first, got none; start from a copy"):
        replace_parts(tmp_path / "page.md", {"first": []})
    assert list(tmp_path.iterdir()) == []


def test_a_finding_is_a_row_for_each_number():
    tests = evidence({"a": Interval(0.5, 0.1), "b": Interval(0.1, 0.1)}, below="less", above="more")
    found = Finding("more", "tuned cost", "not shown", tests, scale=100, form="+.1f")
    lines = findings_table([found, Finding("else", "", "not shown", {})])
    assert lines[2:] == [
        "| more | tuned cost | **not shown** | a | +50.0 (+30.4 to +69.6) | 0.000 / 0.000 | more |",
        "|  |  |  | b | +10.0 (-9.6 to +29.6) | 0.317 / 0.317 | not shown |",
        "| else |  | **not shown** |  |  |  |  |",
    ]
