"""Trackers and trainings whose settings are tuned: a YAML file -> a study -> the best settings."""

from trackscape.tracker_tuning.config import SCORES as SCORES
from trackscape.tracker_tuning.config import TuningConfig as TuningConfig
from trackscape.tracker_tuning.objectives import TrackerScore as TrackerScore
from trackscape.tracker_tuning.objectives import TrainingScore as TrainingScore
from trackscape.tracker_tuning.objectives import make_objective as make_objective
from trackscape.tracker_tuning.objectives import score_tracker as score_tracker
from trackscape.tracker_tuning.tune import Tuned as Tuned
from trackscape.tracker_tuning.tune import tune as tune
