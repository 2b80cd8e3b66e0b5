"""Pages of the documentation, from disk: nothing comes from elsewhere, all fits, is legible."""

from collections.abc import Callable
from pathlib import Path

import pytest
from browser.looking import WIDTHS, faint_texts
from playwright.sync_api import Page

SITE = Path(__file__).parents[2] / "site"
# 404.html is for servers: its links begin at the root.
PAGES = sorted(path for path in SITE.rglob("*.html") if path.name != "404.html")
FEW = [
    "index.html",
    "results.html",
    "how_to/my_gate_file.html",
    "tutorials/01_from_hits_to_tracks.html",
    "reference/assignment.html",
    "reference/command_line.html",
    "about/citation.html",
]
MakePage = Callable[..., Page]
pytestmark = pytest.mark.skipif(not PAGES, reason="there is no site; `make docs` builds it")


def test_no_page_asks_for_anything_or_is_wider_than_its_window(make_page: MakePage) -> None:
    wide: list[str] = []
    for name, (width, _) in WIDTHS.items():
        page = make_page(name)  # it fails on errors and requests at the end
        for path in PAGES:
            page.goto(path.as_uri())
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append(f"{path.relative_to(SITE)} at {width}")
    assert wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out(make_page: MakePage, scheme: str) -> None:
    page = make_page(color_scheme=scheme)
    for name in FEW:
        page.goto((SITE / name).as_uri())
        shown = page.evaluate("document.body.dataset.mdColorScheme")
        assert shown == ("slate" if scheme == "dark" else "default")
        assert faint_texts(page) == [], name
