"""A real browser, and pages in it that must stay quiet and load nothing from elsewhere.

Run by `make test-browser`, in an environment that has a browser driver and not trackscape.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from browser.looking import WIDTHS, settle
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
INSIDE = ("file:", "data:", "blob:", "about:")
PAGES = Path(os.environ.get("TRACKSCAPE_PAGES", ".venv/browser/pages")).resolve()


MEASURED: list[str] = []


@pytest.fixture
def note() -> Callable[[str], None]:
    """Takes a line on what was measured, for the end of the run."""
    return MEASURED.append


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints the lines that `note` took."""
    for line in MEASURED:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def browser() -> Generator[Browser, None, None]:
    """A chromium of the system."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("install chromium to test the pages in a browser")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def make_page(browser: Browser) -> Generator[Callable[..., Page], None, None]:
    """Makes pages; fails at the end on any error in them, and any request that leaves them."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def make(width: str = "wide", **options: Any) -> Page:
        size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
        contexts.append(browser.new_context(viewport=size, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith(INSIDE) or complaints.append(request.url),
        )
        return page

    yield make
    for context in contexts:
        with contextlib.suppress(Exception):
            context.close()
    assert complaints == []


@pytest.fixture
def page(make_page: Callable[..., Page]) -> Page:
    """A page of 1280 pixels in light colours."""
    return make_page()


@pytest.fixture(scope="session")
def pages() -> Path:
    """The folder that `tests/browser_pages.py` has filled."""
    if not (PAGES / "expected.json").exists():
        pytest.fail(f"{PAGES}: expected the pages there; make them with tests/browser_pages.py.")
    return PAGES


@pytest.fixture(scope="session")
def expected(pages: Path) -> dict[str, Any]:
    """What the pages must show, as Python has computed it."""
    return json.loads((pages / "expected.json").read_text("utf-8"))


@pytest.fixture
def visit(make_page: Callable[..., Page], pages: Path) -> Callable[..., Page]:
    """Opens one of the pages by its name and waits until it is drawn."""

    def go(name: str, width: str = "wide", **options: Any) -> Page:
        opened = make_page(width, **options)
        opened.goto((pages / f"{name}.html").as_uri())
        settle(opened)
        return opened

    return go
