"""Landscapes of trackers: the toolbox of any model, applied to networks that score segments."""

from trackscape.tracker_landscape.problem import tracker_problem as tracker_problem

__all__ = [
    "tracker_problem",
]
