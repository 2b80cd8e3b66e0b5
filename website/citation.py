"""How to cite trackscape, made from CITATION.cff."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]


def page() -> str:
    """Markdown with the software and the paper in APA style and as BibTeX."""
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    about = yaml.safe_load(text)
    software, paper = dict(about, type="software"), about["references"][0]
    return "\n\n".join(
        [
            "# How to cite",
            about["message"],
            "## APA",
            f"{apa(software)}\n\n{apa(paper)}",
            "## BibTeX",
            f"```bibtex\n{bibtex(software, 'trackscape')}\n\n{bibtex(paper, _key(paper))}\n```",
            "## CITATION.cff",
            f"```yaml\n{text.rstrip()}\n```",
        ]
    )


def apa(work: dict[str, Any]) -> str:
    """A software or an article as a line in the style of the APA."""
    authors = [_apa_name(each) for each in work["authors"]]
    *rest, last = authors
    names = f"{', '.join(rest)}, & {last}" if rest else last
    if work["type"] == "software":
        return (
            f"{names}. (n.d.). *{work['title']}* (Version {work['version']}) [Computer software]."
        )
    return f"{names} ({work['year']}). {work['title']}. *{work['journal']}*. {_preprint(work)}"


def bibtex(work: dict[str, Any], key: str) -> str:
    """A software or an article as an entry of BibTeX."""
    fields = {"author": " and ".join(map(_bibtex_name, work["authors"])), "title": work["title"]}
    if work["type"] == "software":
        fields |= {"version": work["version"], "note": f"{work['license']} licence"}
    else:
        fields |= {"journal": work["journal"], "year": work["year"], "note": _preprint(work)}
    inner = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{work['type']}{{{key},\n{inner}\n}}"


def _apa_name(author: dict[str, str]) -> str:
    if "name" in author:
        return author["name"]
    initials = " ".join(f"{given[0]}." for given in author["given-names"].split())
    return f"{author['family-names']}, {initials}"


def _bibtex_name(author: dict[str, str]) -> str:
    if "name" in author:
        return f"{{{author['name']}}}"
    return f"{author['family-names']}, {author['given-names']}"


def _preprint(work: dict[str, Any]) -> str:
    return work["identifiers"][0]["value"]


def _key(work: dict[str, Any]) -> str:
    return f"{work['authors'][0]['family-names'].lower()}{work['year']}"
