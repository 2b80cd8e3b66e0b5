"""Templates in the folders `assets` -> HTML; data and a script -> a view to turn and zoom."""

import html
import json
import string
from collections.abc import Iterable
from importlib import resources

_HERE = "trackscape.pages"


class _Template(string.Template):
    """A template whose places look like ``%%{name}``: ``$`` and ``{}`` belong to JavaScript."""

    delimiter = "%%"


def read_asset(package: str, name: str) -> str:
    """Returns the text of a file of the folder `assets` of a package."""
    return resources.files(package).joinpath("assets", name).read_text("utf-8")


def fill_asset(name: str, **places: str) -> str:
    """Returns the text of a template of this package, with each ``%%{place}`` filled in."""
    return _Template(read_asset(_HERE, name)).substitute(places)


def make_viewer(
    package: str, name: str, *, label: str, switches: Iterable[str], hint: str, data: object
) -> str:
    """Returns a view in three dimensions as HTML; any number of them fit on one page.

    Arguments:
        package: Package whose folder `assets` holds ``NAME.js``, which draws by means of
            `openCamera` of ``camera.js``, and ``NAME.css``, the style of the class `name`.
        name: Name of both files.
        label: What the view shows, for those who cannot see it.
        switches: HTML of what stands below the canvas; the script is told of changes.
        hint: What pointing at something does, and what the marks mean.
        data: What the script draws, as JSON.
    """
    return fill_asset(
        "viewer.html",
        kind=name,
        style=read_asset(package, f"{name}.css"),
        label=html.escape(label),
        switches="\n".join(switches),
        hint=html.escape(hint),
        # "<" could end the script that holds the data.
        data=json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
        camera=read_asset(_HERE, "camera.js"),
        scene=read_asset(package, f"{name}.js"),
    )
