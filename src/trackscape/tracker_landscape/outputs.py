"""Names of files -> what is written into them, decided by their endings before work begins."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trackscape.errors import LandscapeError
from trackscape.files import check_place, replacing, write_json

Writer = Callable[[Path], None]


def check_endings(outputs: Sequence[Path], *, known: Sequence[str]) -> None:
    """Refuses, before any work, files whose ending says nothing and places of which none can be.

    Raises:
        LandscapeError: There is no file.
        FormatError: One cannot be written.
    """
    if not outputs:
        raise LandscapeError(f"Expected a file to write, one of {', '.join(known)}.")
    for path in outputs:
        check_place(path, suffixes=known)


def check_choice(value: str, *, of: Sequence[str], what: str) -> None:
    """Raises a LandscapeError for a word that is none of a few."""
    if value not in of:
        raise LandscapeError(f"Expected {what} {', '.join(of)}, got {value!r}.")


def write_outputs(outputs: Sequence[Path], *, writers: Mapping[str, Writer]) -> None:
    """Writes each file by the writer of its ending."""
    for path in outputs:
        writers[path.suffix.lower()](path)


def write_numbers(path: Path, content: Mapping[str, Any]) -> None:
    """Writes JSON, with null where a number is not finite: other programs read no NaN."""
    write_json(path, _finite(content))


def _finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def write_arrays(path: Path, **arrays: Any) -> None:
    """Writes arrays as npz."""
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)
