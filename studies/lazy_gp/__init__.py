"""The experiments of lazy Gaussian processes again: what it costs to refit seldom.

Ram, Müller, Pfreundt, Gauger, Keuper, MLHPC 2019 (arXiv 2001.05726): Levy's function in one and in
five dimensions, and a network with the five settings of their first search, here a perceptron on
the digits that scikit-learn ships. And ours: the settings of the track follower.
"""
