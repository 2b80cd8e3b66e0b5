"""Figures of the published study, to stand beside ours.

References:
    Kortus, Keidel, Gauger, "Exploring End-to-end Differentiable Neural Charged Particle Tracking -
    A Loss Landscape Perspective", TMLR 2025 (arXiv 2407.13420), and the tables of results that its
    authors published with it. Networks of 5 seeds were trained with 320,000 frames of 100 p+/F,
    which is also the density of what is said about curves and decisions.
"""

from typing import NamedTuple

PURITY: dict[str, tuple[float, float, float]] = {
    "ptt": (94.9, 96.2, 96.4),
    "pat-25": (94.9, 96.2, 96.5),
    "pat-50": (95.0, 96.3, 96.5),
    "pat-75": (95.0, 96.3, 96.5),
}
"""Purity in % at 50 p+/F behind 100, 150 and 200 mm of water."""
EFFICIENCY: dict[str, tuple[float, float, float]] = {
    "ptt": (83.8, 86.9, 88.7),
    "pat-25": (83.8, 87.0, 88.9),
    "pat-50": (83.9, 87.1, 89.0),
    "pat-75": (83.9, 87.1, 89.0),
}
"""Efficiency in % at 50 p+/F behind 100, 150 and 200 mm of water."""


class Curve(NamedTuple):
    """Least, largest and mean value along a curve, mean over pairs of trainings."""

    hamming: tuple[float, float, float]
    """Hamming loss in 1e-3."""
    tpr: tuple[float, float, float]
    """TPR in %."""


CURVES: dict[tuple[str, str], Curve] = {
    ("pat-25", "line"): Curve((6.64, 228.6, 37.7), (75.0, 99.32, 95.8)),
    ("pat-25", "curve of decisions"): Curve((6.64, 8.14, 7.11), (99.12, 99.32, 99.26)),
    ("pat-25", "curve of the smooth loss"): Curve((6.65, 7.78, 7.35), (99.18, 99.32, 99.24)),
    ("pat-50", "line"): Curve((6.47, 251.1, 43.5), (71.6, 99.34, 95.0)),
    ("pat-50", "curve of decisions"): Curve((6.46, 8.01, 7.00), (99.15, 99.34, 99.28)),
    ("pat-75", "line"): Curve((6.49, 345.6, 82.5), (63.0, 99.34, 91.1)),
    ("pat-75", "curve of decisions"): Curve((6.47, 8.22, 7.02), (99.11, 99.34, 99.27)),
    ("ptt", "line"): Curve((6.70, 332.4, 107.2), (63.7, 99.32, 87.6)),
    ("ptt", "curve of decisions"): Curve((6.70, 15.33, 9.56), (97.98, 99.32, 98.91)),
    ("ptt", "curve of the smooth loss"): Curve((6.69, 7.60, 7.07), (99.21, 99.32, 99.28)),
    ("pat and ptt", "line"): Curve((6.60, 337.2, 117.4), (63.9, 99.33, 87.1)),
    ("pat and ptt", "curve of decisions"): Curve((6.60, 11.32, 8.06), (98.65, 99.33, 99.13)),
    ("pat and ptt", "curve of the smooth loss"): Curve((6.59, 7.75, 7.19), (99.19, 99.33, 99.26)),
}
"""Published curves by group of pairs and route."""

CKA: dict[str, dict[str, str]] = {
    "pat-25": {"R1": "0.83-0.86", "O": "0.68-0.75", "R2": "0.60-0.70"},
    "pat-50": {"R1": "0.83-0.86", "O": "0.68-0.75", "R2": "0.60-0.70"},
    "pat-75": {"R1": "0.83-0.86", "O": "0.68-0.75", "R2": "0.60-0.70"},
    "ptt": {"R1": "0.72", "O": "0.65", "R2": "0.70"},
    "pat and ptt": {"R1": "0.76", "O": "0.60", "R2": "0.40-0.55"},
}
"""Medians over the layers of each module and pairs; a range is that of the three strengths."""

DISAGREEMENT: dict[str, str] = {
    "pat-25": "0.14-0.155",
    "pat-50": "0.14-0.155",
    "pat-75": "0.14-0.155",
    "ptt": "0.145",
    "pat and ptt": "0.20",
}
"""Min-max normalised disagreement of seeds; within PAT it rises with the strength."""
