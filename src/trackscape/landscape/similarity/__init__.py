"""How alike two models are: what their layers compute, and what they decide."""

from trackscape.landscape.similarity.decisions import chance_share as chance_share
from trackscape.landscape.similarity.decisions import differing_share as differing_share
from trackscape.landscape.similarity.decisions import disagreement as disagreement
from trackscape.landscape.similarity.layers import Similarity as Similarity
from trackscape.landscape.similarity.layers import layer_cka as layer_cka
from trackscape.landscape.similarity.layers import layer_features as layer_features
from trackscape.landscape.similarity.layers import layer_names as layer_names
from trackscape.landscape.similarity.layers import unbiased_hsic as unbiased_hsic
