"""Short runs of a box model as arrays and as a parquet file that is written piece by piece."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trackscape.compiled import Floats
from trackscape.errors import DataError, FormatError
from trackscape.files import replacing

Step = Callable[[Floats, Floats], Floats]
"""States and forcings, (cells, columns) -> states a step later."""
_KEY = b"trackscape.emulation"


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Runs of a few steps under a forcing that stays: what emulators learn from.

    Raises:
        DataError: The shapes do not fit, or a value is not finite.
    """

    state: Floats
    """States of n runs before and after each of their steps, (n, steps + 1, columns)."""
    forcing: Floats
    """Forcing of each run, (n, forcings)."""
    kind: np.ndarray
    """Name of the regime, or whatever tells runs apart, (n)."""
    state_names: tuple[str, ...]
    forcing_names: tuple[str, ...]

    def __post_init__(self) -> None:
        n = len(self.state)
        shapes = {
            "state": (n, self.state.shape[1], len(self.state_names)),
            "forcing": (n, len(self.forcing_names)),
            "kind": (n,),
        }
        for name, shape in shapes.items():
            found = getattr(self, name).shape
            if found != shape:
                raise DataError(
                    f"Expected Windows.{name} of shape {shape}, got {found}; give one row for each "
                    "run, and one column for each name."
                )
        for name, values in (("state", self.state), ("forcing", self.forcing)):
            if not np.isfinite(values).all():
                raise DataError(f"Expected finite numbers in Windows.{name}, got others.")

    @property
    def steps(self) -> int:
        """Number of steps of each run."""
        return self.state.shape[1] - 1

    def __len__(self) -> int:
        return len(self.state)

    def part(self, rows: Any) -> "Windows":
        """Returns some of the runs, by number or by a mask."""
        return dataclasses.replace(
            self, state=self.state[rows], forcing=self.forcing[rows], kind=self.kind[rows]
        )


def follow_model(step: Step, state: Floats, forcing: Floats, *, steps: int) -> Floats:
    """Returns the states before and after each step of a box model, (cells, steps + 1, columns)."""
    states = [state]
    for _ in range(steps):
        states.append(step(states[-1], forcing))
    return np.stack(states, axis=1)


def write_windows(path: Path | str, chunks: Iterable[Windows]) -> int:
    """Writes runs to a parquet file as they come and returns how many they were.

    A row is one state of a run; the columns are run, step, kind, forcings and states.

    Raises:
        FormatError: The file cannot be written.
        DataError: There is nothing to write, or the chunks have other columns than the first.
    """
    begin = 0
    with replacing(path) as partial:
        writer: pq.ParquetWriter | None = None
        try:
            for chunk in chunks:
                table = _table(chunk, begin)
                writer = writer or pq.ParquetWriter(partial, table.schema, compression="zstd")
                if table.schema != writer.schema:
                    raise DataError("Expected chunks with the same columns and steps.")
                writer.write_table(table)
                begin += len(chunk)
        finally:
            if writer is not None:
                writer.close()
        if begin == 0:
            raise DataError(f"{path}: expected runs to write, got none; ask for some.")
    return begin


def _table(windows: Windows, begin: int) -> pa.Table:
    rows = windows.steps + 1
    columns: dict[str, Any] = {
        "run": np.repeat(np.arange(begin, begin + len(windows)), rows),
        "step": np.tile(np.arange(rows, dtype=np.int32), len(windows)),
        "kind": pa.array(np.repeat(windows.kind.astype(str), rows), pa.string()),
    }
    for i, name in enumerate(windows.forcing_names):
        columns[name] = np.repeat(windows.forcing[:, i], rows)
    for i, name in enumerate(windows.state_names):
        columns[name] = windows.state[:, :, i].ravel()
    about = {"state": windows.state_names, "forcing": windows.forcing_names, "rows": rows}
    return pa.table(columns).replace_schema_metadata({_KEY: json.dumps(about)})


def read_windows(path: Path | str) -> Windows:
    """Reads all runs of a file that `write_windows` wrote.

    Raises:
        FormatError: The file is missing, damaged or another one.
    """
    try:
        table = pq.read_table(path)
        about = json.loads((table.schema.metadata or {})[_KEY])
        names, forcings = tuple(map(str, about["state"])), tuple(map(str, about["forcing"]))
        n = len(table) // int(about["rows"])
        state = np.stack([table[name].to_numpy() for name in names], axis=1, dtype=np.float64)
        forcing = np.stack([table[name].to_numpy() for name in forcings], axis=1, dtype=np.float64)
        kind = np.array(table["kind"].to_pylist(), dtype=str)
        rows = int(about["rows"])
        return Windows(
            state=state.reshape(n, rows, len(names)),
            forcing=forcing[::rows],
            kind=kind[::rows],
            state_names=names,
            forcing_names=forcings,
        )
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError, DataError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise FormatError(
            f"{path}: expected a data set of runs of a box model, but it cannot be used "
            f"({reason}); write it again."
        ) from error


def joined(parts: Sequence[Windows]) -> Windows:
    """Returns the runs of several in one; their columns and steps must be the same."""
    return dataclasses.replace(
        parts[0],
        state=np.concatenate([part.state for part in parts]),
        forcing=np.concatenate([part.forcing for part in parts]),
        kind=np.concatenate([part.kind for part in parts]),
    )


def in_chunks(windows: Windows, size: int) -> Iterator[Windows]:
    """Yields the runs in pieces of at most so many."""
    for begin in range(0, len(windows), size):
        yield windows.part(slice(begin, begin + size))
