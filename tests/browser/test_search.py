"""The search of the site answers questions: a right page is among its first three hits.

Run on the site that `make docs` built, from disk, in a browser without any network.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"
pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").exists(), reason="there is no site; `make docs` builds it"
)


def questions() -> list[tuple[str, list[str]]]:
    """Returns each question with the pages that answer it."""
    asked = yaml.safe_load((ROOT / "website" / "questions.yaml").read_text("utf-8"))
    return [(each["question"], each["pages"]) for who in asked.values() for each in who]


def hits(page: Page, question: str) -> list[str]:
    """Pages that the search lists for a question, best first, as sources in `docs`."""
    page.click("input.md-search__input")
    page.fill("input.md-search__input", question)
    page.keyboard.press("End")  # the search listens to keys
    page.wait_for_timeout(400)
    page.locator(".md-search-result__item").first.wait_for()
    links = page.eval_on_selector_all(
        ".md-search-result__item", "all => all.map(each => each.querySelector('a').href)"
    )
    site = SITE.as_uri() + "/"
    places = [link.removeprefix(site).partition("?")[0].partition("#")[0] for link in links]
    return [place.removesuffix(".html") + ".md" for place in places]


def test_a_right_page_is_among_the_first_three(make_page: Callable[..., Page]) -> None:
    page = make_page()
    missed: list[str] = []
    for question, pages in questions():
        page.goto((SITE / "index.html").as_uri())
        first = hits(page, question)[:3]
        if not {each.replace("README.md", "index.md") for each in pages} & set(first):
            missed.append(f"{question} -> {first}")
    assert missed == []
