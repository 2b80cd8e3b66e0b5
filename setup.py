"""The part of the metadata that follows from another file: the page of the package on an index."""

import re
from pathlib import Path

from setuptools import setup

PICTURE = re.compile(r"!\[[^\]]*\]\((?!https?:)[^)]*\)\n(\n\*[^\n]+(\n[^\n]+)*\*\n)?")
"""A picture of the repository with the line below it, which is set in italics."""
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)([^)#]*)[^)]*\)")
"""A link to a file of the repository."""
NOTE = "\n*Files that are named here, and pictures, are in the source distribution (sdist).*\n"


def page_of_index(readme: str) -> str:
    """Returns the README without what leads nowhere on the page of an index."""
    title, text = PICTURE.sub("", readme).split("\n", 1)
    return f"{title}\n{NOTE}{LINK.sub(_named, text)}"


def _named(link: re.Match[str]) -> str:
    text, file = link.groups()
    return f"`{file}`" if text == file else f"{text} (`{file}`)"


if __name__ == "__main__":
    setup(
        long_description=page_of_index(Path("README.md").read_text("utf-8")),
        long_description_content_type="text/markdown",
    )
