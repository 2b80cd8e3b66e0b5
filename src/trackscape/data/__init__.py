"""The nouns: what flows between the stages.

    Hits -> HitGraph (-> LineGraph) -> EdgeScores -> Assignment -> Tracks

All are frozen dataclasses of PyTorch tensors. Edges are candidate segments, pairs those of edges
that share a hit; offsets are one more than what they divide.
"""

from trackscape.data.graphs import Adjacency as Adjacency
from trackscape.data.graphs import Assignment as Assignment
from trackscape.data.graphs import BeliefScores as BeliefScores
from trackscape.data.graphs import CompressedLineGraph as CompressedLineGraph
from trackscape.data.graphs import EdgeScores as EdgeScores
from trackscape.data.graphs import HitGraph as HitGraph
from trackscape.data.graphs import LineGraph as LineGraph
from trackscape.data.graphs import TrackScores as TrackScores
from trackscape.data.graphs import TripletGraph as TripletGraph
from trackscape.data.hits import Hits as Hits
from trackscape.data.hits import Truth as Truth
from trackscape.data.tracks import Tracks as Tracks
