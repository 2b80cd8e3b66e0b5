"""Structured arrays with their provenance <-> .parquet, .npz, .csv or .root."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from trackscape.errors import DataError, FormatError
from trackscape.files import replacing
from trackscape.formats.columns import Meaning, TableKind
from trackscape.formats.files import budget, kind_to_read, kind_to_write, reading
from trackscape.formats.read import read_provenance
from trackscape.formats.root import open_trees
from trackscape.formats.tables import PUBLISHED_KEY, open_archive
from trackscape.formats.write import table_writer
from trackscape.formats.write_stream import hit_stream

_KEY = b"trackscape"  # of the metadata of parquet


def write_table(
    chunks: Iterable[np.ndarray],
    path: Path,
    *,
    dtype: np.dtype,
    provenance: Mapping[str, Any],
    tree: str,
) -> int:
    """Writes chunk by chunk and returns the number of rows; CSV and ROOT hold no provenance.

    A ROOT file holds them in the TTree `tree`.

    Raises:
        FormatError: The suffix is another one, or the file cannot be written there.
    """
    kind = kind_to_write(path)
    if kind == ".npz":
        rows = 0
        with hit_stream(path, dtype, provenance=provenance) as add:
            for chunk in chunks:
                add(chunk)
                rows += len(chunk)
        return rows
    about = {_KEY: json.dumps(dict(provenance), allow_nan=False)}
    rows = 0
    with (
        replacing(path) as temporary,
        temporary.open("w+b") as file,
        table_writer(file, dtype, tree=tree, path=path, metadata=about) as add,
    ):
        for chunk in chunks:
            if chunk.dtype != dtype:
                raise DataError(f"Expected rows of the type {dtype}, got {chunk.dtype}.")
            add(chunk)
            rows += len(chunk)
    return rows


def read_table(path: Path, *, dtype: np.dtype) -> tuple[np.ndarray, dict[str, Any]]:
    """Returns the rows that `write_table` wrote and their provenance, empty if there is none.

    Raises:
        FormatError: The file is absent, damaged or a table of another kind.
    """
    kind = kind_to_read(path)
    names = dtype.names or ()
    if kind == ".npz":
        with open_archive(path) as archive:
            rows = archive.read(PUBLISHED_KEY) if PUBLISHED_KEY in archive else np.empty(0)
        if rows.dtype != dtype or rows.ndim != 1:
            _refuse(path, names)
        return rows, read_provenance(path) or {}
    if kind == ".root":
        return _read_tree(path, dtype), {}
    if kind not in (".parquet", ".csv"):
        _refuse(path, names)
    with reading(path):
        if kind == ".parquet":
            with arrow_parquet.ParquetFile(path) as file:
                size = file.metadata.num_rows * dtype.itemsize
                budget(path).take(size, what="its rows")
                _check_names(path, file.schema_arrow.names, names)
                table = file.read(columns=list(names), use_threads=False)
        else:
            budget(path).take(8 * path.stat().st_size, what="its text")
            table = arrow_csv.read_csv(path)
            _check_names(path, table.column_names, names)
        rows = np.empty(table.num_rows, dtype=dtype)
        for name in names:
            rows[name] = table.column(name).to_numpy()
        about = (table.schema.metadata or {}).get(_KEY, b"{}")
        return rows, dict(json.loads(about))


def _read_tree(path: Path, dtype: np.dtype) -> np.ndarray:
    names = dtype.names or ()
    columns = {f"column {name}": Meaning(name, (name,)) for name in names}
    with open_trees(path, budget(path), TableKind("rows", columns, tuple(columns))) as trees:
        found = trees.read().values
    rows = np.empty(max(map(len, found.values())), dtype=dtype)
    for name in names:
        rows[name] = found[f"column {name}"]
    return rows


def _check_names(path: Path, found: list[str], names: tuple[str, ...]) -> None:
    if not set(names) <= set(found):
        _refuse(path, names)


def _refuse(path: Path, names: tuple[str, ...]) -> NoReturn:
    raise FormatError(
        f"{path}: expected a table with the columns {', '.join(names)}, but it is another one; "
        "write it with `trackscape reconstruct`."
    )
