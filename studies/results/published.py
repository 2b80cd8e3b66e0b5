"""Purity and efficiency in % that others have published for this detector.

Behind 100, 150 and 200 mm of water, for each number of primaries per frame. Their Monte Carlo files
are others than ours. Line graphs: Kortus, Keidel, Gauger, TMLR 2025, means of five seeds on test
files, PAT with lambda = 25. Reinforcement learning: Kortus et al., IEEE TPAMI 45 (2023). Track
follower: Pettersen et al., Radiat. Phys. Chem. 177 (2020), in the comparison of Kortus et al.
"""

Figures = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]

PUBLISHED: dict[str, dict[int, Figures]] = {
    "track-follower": {
        50: ((88.1, 79.6), (90.2, 82.8), (91.2, 83.8)),
        100: ((83.0, 74.6), (86.5, 79.0), (87.4, 80.3)),
        150: ((79.1, 70.9), (83.3, 75.7), (84.7, 77.7)),
    },
    "reinforcement learning": {
        50: ((92.5, 81.5), (93.7, 84.0), (94.4, 85.4)),
        100: ((85.6, 75.2), (88.8, 79.0), (89.5, 80.8)),
        150: ((80.5, 70.8), (83.8, 74.4), (85.3, 76.9)),
    },
    "line-graph-ptt": {
        50: ((94.9, 83.8), (96.2, 86.9), (96.4, 88.7)),
        100: ((87.4, 75.2), (91.9, 82.4), (91.7, 83.8)),
        150: ((77.5, 65.0), (84.9, 75.3), (87.2, 79.6)),
    },
    "line-graph-pat": {
        50: ((94.9, 83.8), (96.2, 87.0), (96.5, 88.9)),
        100: ((87.3, 75.0), (91.7, 82.1), (92.2, 84.4)),
        150: ((76.7, 64.3), (84.8, 75.1), (87.6, 80.1)),
    },
}
THICKNESSES = (100, 150, 200)
"""Thicknesses of the water in mm, in the order of the numbers of each row."""
