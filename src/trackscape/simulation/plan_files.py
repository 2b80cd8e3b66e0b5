"""A CSV file -> the plan of spots that the beam scans."""

import csv
from pathlib import Path

import numpy as np

from trackscape.errors import ConfigError, FormatError
from trackscape.simulation.beam import Beam, Plan
from trackscape.text import listed, shown

_REQUIRED = ("spotX", "spotY")
_WEIGHTS = ("weight", "primaries")
_COLUMNS = (*_REQUIRED, *_WEIGHTS, "energy")
_MAX_BYTES = 100_000_000


def read_plan(path: Path | str, beam: Beam) -> Plan:
    """Reads a plan from a CSV file with a header.

    The columns are spotX and spotY, where the axis of a spot crosses the isocentre plane in mm,
    weight or primaries, relative numbers of primaries (1 each if left out), and energy in MeV (that
    of the beam if left out).

    Raises:
        FormatError: If the file is no such table.
        ConfigError: If a spot is impossible, as in `Plan`.
    """
    path = Path(path)
    header, rows = _read_rows(path)
    _check_header(header, path=path)
    columns = {name: _numbers(rows, at=at, name=name, path=path) for at, name in enumerate(header)}
    ones = np.ones(len(rows))
    weight = next((columns[name] for name in _WEIGHTS if name in columns), ones)
    energy = columns.get("energy", beam.energy * ones)
    try:
        return Plan(columns["spotX"], columns["spotY"], energy, weight)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _read_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise FormatError(
                f"{path}: expected a plan of less than {_MAX_BYTES // 10**6} MB, but the file is "
                "larger; name the right file."
            )
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if row]
    except OSError as error:
        raise FormatError(
            f"{path}: expected a plan, but {error.strerror}; check the path."
        ) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise FormatError(
            f"{path}: expected a CSV file, but it cannot be read ({shown(error)})."
        ) from error
    if len(rows) < 2:
        raise FormatError(
            f"{path}: expected a header with {', '.join(_REQUIRED)} and a row for each spot, but "
            f"the file has {len(rows)} rows; add the spots."
        )
    return [name.strip() for name in rows[0]], rows[1:]


def _check_header(header: list[str], *, path: Path) -> None:
    weights = sum(name in _WEIGHTS for name in header)
    wrong = [name for name in header if name not in _COLUMNS or header.count(name) > 1]
    missing = [name for name in _REQUIRED if name not in header]
    if wrong or missing or weights > 1:
        raise FormatError(
            f"{path}: expected the columns {', '.join(_REQUIRED)}, and perhaps energy and one of "
            f"{' or '.join(_WEIGHTS)}, each once, got {listed(header)}; rename or remove some."
        )


def _numbers(rows: list[list[str]], *, at: int, name: str, path: Path) -> np.ndarray:
    values: list[float] = []
    for number, row in enumerate(rows):
        try:
            values.append(float(row[at]))
        except (ValueError, IndexError) as error:
            found = repr(shown(row[at])) if at < len(row) else "nothing"
            raise FormatError(
                f"{path}: column {name}, spot {number} (counted from 0): expected a number, got "
                f"{found}; write plain numbers, with a decimal point."
            ) from error
    return np.array(values)
