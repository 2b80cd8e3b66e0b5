"""How alike two models are: what their layers compute, and what they decide."""

from trackscape.landscape.similarity.cka import Similarity as Similarity
from trackscape.landscape.similarity.cka import layer_cka as layer_cka
from trackscape.landscape.similarity.cka import unbiased_hsic as unbiased_hsic
from trackscape.landscape.similarity.disagreement import chance_share as chance_share
from trackscape.landscape.similarity.disagreement import differing_share as differing_share
from trackscape.landscape.similarity.disagreement import disagreement as disagreement
from trackscape.landscape.similarity.features import layer_features as layer_features
from trackscape.landscape.similarity.features import layer_names as layer_names
from trackscape.landscape.similarity.permutation import Contrast as Contrast
from trackscape.landscape.similarity.permutation import GroupComparison as GroupComparison
from trackscape.landscape.similarity.permutation import compare_groups as compare_groups

__all__ = [
    "Contrast",
    "GroupComparison",
    "Similarity",
    "chance_share",
    "compare_groups",
    "differing_share",
    "disagreement",
    "layer_cka",
    "layer_features",
    "layer_names",
    "unbiased_hsic",
]
