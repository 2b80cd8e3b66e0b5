"""The search of the site answers questions: a right page is among its first three hits.

Run on the site that `make docs` built, from disk, in a browser without any network.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

playwright = pytest.importorskip("playwright.sync_api", reason="`make test-browser` has it")
ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"
BROWSER = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
QUESTIONS = [
    (each["question"], each["pages"])
    for who in yaml.safe_load((ROOT / "website" / "questions.yaml").read_text("utf-8")).values()
    for each in who
]


@pytest.fixture(scope="module")
def page():
    if not (SITE / "index.html").exists():
        pytest.skip("there is no site; `make docs` builds it")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=FLAGS)
        page = browser.new_page()
        page.goto((SITE / "index.html").as_uri())
        yield page
        browser.close()


def hits(page: Any, question: str) -> list[str]:
    """Pages that the search lists for a question, best first, as sources in `docs`."""
    page.click("input.md-search__input")
    page.fill("input.md-search__input", question)
    page.keyboard.press("End")  # the search listens to keys
    page.wait_for_function(
        "question => document.querySelector('.md-search-result__meta').dataset.of === question"
        " || document.querySelector('.md-search-result__meta').textContent.match(/^\\d/)",
        arg=question,
    )
    page.wait_for_timeout(500)
    links = page.eval_on_selector_all(
        ".md-search-result__item", "all => all.map(each => each.querySelector('a').href)"
    )
    site = SITE.as_uri() + "/"
    places = [link.removeprefix(site).partition("?")[0].partition("#")[0] for link in links]
    return [place.removesuffix(".html") + ".md" for place in places]


@pytest.mark.parametrize(("question", "pages"), QUESTIONS, ids=[each for each, _ in QUESTIONS])
def test_a_right_page_is_among_the_first_three(page, question, pages):
    right = {each.replace("README.md", "index.md") for each in pages}
    first = hits(page, question)[:3]
    assert right & set(first), f"{first} instead of {sorted(right)}"
