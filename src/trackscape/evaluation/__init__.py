"""Tracks and their truth -> purity, efficiency and their intervals.

`count_frame` counts one frame, the functions of `trackscape.evaluation.metrics` turn the counts of
many frames into ratios, and `summarise` gives all of them with bootstrap intervals.
"""

from trackscape.evaluation.counts import HIT_BINS, FrameCounts, count_frame
from trackscape.evaluation.evaluate import evaluate_frames, read_frames, split_file
from trackscape.evaluation.metrics import METRICS, Ratio, efficiency, purity
from trackscape.evaluation.summary import Summary, summarise
from trackscape.statistics import bootstrap_interval

__all__ = [
    "HIT_BINS",
    "METRICS",
    "FrameCounts",
    "Ratio",
    "Summary",
    "bootstrap_interval",
    "count_frame",
    "efficiency",
    "evaluate_frames",
    "purity",
    "read_frames",
    "split_file",
    "summarise",
]
