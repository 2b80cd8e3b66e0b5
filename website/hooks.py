"""What MkDocs calls while it builds the site: it adds the pages that are made from the source."""

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

from website import citation, command_line, links, pictures, reference, tutorials

ROOT = Path(__file__).parents[1]
GENERATED = {
    "about/changelog.md": "CHANGELOG.md",
    "about/contributing.md": "CONTRIBUTING.md",
    "about/citation.md": "CITATION.cff",
}
"""Pages that are made from files of the repository beside its docs."""

SEARCH = {"about/": 0.3, "studies/": 0.6, "benchmarks": 0.6, "architecture": 0.6, "reference/": 0.4}
"""How much less than others pages count in the search, by where they are: they name everything."""


def on_config(config: MkDocsConfig) -> None:
    """Puts the files of `folder/*` in the place of such an entry of the navigation."""
    listed = {
        "how_to/*": sorted(f"how_to/{path.name}" for path in (ROOT / "docs/how_to").glob("*.md")),
        "tutorials/*": [f"tutorials/{path.stem}.md" for path in tutorials.SCRIPTS],
        "reference/*": list(reference.pages()),
    }
    config.nav = _expanded(config.nav, listed)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the generated pages."""
    for place, content in _generated().items():
        files.append(File.generated(config, place, content=content))
    for script in tutorials.SCRIPTS:
        files.remove(files.src_uris[f"tutorials/{script.name}"])
    sources = {page.src_uri: f"docs/{page.src_uri}" for page in files.documentation_pages()}
    for place, source in (sources | GENERATED).items():
        text = files.src_uris[place].content_string
        for path in sorted(links.outside(text, source=source)):
            if links.site_place(path) not in files.src_uris:
                shown = File.generated(
                    config,
                    links.site_place(path),
                    content=links.page_of(path),
                    inclusion=InclusionLevel.NOT_IN_NAV,
                )
                files.append(shown)
    return files


def on_page_markdown(markdown: str, page: Any, config: MkDocsConfig, files: Files) -> str:
    """Turns links to files of the repository into links to pages of the site, weighs for search."""
    place = page.file.src_uri
    if place == "index.md":
        page.meta["hide"] = ["navigation"]  # it would be the only entry
    weights = [weight for start, weight in SEARCH.items() if place.startswith(start)]
    if weights and "search" not in page.meta:
        page.meta["search"] = {"boost": weights[0]}
    return links.for_site(markdown, source=GENERATED.get(place, f"docs/{place}"), place=place)


def on_post_build(config: MkDocsConfig) -> None:
    """Makes large pictures smaller than the repository has them, and the search read questions."""
    site = Path(config.site_dir)
    pictures.shrink(site)
    (worker,) = (site / "assets/javascripts/workers").glob("search.*.js")
    words = (ROOT / "website/search_words.js").read_text("utf-8")
    worker.write_text(words + worker.read_text("utf-8"), "utf-8")


def _generated() -> dict[str, str | bytes]:
    found: dict[str, str | bytes] = dict(reference.pages())
    found["reference/command_line.md"] = command_line.page()
    for place, source in GENERATED.items():
        found[place] = (ROOT / source).read_text("utf-8")
    found["about/citation.md"] = citation.page()
    for script in tutorials.SCRIPTS:
        text, files = tutorials.page(script, tutorials.make_notebook(script))
        found |= {f"tutorials/{script.stem}.md": text, **files}
    return found


def _expanded(entry: Any, listed: dict[str, list[str]]) -> Any:
    """An entry of the navigation with what its patterns stand for; sections without pages go."""
    if isinstance(entry, dict):
        ((title, inner),) = entry.items()
        inner = _expanded(inner, listed)
        return {title: inner} if inner else None
    if isinstance(entry, list):
        found: list[Any] = []
        for each in entry:
            found += (
                listed[each]
                if isinstance(each, str) and each in listed
                else [_expanded(each, listed)]
            )
        return [each for each in found if each]
    return entry
