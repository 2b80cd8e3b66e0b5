"""Prepared graph -> EdgeScores: networks that score candidate segments."""

from trackscape.scoring.beliefs import BeliefNetwork as BeliefNetwork
from trackscape.scoring.interaction_networks import HitGraphNetwork as HitGraphNetwork
from trackscape.scoring.interaction_networks import LineGraphNetwork as LineGraphNetwork
from trackscape.scoring.interface import Scorer as Scorer
from trackscape.scoring.pretrained import METHODS as METHODS
from trackscape.scoring.pretrained import build_network as build_network
from trackscape.scoring.pretrained import find_network as find_network
from trackscape.scoring.pretrained import load_method as load_method
from trackscape.scoring.pretrained import load_network as load_network
from trackscape.scoring.pretrained import read_weights as read_weights
from trackscape.scoring.pretrained import save_network as save_network

__all__ = [
    "METHODS",
    "BeliefNetwork",
    "HitGraphNetwork",
    "LineGraphNetwork",
    "Scorer",
    "build_network",
    "find_network",
    "load_method",
    "load_network",
    "read_weights",
    "save_network",
]
