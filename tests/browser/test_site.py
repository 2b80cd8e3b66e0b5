"""Pages of the site in a browser, from disk: nothing comes from elsewhere, all fits, is legible."""

import os
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="`make test-browser` has it")
SITE = Path(__file__).parents[2] / "site"
BROWSER = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PAGES = sorted(SITE.rglob("*.html"))
SCHEMES = ["light", "dark"]
FEW = [
    "index.html",
    "results.html",
    "tutorials/01_from_hits_to_tracks.html",
    "reference/assignment.html",
    "reference/command_line.html",
    "about/citation.html",
]

CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true})
  const known = new Map()
  const channels = (colour) => {
    if (!known.has(colour)) {
      canvas.clearRect(0, 0, 1, 1)
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
      known.set(colour, [...canvas.getImageData(0, 0, 1, 1).data].map((each) => each / 255))
    }
    return known.get(colour)
  }
  const over = ([r, g, b, a], [R, G, B]) => [r, g, b].map((c, n) => c * a + [R, G, B][n] * (1 - a))
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const ground = (element) => {
    const chain = []
    for (let each = element; each; each = each.parentElement) {
      chain.unshift(channels(getComputedStyle(each).backgroundColor))
    }
    return chain.reduce((below, colour) => over(colour, below), [1, 1, 1])
  }
  const bad = new Set()
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    const box = element.getBoundingClientRect()
    if (!walker.currentNode.data.trim() || !box.width || !box.height) continue
    if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue
    if (element.closest("script, style, nav.md-header__inner .md-search, .headerlink")) continue
    const style = getComputedStyle(element)
    const size = parseFloat(style.fontSize)
    const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700)
    const behind = ground(element)
    const [r, g, b, a] = channels(style.color)
    let opacity = a
    for (let each = element; each; each = each.parentElement) {
      opacity *= getComputedStyle(each).opacity
    }
    const lights = [light(over([r, g, b, opacity], behind)), light(behind)]
    const [one, two] = lights.sort((x, y) => y - x)
    const ratio = (one + 0.05) / (two + 0.05)
    if (ratio < (large ? 3 : 4.5)) {
      const text = walker.currentNode.data.trim().slice(0, 30)
      bad.add(`${ratio.toFixed(2)} ${element.tagName}.${element.className}: ${text}`)
    }
  }
  return [...bad]
}"""


@pytest.fixture(scope="module")
def browser():
    if not PAGES:
        pytest.skip("there is no site; `make docs` builds it")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


def gone(request: Any) -> bool:
    """Whether nobody waited for it any more, as the next page was opened."""
    return request.failure == "net::ERR_ABORTED"


def test_no_page_loads_anything_from_elsewhere_or_reports_an_error(browser: Any):
    page = browser.new_page()
    asked: set[str] = set()
    wrong: list[str] = []
    page.on("request", lambda request: asked.add(request.url))
    page.on("requestfailed", lambda request: None if gone(request) else wrong.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    for path in PAGES:
        if path.name != "404.html":  # it is for servers: its links begin at the root
            page.goto(path.as_uri())
    assert {url for url in asked if not url.startswith(("file:", "data:", "blob:"))} == set()
    assert wrong == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window(browser: Any, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    wide: list[str] = []
    for path in PAGES:
        page.goto(path.as_uri())
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(str(path.relative_to(SITE)))
    assert wide == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", FEW)
def test_texts_stand_out(browser: Any, name, scheme):
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto((SITE / name).as_uri())
    assert page.evaluate("document.body.dataset.mdColorScheme") == (
        "slate" if scheme == "dark" else "default"
    )
    assert page.evaluate(CONTRAST) == []
