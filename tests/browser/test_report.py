"""The page of the demo."""

from collections.abc import Callable

from browser.looking import settle
from playwright.sync_api import Page

Visit = Callable[..., Page]


def test_the_report_holds_its_figures_and_a_view_that_turns(visit: Visit) -> None:
    page = visit("report")
    sizes = page.locator("figure > img").evaluate_all("all => all.map((one) => one.naturalWidth)")
    assert len(sizes) == 2
    assert min(sizes) > 100
    headers = page.locator("th").all_inner_texts()
    assert headers[0] == "method"
    assert headers[-1] == "ms a frame"
    space = page.locator("canvas").first
    first = space.evaluate("canvas => canvas.toDataURL()")
    space.scroll_into_view_if_needed()
    space.press("ArrowLeft")
    settle(page)
    assert space.evaluate("canvas => canvas.toDataURL()") != first


def test_a_view_further_down_leaves_the_keys_to_the_page(visit: Visit) -> None:
    page = visit("report")
    assert page.evaluate("document.activeElement === document.body")
    page.keyboard.press("Space")
    page.wait_for_timeout(500)
    assert page.evaluate("scrollY") > 0
