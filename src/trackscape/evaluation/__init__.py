"""Tracks and their truth -> purity, efficiency and their intervals.

`count_frame` counts one frame, the functions of `trackscape.evaluation.metrics` turn the counts of
many frames into ratios, and `summarise` gives all of them with bootstrap intervals.
"""

from trackscape.evaluation.counts import HIT_BINS as HIT_BINS
from trackscape.evaluation.counts import FrameCounts as FrameCounts
from trackscape.evaluation.counts import count_frame as count_frame
from trackscape.evaluation.evaluate import evaluate_frames as evaluate_frames
from trackscape.evaluation.evaluate import read_frames as read_frames
from trackscape.evaluation.evaluate import split_file as split_file
from trackscape.evaluation.metrics import METRICS as METRICS
from trackscape.evaluation.metrics import Ratio as Ratio
from trackscape.evaluation.metrics import efficiency as efficiency
from trackscape.evaluation.metrics import purity as purity
from trackscape.evaluation.summary import Summary as Summary
from trackscape.evaluation.summary import summarise as summarise
from trackscape.statistics import bootstrap_interval as bootstrap_interval
