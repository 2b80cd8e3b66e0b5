"""A probability of whole sets of tracks, a factor graph, and its marginals for each segment.

Every hit of a frame does one of four things: it is alone, begins a track, continues one, or ends
one. A small network looks at each segment by itself (layer, slope, length, both deposits) and says
how likely it is that a track begins with it, that one ends with it, and how far it may turn behind.
The log probability of a set of tracks is, but for a constant, the sum

    start(first segment) + sum of follow(segment, next one) + end(last segment)

over its tracks. Messages that run along the beam and back, one layer after the other, give the
probability that a segment belongs to a track, given all hits of the frame (belief propagation,
J. Pearl 1988; for data association Williams and Lau, IEEE Trans. AES 50 (2014) 2942).

Of two implementations (`propagation`) `run_bp` is compiled, and autograd can differentiate
`run_bp_plain` twice.
"""

from trackscape.scoring.track_model.network import TrackModel as TrackModel
from trackscape.scoring.track_model.potentials import JOIN as JOIN
from trackscape.scoring.track_model.potentials import START as START
from trackscape.scoring.track_model.potentials import follow_potential as follow_potential
from trackscape.scoring.track_model.propagation import pair_beliefs as pair_beliefs
from trackscape.scoring.track_model.propagation import run_bp as run_bp
