"""ROOT files of GATE 8, 9 and 10 -> `FileColumns`."""

import contextlib
import dataclasses
import math
import re
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trackscape.errors import FormatError
from trackscape.formats.columns import HITS, FileColumns, TableKind, is_complete, select
from trackscape.formats.files import NUMBER_BYTES, Budget, budget, reading
from trackscape.formats.write_root import import_uproot
from trackscape.text import listed, shown

_FIRST_CHOICES = ("Hits", "hits", "PhaseSpace", "tree")  # trees that are taken before others
_CLASSES = ("TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple", "ROOT::Experimental::RNTuple")
_RUN = re.compile(r"_run(\d+)$")  # GATE 9.3 names the trees of its runs Hits, Hits_run1, Hits_run2
_NAME = re.compile(r"[\w:<>,*& .~()\[\]-]*", re.ASCII)  # of classes and members in C++
_VOLUME_DEPTHS = (2, 3)  # entries of GATE's `volumeID[10]` that can number layers
# Fields of an RNTuple that are read: numbers, and arrays of them of one size.
_FIELD = re.compile(r"(std::array<)?(float|double|std::u?int(8|16|32|64)_t)(?(1),(?P<size>\d+)>)")


@dataclasses.dataclass(frozen=True)
class _Column:
    name: str
    table: Any
    """Tree of uproot's that it belongs to."""
    source: Any
    """Branch or field of uproot's."""
    depth: int | None = None
    """Place among the numbers of an entry; None where an entry is one number."""

    def check(self, spare: Budget) -> None:
        """Looks at type and size before anything is unpacked."""
        shape, kind = (_of_branch if _is_branch(self.source) else _of_field)(self.source)
        if shape is None or (len(shape) != 0 if self.depth is None else len(shape) != 1):
            raise FormatError(
                f"{spare.path}: branch {shown(self.name)}: expected one number in each entry, but "
                f"it holds {shown(kind)}; store plain numbers, one entry for each hit."
            )
        if self.depth is not None and self.depth >= shape[0]:
            raise FormatError(
                f"{spare.path}: branch {shown(self.name)}: expected more than {self.depth} numbers "
                f"in each entry, but it holds {shape[0]}; store the whole volumeID."
            )
        rows = self.table.num_entries
        size = max(rows * NUMBER_BYTES * math.prod(shape), _packed(self.source))
        spare.take(size, what=f"branch {shown(self.name)!r} of {rows:,} entries")

    def read(self, start: int | None = None, stop: int | None = None) -> np.ndarray:
        values = self.source.array(
            library="np", array_cache=None, entry_start=start, entry_stop=stop
        )
        return values if self.depth is None else values[:, self.depth]


_Table = dict[str, _Column]


def read_root(path: Path, max_bytes: int | None = None) -> FileColumns:
    """Reads the tree of hits, or the trees where there is one for each run.

    Raises:
        FormatError: uproot is not installed, the file is damaged, or no tree holds hits.
    """
    with open_trees(path, budget(path, max_bytes)) as trees:
        return trees.read()


@contextlib.contextmanager
def open_trees(path: Path, spare: Budget, kind: TableKind = HITS) -> Generator["Trees", None, None]:
    """Opens the tree of a kind of table, or the trees of its runs; see `read_root`."""
    open_file: Any = import_uproot(path).open  # its types do not fit what it takes and gives
    # A file that is open, since uproot takes colons in names of files for protocols and objects.
    with reading(path), path.open("rb") as content, open_file(content) as file:
        _check_names(file, path=path)
        tables = {name: _columns_of(table) for name, table in _tables(file, spare)}
        yield Trees(_choose(tables, path=path, kind=kind), tables, spare, kind)


def _check_names(file: Any, *, path: Path) -> None:
    """Refuses names that are none in C++: uproot makes Python code of classes and members."""
    keys = ("fName", "fTypeName", "fCountName", "fCountClass")
    for info in (info for versions in file.file.streamers.values() for info in versions.values()):
        members = (e.member(key) for e in info.elements for key in keys if e.has_member(key))
        for name in (info.name, *members):
            if not _NAME.fullmatch(str(name)):
                raise FormatError(
                    f"{path}: expected names of classes and members as C++ allows them, but the "
                    f"file describes {shown(name, limit=60)!r}, which could be run as code; do "
                    "not trust this file."
                )


def _tables(file: Any, spare: Budget) -> Iterator[tuple[str, Any]]:
    # Without a cycle number, uproot gives the newest of the copies that ROOT keeps of a tree.
    for name, class_ in file.classnames(cycle=False).items():
        if class_ in _CLASSES:
            spare.take(file.key(name).data_uncompressed_bytes, what=f"tree {shown(name)!r}")
            yield name, file[name]


def _choose(tables: Mapping[str, _Table], *, path: Path, kind: TableKind) -> list[str]:
    """Returns the names of the trees that are read, in the order of their runs."""
    likely = [name for name in tables if is_complete(tables[name], kind)] or list(tables)
    families: dict[str, list[str]] = {}
    for name in likely:
        families.setdefault(_RUN.sub("", name), []).append(name)
    first = [name for name in _FIRST_CHOICES if name in families]
    if len(families) == 1 or first:
        return sorted(families[(first or list(families))[0]], key=_run)
    raise FormatError(
        f"{path}: expected one tree with {kind.what}, named {' or '.join(_FIRST_CHOICES)}, but "
        f"found {listed(likely) or 'no tree'}; leave only one tree with "
        f"{listed(kind.meanings[each].aliases[0] for each in kind.needed)}."
    )


def _run(name: str) -> int:
    number = _RUN.search(name)
    return int(number[1]) if number else 0


class Trees:
    """Trees of hits with the same columns, one below another."""

    def __init__(
        self, chosen: list[str], tables: Mapping[str, _Table], spare: Budget, kind: TableKind
    ) -> None:
        path, (first, *others) = spare.path, chosen
        self._kind = kind
        self._names = select(tables[first], path=path, kind=kind)
        for other in others:
            if select(tables[other], path=path, kind=kind) != self._names:
                raise FormatError(
                    f"{path}: expected the same columns in the trees of all runs, but those of "
                    f"{shown(other)!r} and {shown(first)!r} differ; split the file."
                )
        self._columns = [[tables[name][each] for each in self._names.values()] for name in chosen]
        for column in (column for columns in self._columns for column in columns):
            column.check(spare)
        self._ignored = tuple(name for name in tables[first] if name not in self._names.values())
        self.rows = [columns[0].table.num_entries for columns in self._columns]
        """Entries of each tree."""
        self._notes: tuple[str, ...] = ()
        if others:
            self._notes += (f"the trees {listed(chosen)} are read as one file, a run each",)
        left = [name for name in tables if name not in chosen and is_complete(tables[name], kind)]
        if left:
            more = f"not read, though they hold {kind.what} as well: the trees {listed(left)}"
            self._notes += (more,)

    def read(self) -> FileColumns:
        """Reads everything."""
        parts = [[column.read() for column in columns] for columns in self._columns]
        values = dict(zip(self._names, map(np.concatenate, zip(*parts, strict=True)), strict=True))
        return self._as_columns(
            values, np.repeat(np.arange(len(parts)), [len(p[0]) for p in parts])
        )

    def read_in_parts(self, rows: int) -> Iterator[FileColumns]:
        """Reads some rows at a time."""
        for tree, columns in enumerate(self._columns):
            for start in range(0, self.rows[tree], rows):
                parts = [column.read(start, start + rows) for column in columns]
                values = dict(zip(self._names, parts, strict=True))
                yield self._as_columns(values, np.full(len(parts[0]), tree))

    def _as_columns(self, values: dict[str, np.ndarray], tree: np.ndarray) -> FileColumns:
        names = self._names
        if len(self._columns) > 1:
            values, names = values | {"tree": tree}, names | {"tree": "(tree)"}
        return FileColumns(values, names, self._ignored, self._notes, self._kind)


def _columns_of(table: Any) -> dict[str, _Column]:
    # GATE 8 has one branch volumeID of ten numbers; GateToTree of GATE 9 writes ten branches, whose
    # own names are volumeID[0] to volumeID[9].
    columns: dict[str, _Column] = {}
    for source in table.branches if hasattr(table, "branches") else table.values(recursive=False):
        if source.name == "volumeID":
            for depth in _VOLUME_DEPTHS:
                name = f"volumeID[{depth}]"
                columns.setdefault(name, _Column(name, table, source, depth))
        else:
            columns[source.name] = _Column(source.name, table, source)
    return columns


def _is_branch(source: Any) -> bool:
    return hasattr(source, "interpretation")


def _of_branch(branch: Any) -> tuple[tuple[int, ...] | None, str]:
    """Shape of an entry, None if it is no number, and what it is called."""
    interpretation = branch.interpretation
    dtype = getattr(interpretation, "numpy_dtype", np.dtype(object))
    number = dtype.base.kind in "iuf"
    vector = " (a vector of any length)" if "Jagged" in type(interpretation).__name__ else ""
    return dtype.shape if number else None, f"{branch.typename}{vector}"


def _of_field(field: Any) -> tuple[tuple[int, ...] | None, str]:
    found = _FIELD.fullmatch(field.typename)
    if found is None:
        return None, f"{field.typename} (in an RNTuple)"
    return (int(found["size"]),) if found["size"] else (), field.typename


def _packed(source: Any) -> int:
    """Bytes that the file says the pieces of a column unpack to."""
    if _is_branch(source):
        return sum(map(source.basket_uncompressed_bytes, range(source.num_baskets)))
    tuple_, record = source.ntuple, source.record
    records = tuple_.field_records
    # An array has its numbers in a field below its own.
    fields = [f for f, r in enumerate(records) if record in (r, records[r.parent_field_id])]
    own = [c for c, r in enumerate(tuple_.column_records) if r.field_id in fields]
    pages = (cluster[c].pages for cluster in tuple_.page_link_list for c in own)
    return sum(NUMBER_BYTES * page.num_elements for several in pages for page in several)
