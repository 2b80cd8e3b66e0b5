"""One page of reference for each package, made from docstrings by mkdocstrings."""

from functools import cache

from website import public

LONGEST_VALUE = 300
"""Characters of the source of a constant that are shown."""


@cache
def pages() -> dict[str, str]:
    """The pages of the reference, Markdown by place, in the order of the flow of data."""
    return {place(package): page(package) for package in public.packages()}


def place(package: str) -> str:
    """Where in the site a package is described."""
    return f"reference/{package.removeprefix('trackscape.')}.md"


def page(package: str) -> str:
    """The docstring of a package, a table of its names, and each of them in full.

    A name that a package within it offers as well is described there, and linked from here.
    """
    title = package.removeprefix("trackscape.")
    lines = ["---", f"title: {title}", "---", f"# {package}", ""]
    lines += [public.docstring(package) or "", "", "| name | what it is |", "|---|---|"]
    own: list[str] = []
    for name in public.public_names(package):
        home, found = public.home(package, name), public.definition(package, name)
        summary = found.summary.replace("|", r"\|")
        lines.append(f"| [`{name}`][{home}.{name}] | {summary} |")
        if home == package:
            own += _constant(package, found) if found.source else [f"::: {package}.{name}"]
            own.append("")
    return "\n".join([*lines, "", *own])


def _constant(package: str, found: public.Definition) -> list[str]:
    """A constant with its value, unless that is long."""
    anchor = f"{package}.{found.name}"
    code = ["```python", found.source, "```", ""] if len(found.source) <= LONGEST_VALUE else []
    head = f"## `{found.name}` {{ #{anchor} data-toc-label={found.name} }}"
    return [head, "", *code, found.docstring or ""]
