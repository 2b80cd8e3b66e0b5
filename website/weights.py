"""How heavy the pages of the built site are: `python -m website.weights site`."""

import sys
from html.parser import HTMLParser
from pathlib import Path

PAGE, HOME = 3_000_000, 1_000_000
"""Most bytes of a page and of the home page, with all that they load from disk."""


class _Loaded(HTMLParser):
    """Collects what a page loads when it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        wanted = given.get("src") if tag in ("script", "img", "iframe", "source") else None
        if tag == "link" and given.get("rel") in ("stylesheet", "icon"):
            wanted = given.get("href")
        if wanted and not wanted.startswith("data:"):
            self.places.add(wanted)


def weight(page: Path) -> int:
    """Bytes of a page, its scripts, styles and pictures."""
    loaded = _Loaded()
    loaded.feed(page.read_text("utf-8"))
    files = {(page.parent / place.partition("?")[0]).resolve() for place in loaded.places}
    return page.stat().st_size + sum(each.stat().st_size for each in files)


def main(site: Path) -> int:
    """Prints the heaviest pages; the exit status is 1 if one is heavier than it may be."""
    weights = {path: weight(path) for path in site.rglob("*.html") if path.name != "404.html"}
    home = site / "index.html"
    heavy = [path for path, bytes_ in weights.items() if bytes_ > (HOME if path == home else PAGE)]
    index = (site / "search" / "search_index.js").stat().st_size
    print(f"{len(weights)} pages; home {weights[home] / 1e6:.2f} MB; the heaviest ones:")
    for path in sorted(weights, key=weights.__getitem__, reverse=True)[:5]:
        print(f"  {weights[path] / 1e6:.2f} MB  {path.relative_to(site)}")
    print(f"  {index / 1e6:.2f} MB more when somebody searches")
    for path in heavy:
        print(f"{path.relative_to(site)} is heavier than it may be.", file=sys.stderr)
    return 1 if heavy else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
