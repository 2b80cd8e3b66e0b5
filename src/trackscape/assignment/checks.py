"""What every estimator asks of its numbers."""

import math

from trackscape.errors import AssignmentError


def check_positive(value: float, *, name: str) -> None:
    """Raises an AssignmentError unless the value is positive and finite."""
    if not 0 < value < math.inf:
        raise AssignmentError(f"Expected a positive {name}, got {value}.")


def check_count(value: int, *, name: str, least: int = 1) -> None:
    """Raises an AssignmentError if there are fewer than needed."""
    if value < least:
        raise AssignmentError(f"Expected at least {least} {name}, got {value}.")
