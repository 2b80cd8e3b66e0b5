""".parquet and .csv files -> `Columns`."""

import csv
from pathlib import Path

import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

from trackscape.formats.columns import Columns, select, unused
from trackscape.formats.files import reading

LONGEST_HEADER = 1_000_000
"""Bytes; a first line that is longer is none."""


def read_parquet(path: Path) -> Columns:
    """Reads the columns with a meaning; the others are not loaded."""
    with reading(path), arrow_parquet.ParquetFile(path) as file:
        every = file.schema_arrow.names
        names = select(every, path=path)
        table = file.read(columns=list(names.values()))
        values = {meaning: table.column(name).to_numpy() for meaning, name in names.items()}
        return Columns(values, names, unused(every, names))


def read_csv(path: Path) -> Columns:
    """Reads text with one line of column names; `,` or `;` between the columns."""
    with reading(path):
        delimiter, every = _header(path)
        names = select(every, path=path)
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
