r"""Charged-particle tracks from a network that is trained through the assignment that decides them.

    Hits -> HitGraph (-> LineGraph) -> EdgeScores -> Assignment -> Tracks

Each arrow is one subpackage, and each subpackage imports only from those before it:

    data                 the nouns above
    formats              files                <-> Hits, Tracks
    graph_construction   neighbouring layers   -> HitGraph, LineGraph
    scoring              graph neural networks -> EdgeScores
    assignment           one successor a hit   -> Assignment
    tracking             chaining, filters     -> Tracks
    evaluation           tracks and truth      -> purity, efficiency, ...
    training             frames and a loss     -> weights
    experiments          configurations        -> run folders, tables, pictures
"""

__version__ = "0.1.0"
