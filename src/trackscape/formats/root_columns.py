"""Branches of a TTree and fields of an RNTuple -> columns with one number for each entry."""

import dataclasses
import math
import re
from typing import Any

import numpy as np

from trackscape.errors import FormatError
from trackscape.formats.limits import Budget
from trackscape.text import shown

VOLUME_DEPTHS = (2, 3)
"""Entries of GATE's `volumeID[10]` that can number layers."""
WIDTH = 8
"""Bytes of a number, at most."""
FIELD = re.compile(r"(std::array<)?(float|double|std::u?int(8|16|32|64)_t)(?(1),(?P<size>\d+)>)")
"""Types of the fields of an RNTuple that are read: numbers, and arrays of them of one size."""


@dataclasses.dataclass(frozen=True)
class RootColumn:
    """One column of a tree."""

    name: str
    table: Any
    """uproot's tree."""
    source: Any
    """uproot's branch or field."""
    depth: int | None = None
    """Which of the numbers of an entry it is; None where an entry is one number."""

    def check(self, spare: Budget) -> None:
        """Looks at type and size before anything is unpacked.

        Raises:
            FormatError: Its entries are no numbers, or it is larger than the file may be.
        """
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
        size = max(rows * WIDTH * math.prod(shape), _packed(self.source))
        spare.take(size, what=f"branch {shown(self.name)!r} of {rows:,} entries")

    def read(self) -> np.ndarray:
        """Returns the numbers, (entries,)."""
        values = self.source.array(library="np", array_cache=None)
        return values if self.depth is None else values[:, self.depth]


def columns_of(table: Any) -> dict[str, RootColumn]:
    """Returns the columns of a tree by name.

    GATE 8 has one branch volumeID of ten numbers; GateToTree of GATE 9 writes ten branches, whose
    own names are volumeID[0] to volumeID[9].
    """
    columns: dict[str, RootColumn] = {}
    for source in table.branches if hasattr(table, "branches") else table.values(recursive=False):
        if source.name == "volumeID":
            for depth in VOLUME_DEPTHS:
                name = f"volumeID[{depth}]"
                columns.setdefault(name, RootColumn(name, table, source, depth))
        else:
            columns[source.name] = RootColumn(source.name, table, source)
    return columns


def _is_branch(source: Any) -> bool:
    return hasattr(source, "interpretation")


def _of_branch(branch: Any) -> tuple[tuple[int, ...] | None, str]:
    """Returns the shape of an entry and what it is called; None if it is no number."""
    interpretation = branch.interpretation
    dtype = getattr(interpretation, "numpy_dtype", np.dtype(object))
    number = dtype.base.kind in "iuf"
    vector = " (a vector of any length)" if "Jagged" in type(interpretation).__name__ else ""
    return dtype.shape if number else None, f"{branch.typename}{vector}"


def _of_field(field: Any) -> tuple[tuple[int, ...] | None, str]:
    found = FIELD.fullmatch(field.typename)
    if found is None:
        return None, f"{field.typename} (in an RNTuple)"
    return (int(found["size"]),) if found["size"] else (), field.typename


def _packed(source: Any) -> int:
    """Bytes that the file says the pieces of a column unpack to."""
    if _is_branch(source):
        return sum(map(source.basket_uncompressed_bytes, range(source.num_baskets)))
    tuple_, record = source.ntuple, source.record
    # An array has its numbers in a field below its own.
    fields = [f for f, r in enumerate(tuple_.field_records) if record in (r, _parent(tuple_, r))]
    own = [c for c, r in enumerate(tuple_.column_records) if r.field_id in fields]
    pages = (cluster[c].pages for cluster in tuple_.page_link_list for c in own)
    return sum(WIDTH * page.num_elements for several in pages for page in several)


def _parent(tuple_: Any, record: Any) -> Any:
    return tuple_.field_records[record.parent_field_id]
