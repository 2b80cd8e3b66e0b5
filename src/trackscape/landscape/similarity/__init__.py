"""How alike two models are: what their layers compute, and what they decide."""

from trackscape.landscape.similarity.decisions import (
    Contrast,
    GroupComparison,
    chance_share,
    compare_groups,
    differing_share,
    disagreement,
)
from trackscape.landscape.similarity.layers import (
    Similarity,
    layer_cka,
    layer_features,
    layer_names,
    unbiased_hsic,
)

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
