"""The page: one whole file, escaped, and the same for the same content."""

import base64
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from trackscape.errors import DataError, FormatError
from trackscape.pages import Page

VOID = {"meta", "img", "br", "input", "link"}


class Nesting(HTMLParser):
    """Fails where a tag is closed that was not the last to be opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def small_figure() -> Figure:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1], [1, 0])
    return figure


def full_report() -> Page:
    report = Page("Tracks & <frames>")
    report.add_heading("Purity > 90 %")
    report.add_text("a < b")
    report.add_table(["name <1>", "purity"], [["<i>x</i>", 0.97126], ["y", 1.0]], "A & B")
    report.add_figure(small_figure(), 'Seen "from above"')
    report.add_html_fragment("<section>kept</section>")
    return report


def test_parts_come_in_order_and_tags_close() -> None:
    page = full_report().html
    nesting = Nesting()
    nesting.feed(page)
    assert nesting.open == []
    body = page.split("<body>")[1]
    parts = ["<h1>", "<h2>", "<p>", "<table>", "<figure>", "<section>"]
    assert sorted(parts, key=body.index) == parts


def test_texts_are_escaped() -> None:
    page = full_report().html
    assert "<title>Tracks &amp; &lt;frames&gt;</title>" in page
    assert "<h2>Purity &gt; 90 %</h2>\n<p>a &lt; b</p>" in page
    assert '<td class="text">&lt;i&gt;x&lt;/i&gt;</td><td class="number">0.9713</td>' in page
    assert 'alt="Seen &quot;from above&quot;"' in page
    assert "<i>" not in page
    assert "<section>kept</section>" in page


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([1000, -3], "number"),
        ([0.5, 1e-12], "number"),
        (["97.1 ± 0.3", "9.1 ± 0.3"], "number"),
        (["150 mm", "-1,234.5 MeV"], "number"),
        (["0.31 %", "12 ms"], "number"),
        (["97.1 (96.8 to 97.4)", "9 % [8, 11]"], "number"),
        (["-", 3], "text"),
        (["layer 3"], "text"),
        (["line graph"], "text"),
    ],
)
def test_columns_of_numbers_are_aligned_on_the_right(cells: list[str | float], kind: str) -> None:
    report = Page("")
    report.add_table(["column"], [[cell] for cell in cells], "")
    assert re.findall(r'<t[hd] class="(\w+)"', report.html) == [kind] * (len(cells) + 1)


def test_integers_get_separators() -> None:
    report = Page("")
    report.add_table(["hits"], [[1234567]], "")
    assert ">1,234,567</td>" in report.html


def test_a_ragged_table_is_refused() -> None:
    with pytest.raises(DataError, match=r"Row 1 of the table 'sizes' has 1 cells for 2 headers"):
        Page("").add_table(["a", "b"], [[1, 2], [3]], "sizes")


def test_pictures_are_embedded_as_vector_graphics() -> None:
    (picture,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', full_report().html)
    assert ElementTree.fromstring(base64.b64decode(picture)).tag.endswith("svg")


def test_nothing_is_loaded_from_outside() -> None:
    page = full_report().html
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert [address.split(",")[0] for address in addresses] == ["data:image/svg+xml;base64"]
    assert "default-src 'none'" in page


def test_equal_reports_are_equal_files(tmp_path: Path) -> None:
    full_report().write(tmp_path / "one.html")
    full_report().write(tmp_path / "new" / "two.html")
    one, two = (tmp_path / "one.html").read_bytes(), (tmp_path / "new/two.html").read_bytes()
    assert one == two == full_report().html.encode()


def test_a_failed_write_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"old")

    def full_disk(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(FormatError, match=r"report.html: expected a place .* no space left"):
        full_report().write(path)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert path.read_bytes() == b"old"


def test_a_place_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FormatError, match=r"file/report.html: expected a place to write to"):
        full_report().write(tmp_path / "file" / "report.html")
