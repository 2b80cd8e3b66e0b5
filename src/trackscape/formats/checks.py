"""Columns as stored -> columns of possible values, in the types that the library uses."""

import dataclasses
from pathlib import Path

import numpy as np

from trackscape.errors import FormatError
from trackscape.formats.columns import MEANINGS, MEASURED, SPOT, Columns
from trackscape.text import shown

LARGEST = float(np.finfo(np.float32).max)


def checked(columns: Columns, *, path: Path) -> Columns:
    """Returns the same columns, measured ones as float64 and all others as int64.

    Raises:
        FormatError: There are no rows, or a value is not a number, not finite or impossible.
    """
    _check_lengths(columns, path=path)
    values: dict[str, np.ndarray] = {}
    for meaning, column in columns.values.items():
        place = f"{path}: column {shown(columns.names[meaning])}"
        if column.dtype.kind not in "iuf" or column.dtype.itemsize > 8:
            raise FormatError(
                f"{place}: expected numbers ({MEANINGS[meaning].text}), but it holds "
                f"{shown(column.dtype)} values; write plain numbers, with a decimal point."
            )
        measured = meaning in MEASURED + SPOT
        values[meaning] = (_finite if measured else _whole)(column, place=place)
    place = f"{path}: column {shown(columns.names['energy'])}"
    _refuse(
        values["energy"], values["energy"] < 0, place=place, expected="an energy of 0 MeV or more"
    )
    return dataclasses.replace(columns, values=values)


def _check_lengths(columns: Columns, *, path: Path) -> None:
    shapes = {columns.names[meaning]: np.shape(v) for meaning, v in columns.values.items()}
    rows = shapes[columns.names["x"]]
    for name, shape in shapes.items():
        if len(shape) != 1 or shape != rows:
            raise FormatError(
                f"{path}: column {shown(name)}: expected one value for each row, shape "
                f"{rows if len(rows) == 1 else '(rows,)'}, but its shape is {shape}; store "
                "columns of one length."
            )
    if rows == (0,):
        raise FormatError(
            f"{path}: expected hits, but its columns have no rows; check that the beam reaches "
            "the detector in the simulation."
        )


def _finite(column: np.ndarray, *, place: str) -> np.ndarray:
    values = column.astype(np.float64)
    # What overflows the type that networks compute in is no position and no energy.
    _refuse(values, ~(np.abs(values) <= LARGEST), place=place, expected="a finite number")
    return values


def _whole(column: np.ndarray, *, place: str) -> np.ndarray:
    if column.dtype.kind == "i":
        return column.astype(np.int64)
    if column.dtype.kind == "u":
        _refuse(column, column >= 2**63, place=place, expected="a whole number below 2^63")
        return column.astype(np.int64)
    values = column.astype(np.float64)
    # Both bounds are powers of two and exact in floats; NaN fails the comparison.
    whole = (values >= -(2.0**63)) & (values < 2.0**63) & (values == np.floor(values))
    _refuse(column, ~whole, place=place, expected="a whole number")
    exact = 2.0 ** (np.finfo(column.dtype).nmant + 1)
    expected = (
        f"a number below {exact:.0f}, since {column.dtype.name} rounds larger ones, so that "
        "several fall together (store integers)"
    )
    _refuse(column, np.abs(values) >= exact, place=place, expected=expected)
    return values.astype(np.int64)


def _refuse(values: np.ndarray, wrong: np.ndarray, *, place: str, expected: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise FormatError(
            f"{place}, row {row} (counted from 0): expected {expected}, but got {values[row]}; "
            f"correct or remove such rows ({int(wrong.sum())} in all)."
        )
