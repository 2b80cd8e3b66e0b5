"""Names of files -> which of them are events, as TrackML and the examples of ACTS write them.

One file of hits for each event, ``event000001000-hits.csv``, beside others of the same begin.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from trackscape.errors import FormatError

TRACKML = ".trackml"
"""Suffix that stands for files of events: that of folders to write, and a kind to read."""
_NAME = re.compile(r"event(\d{9,18})-(hits|spacepoint)\.csv")
_FIRST_LINE = 2000  # bytes that names of columns take at most


class EventFiles(NamedTuple):
    """Files of hits, one for each event."""

    path: Path
    """Folder, begin of the names, or file that was named."""
    kind: str
    """trackml; or of ACTS: simhits or spacepoints."""
    hits: Mapping[int, Path]
    """Files of hits by the numbers of events, in their order."""
    notes: tuple[str, ...] = ()
    """Remarks on files that are left out."""

    def part(self, name: str) -> dict[int, Path] | None:
        """Returns the files of another kind, such as ``cells``, of all events; None of none.

        Raises:
            FormatError: Only some events have one.
        """
        found = {n: path.with_name(f"{_begin(path)}-{name}.csv") for n, path in self.hits.items()}
        there = [number for number, path in found.items() if os.path.isfile(path)]
        if there and len(there) < len(found):
            lacking = next(path for number, path in found.items() if number not in there)
            raise FormatError(
                f"{self.path}: expected a file of {name} for each event or for none, but "
                f"{lacking.name} is missing; add it, or remove those of the others."
            )
        return found if there else None

    def all_files(self) -> list[Path]:
        """Returns every file that belongs to the events, in the order of the names."""
        begins = {f"{_begin(path)}-" for path in self.hits.values()}
        folders = {path.parent for path in self.hits.values()}
        files = (each for folder in folders for each in folder.iterdir() if each.suffix == ".csv")
        return sorted(each for each in files if f"{_begin(each)}-" in begins)


def find_event_files(path: Path) -> EventFiles | None:
    """Returns the events that a folder, a file of hits, or the begin of its name means, if any.

    Raises:
        FormatError: Two files are of one event.
    """
    if os.path.isdir(path):
        try:
            names = sorted(os.listdir(path))
        except OSError:  # which is told by what looks at the folder next
            return None
        notes = ()
        found = [path / name for name in names if _is(name, "hits")]
        points = [path / name for name in names if _is(name, "spacepoint")]
        if found and points:
            notes = (
                f"{len(points):,} files of space points are not read; name such files to read "
                "them instead of simulated hits",
            )
        found = found or points
    elif _NAME.fullmatch(path.name):
        found, notes = [path] if os.path.isfile(path) else [], ()
    else:
        beside = [path.with_name(f"{path.name}-{end}.csv") for end in ("hits", "spacepoint")]
        found = [each for each in beside if _NAME.fullmatch(each.name) and os.path.isfile(each)]
        found, notes = found[:1], ()
    if not found or (kind := _kind(found[0])) is None:
        return None
    return EventFiles(path, kind, _numbered(found, path), notes)


def is_event_file(name: str) -> bool:
    """Returns whether a file is named as one of an event."""
    return re.fullmatch(r"event\d{9,18}-[a-z-]+\.csv", name) is not None


def _is(name: str, what: str) -> bool:
    match = _NAME.fullmatch(name)
    return match is not None and match[2] == what


def _begin(path: Path) -> str:
    return path.name.split("-", 1)[0]


def _numbered(files: list[Path], path: Path) -> dict[int, Path]:
    numbered: dict[int, Path] = {}
    for file in files:
        number = int(_begin(file).removeprefix("event"))
        if number in numbered:
            raise FormatError(
                f"{path}: expected one file of hits for each event, but {numbered[number].name} "
                f"and {file.name} are both of event {number}; remove one."
            )
        numbered[number] = file
    return dict(sorted(numbered.items()))


def _kind(file: Path) -> str | None:
    """What the columns of the first file say; None where they are those of hits of ours."""
    try:
        with file.open("rb") as content:
            line = content.read(_FIRST_LINE).split(b"\n", 1)[0]
    except OSError:
        return None
    names = {name.strip().strip(b'"').lower() for name in re.split(b"[,;]", line)}
    if names & {b"posx", b"edep"}:
        return None
    if _is(file.name, "spacepoint"):
        return "spacepoints"
    return "simhits" if b"tx" in names else "trackml"
