"""Prepared graph -> EdgeScores: networks that score candidate segments."""

from trackscape.scoring.interface import Scorer as Scorer
from trackscape.scoring.line_graph.network import HitGraphNetwork as HitGraphNetwork
from trackscape.scoring.line_graph.network import LineGraphNetwork as LineGraphNetwork
from trackscape.scoring.model_folder import save_pretrained as save_pretrained
from trackscape.scoring.pretrained import METHODS as METHODS
from trackscape.scoring.pretrained import build_network as build_network
from trackscape.scoring.pretrained import find_network as find_network
from trackscape.scoring.pretrained import load_method as load_method
from trackscape.scoring.pretrained import load_network as load_network
from trackscape.scoring.pretrained import read_weights as read_weights
from trackscape.scoring.pretrained import save_network as save_network
from trackscape.scoring.track_model import TrackModel as TrackModel
from trackscape.scoring.track_model.network import likelihood_loss as likelihood_loss
