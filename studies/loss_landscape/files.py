"""Files of measures -> what is in them, or a sentence that says what is missing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trackscape.errors import RunError


def read_json(path: Path) -> Any:
    """Returns what a finished measure wrote.

    Raises:
        RunError: It is not there.
    """
    check_there(path)
    return json.loads(path.read_text(encoding="utf-8"))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Returns all arrays of a finished measure.

    Raises:
        RunError: They are not there.
    """
    check_there(path)
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def check_there(path: Path) -> None:
    """Raises a RunError if a measure is not finished."""
    if not path.exists():
        raise RunError(
            f"{path}: expected the result of a finished measure, but it is not there. Run the "
            "study without --report-only; what is done is not done again."
        )
