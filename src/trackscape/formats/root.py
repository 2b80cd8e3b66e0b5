"""ROOT files of GATE 8, 9 and 10 -> `Columns`."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trackscape.errors import FormatError
from trackscape.formats.columns import Columns, match, missing, select, unused
from trackscape.formats.files import reading
from trackscape.formats.limits import Budget, budget
from trackscape.formats.root_columns import RootColumn, columns_of
from trackscape.text import listed, shown

FIRST_CHOICES = ("Hits", "hits", "PhaseSpace", "tree")
"""Trees that are taken before others."""
CLASSES = ("TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple", "ROOT::Experimental::RNTuple")
"""What ROOT calls a table."""
RUN = re.compile(r"_run(\d+)$")
"""How GATE 9.3 names the trees of the runs after the first one: Hits, Hits_run1, Hits_run2."""
NAME = re.compile(r"[\w:<>,*& .~()\[\]-]*", re.ASCII)
"""Names of classes and members in C++."""
_Table = dict[str, RootColumn]


def read_root(path: Path, max_bytes: int | None = None) -> Columns:
    """Reads the tree of hits, or the trees where there is one for each run.

    Raises:
        FormatError: uproot is not installed, the file is damaged, or no tree holds hits.
    """
    try:
        import uproot  # an optional extra
    except ImportError as error:
        raise FormatError(
            f"{path}: reading ROOT files needs the package uproot, which is not installed; "
            "run `pip install 'trackscape[root]'`."
        ) from error
    open_file: Any = uproot.open  # its declared types do not fit what it takes and gives
    spare = budget(path, max_bytes)
    # A file that is open, since uproot takes colons in names of files for protocols and objects.
    with reading(path), path.open("rb") as content, open_file(content) as file:
        _check_names(file, path=path)
        tables = {name: columns_of(table) for name, table in _tables(file, spare)}
        chosen = _choose(tables, path=path)
        return _join({name: tables[name] for name in chosen}, tables, spare)


def _check_names(file: Any, *, path: Path) -> None:
    """Refuses names that are none in C++: uproot makes Python code of classes and members."""
    for versions in file.file.streamers.values():
        for info in versions.values():
            for name in (info.name, *_names_of_members(info)):
                if not NAME.fullmatch(str(name)):
                    raise FormatError(
                        f"{path}: expected names of classes and members as C++ allows them, but "
                        f"the file describes {shown(name, limit=60)!r}, which could be run as "
                        "code; do not trust this file."
                    )


def _names_of_members(info: Any) -> Iterator[str]:
    for element in info.elements:
        for key in ("fName", "fTypeName", "fCountName", "fCountClass"):
            if element.has_member(key):
                yield element.member(key)


def _tables(file: Any, spare: Budget) -> Iterator[tuple[str, Any]]:
    # Without a cycle number, uproot gives the newest of the copies that ROOT keeps of a tree.
    for name, class_ in file.classnames(cycle=False).items():
        if class_ in CLASSES:
            spare.take(file.key(name).data_uncompressed_bytes, what=f"tree {shown(name)!r}")
            yield name, file[name]


def _choose(tables: Mapping[str, _Table], *, path: Path) -> list[str]:
    """Returns the names of the trees that are read, in the order of their runs."""
    fitting = [name for name, table in tables.items() if not missing(match(table))]
    likely = fitting or list(tables)
    families: dict[str, list[str]] = {}
    for name in likely:
        families.setdefault(RUN.sub("", name), []).append(name)
    first = [name for name in FIRST_CHOICES if name in families]
    if len(families) == 1 or first:
        return sorted(families[first[0] if first else next(iter(families))], key=_run)
    raise FormatError(
        f"{path}: expected one tree with hits, named {' or '.join(FIRST_CHOICES)}, but found "
        f"{listed(likely) or 'no tree'}; leave only one tree with posX, posY, posZ and edep."
    )


def _run(name: str) -> int:
    number = RUN.search(name)
    return int(number[1]) if number else 0


def _join(chosen: Mapping[str, _Table], tables: Mapping[str, _Table], spare: Budget) -> Columns:
    """Reads trees one below another."""
    path, (first, *others) = spare.path, list(chosen)
    names = select(chosen[first], path=path)
    for other in others:
        if select(chosen[other], path=path) != names:
            raise FormatError(
                f"{path}: expected the same columns in the trees of all runs, but those of "
                f"{shown(other)!r} and {shown(first)!r} differ; split the file."
            )
    columns = [[table[name] for name in names.values()] for table in chosen.values()]
    for column in (column for table in columns for column in table):
        column.check(spare)
    parts = [[column.read() for column in table] for table in columns]
    values = dict(zip(names, map(np.concatenate, zip(*parts, strict=True)), strict=True))
    ignored, notes = unused(chosen[first], names), []
    if others:
        rows = [len(part[0]) for part in parts]
        values["tree"] = np.repeat(np.arange(len(rows)), rows)
        names = names | {"tree": "(tree)"}
        notes.append(f"the trees {listed(chosen)} are read as one file, a run each")
    left = [n for n, table in tables.items() if n not in chosen and not missing(match(table))]
    if left:
        notes.append(f"not read, though they hold hits as well: the trees {listed(left)}")
    return Columns(values, names, ignored, tuple(notes))
