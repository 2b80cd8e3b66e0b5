""".parquet and .csv files -> `Columns`."""

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from trackscape.errors import FormatError
from trackscape.formats.columns import MEANINGS, Columns, select, unused
from trackscape.formats.files import reading
from trackscape.formats.limits import Budget, budget
from trackscape.text import shown

LONGEST_HEADER = 1_000_000
"""Bytes; a first line that is longer is none."""
WIDTH = 8
"""Bytes of a number, at most."""


def read_parquet(path: Path, max_bytes: int | None = None) -> Columns:
    """Reads the columns with a meaning; the others are not loaded."""
    spare = budget(path, max_bytes)
    with reading(path), arrow_parquet.ParquetFile(path) as file:
        every = file.schema_arrow.names
        names = select(every, path=path)
        for meaning, name in names.items():
            _check_type(file.schema_arrow.field(name).type, meaning, name, path=path)
        _check_size(file.metadata, len(names), spare)
        table = file.read(columns=list(names.values()), use_threads=False)
        values = {meaning: table.column(name).to_numpy() for meaning, name in names.items()}
        return Columns(values, names, unused(every, names))


def _check_type(type_: Any, meaning: str, name: str, *, path: Path) -> None:
    if not (pa.types.is_integer(type_) or pa.types.is_floating(type_)):
        raise FormatError(
            f"{path}: column {shown(name)}: expected numbers ({MEANINGS[meaning].text}), but it "
            f"holds {shown(type_)} values; write plain numbers."
        )


def _check_size(metadata: Any, columns: int, spare: Budget) -> None:
    """Looks at what the file says of itself; a few bytes can stand for any number of rows."""
    for group in range(metadata.num_row_groups):
        # No closer: pyarrow ends the process where the description of a column is damaged.
        part = metadata.row_group(group)
        size = max(part.total_byte_size, part.num_rows * columns * WIDTH)
        spare.take(size, what=f"group {group} of {part.num_rows:,} rows")


def read_csv(path: Path, max_bytes: int | None = None) -> Columns:
    """Reads text with one line of column names; `,` or `;` between the columns."""
    spare = budget(path, max_bytes)
    with reading(path):
        delimiter, every = _header(path)
        names = select(every, path=path)
        # A number has one byte or more, even one that is left out.
        spare.take(WIDTH * path.stat().st_size, what="its text")
        table = arrow_csv.read_csv(
            path,
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter),
            convert_options=arrow_csv.ConvertOptions(include_columns=list(names.values())),
        )
        values = {meaning: table.column(name).to_numpy() for meaning, name in names.items()}
        return Columns(values, names, unused(every, names))


def _header(path: Path) -> tuple[str, list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        line = file.readline(LONGEST_HEADER)
    delimiter = ";" if line.count(";") > line.count(",") else ","
    return delimiter, next(csv.reader([line], delimiter=delimiter), [])
