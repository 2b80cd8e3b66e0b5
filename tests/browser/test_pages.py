"""What holds for every page: quiet, readable in both themes, and as wide as the window."""

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from browser.looking import BLINDNESS, WIDTHS, as_seen, contrast, faint_texts, rgb, settle, variable
from playwright.sync_api import Page

Visit = Callable[..., Page]
NAMES = ("viewer", "small", "measured", "empty", "surface", "report")
VIEWERS = ("viewer", "surface")
SVG = "{http://www.w3.org/2000/svg}"


def dressings(page: Page) -> Iterator[tuple[str, str]]:
    """Gives the page every width, and in each both themes."""
    for width, (across, high) in WIDTHS.items():
        page.set_viewport_size({"width": across, "height": high})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            settle(page)
            yield width, scheme


@pytest.mark.parametrize("name", NAMES)
def test_pages_fit_and_can_be_read(visit: Visit, name: str) -> None:
    page = visit(name)
    for width, scheme in dressings(page):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert faint_texts(page) == []
        ground = rgb(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert (sum(ground) < 3 * 64) == (scheme == "dark")
        for box in (canvas.bounding_box() for canvas in page.locator("canvas").all()):
            assert box is not None
            assert box["width"] > 0.4 * min(box["x"] + box["width"], 900)
            assert box["height"] > 150
        if width == "wide":
            cut = "(tables) => tables.filter((one) => one.scrollWidth > one.clientWidth).length"
            assert page.locator(".table").evaluate_all(cut) == 0, "a column is cut off"
    assert page.evaluate(_NAMELESS) == 0, "fields and pictures say what they are"


_NAMELESS = """[...document.querySelectorAll("canvas, input, select, button, img")].filter((one) =>
  !one.ariaLabel && !one.alt && !one.labels?.length && !one.textContent.trim()).length"""


def test_what_is_drawn_stands_out(visit: Visit) -> None:
    """Letters by 4.5 to 1 as texts, lines by 3 to 1 as graphics (WCAG 2, AA), for all eyes."""
    page = visit("small")
    lines = ["correct", "wrong", "missed", "glow", "focus", "hit", *(f"track{k}" for k in range(7))]
    for _ in dressings(page):
        card = variable(page, "card")
        assert contrast(variable(page, "text"), card) >= 4.5
        faint = {name: contrast(variable(page, name), card) for name in lines}
        assert {name: ratio for name, ratio in faint.items() if ratio < 3} == {}
        right, wrong = variable(page, "correct"), variable(page, "wrong")
        for kind in BLINDNESS:
            seen = zip(as_seen(right, kind), as_seen(wrong, kind), strict=True)
            assert max(abs(one - other) for one, other in seen) > 0.2, kind
    page = visit("surface")
    for _ in dressings(page):
        assert contrast(variable(page, "text"), variable(page, "card")) >= 4.5


def saved(page: Page, kind: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.locator(f"[data-do={kind}]").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def decoded(path: Path) -> tuple[int, int, bytes]:
    """Width, height and all bytes of the lines of a PNG, after its checksums."""
    content, at, lines, size = path.read_bytes(), 8, b"", (0, 0)
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert struct.unpack(">I", content[at + 8 + length : at + 12 + length])[0] == zlib.crc32(
            kind + body
        )
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        lines += body if kind == b"IDAT" else b""
        at += 12 + length
    return *size, zlib.decompress(lines)


@pytest.mark.parametrize("name", VIEWERS)
def test_saved_pictures_are_of_what_is_seen(visit: Visit, name: str, tmp_path: Path) -> None:
    page = visit(name)
    path = saved(page, "png", tmp_path)
    width, height, lines = decoded(path)
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    assert path.suffix == ".png"
    assert width == pytest.approx(2 * stage["width"], abs=2)
    assert height > 2 * stage["height"]
    assert len(set(lines)) > 50, "more than one colour"
    before = ElementTree.parse(saved(page, "svg", tmp_path)).getroot()
    assert before.tag == f"{SVG}svg"
    panes = before.findall(f"./{SVG}svg/{SVG}svg")
    assert len(panes) == page.locator(".stage canvas").count()
    assert all(pane.findall(f".//{SVG}path") for pane in panes)
    assert len(before.findall(f".//{SVG}text")) > 8
    page.locator(".stage canvas").first.focus()
    page.keyboard.press("ArrowLeft")
    settle(page)
    after = ElementTree.parse(saved(page, "svg", tmp_path)).getroot()
    turned = [ElementTree.tostring(one.find(f"./{SVG}svg/{SVG}svg")) for one in (before, after)]
    assert turned[0] != turned[1]


def test_the_legend_is_on_saved_pictures_and_only_of_what_is_shown(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit("viewer")

    def words() -> str:
        root = ElementTree.parse(saved(page, "svg", tmp_path)).getroot()
        return "\n".join(text.text or "" for text in root.iter(f"{SVG}text"))

    assert "Ten frames of 150 protons: frame 0" in words()
    assert "wrong tracks (2)" in words()
    page.locator("[data-show=wrong]").uncheck()
    assert "wrong tracks" not in words()
