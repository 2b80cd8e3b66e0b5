"""Hits of a frame -> hit graph -> line graph, with the features of both networks."""

import math

import numpy as np
from numpy.typing import NDArray

from reference.literal_hits import Hit, cluster_size, mean_cluster_size

CALORIMETER_CUT = 0.4
TRACKER_CUT = 0.2
ENCODING_SIZE = 128
TYPICAL_DEPOSIT = 0.06

Edge = tuple[int, int]
"""Positions in the list of hits: (downstream hit, upstream hit)."""
Pair = tuple[int, int]
"""Positions in the list of edges: (downstream edge a -> b, upstream edge b -> c)."""
Vector = tuple[float, float, float]


def direction(downstream: Hit, upstream: Hit) -> Vector:
    """Returns the vector in mm from the upstream to the downstream hit, along the beam."""
    return (downstream.x - upstream.x, downstream.y - upstream.y, downstream.z - upstream.z)


def angle_between(u: Vector, v: Vector) -> float:
    """Returns the angle between two vectors in rad.

    As the arc tangent of |u x v| over u . v: the arc cosine loses half of the digits of a small
    angle, of which the encoding then takes the square root.
    """
    cross = (
        u[1] * v[2] - u[2] * v[1],
        u[2] * v[0] - u[0] * v[2],
        u[0] * v[1] - u[1] * v[0],
    )
    dot = u[0] * v[0] + u[1] * v[1] + u[2] * v[2]
    return math.atan2(math.sqrt(sum(c * c for c in cross)), dot)


def is_allowed(downstream: Hit, upstream: Hit) -> bool:
    """Returns whether the segment is close enough to the beam axis.

    Removed at 0.4 rad and more; at 0.2 rad and more where the downstream hit has layer < 3.
    """
    cut = TRACKER_CUT if downstream.layer < 3 else CALORIMETER_CUT
    return angle_between(direction(downstream, upstream), (0.0, 0.0, 1.0)) < cut


def make_edges(hits: list[Hit]) -> list[Edge]:
    """Joins each hit with all hits of the next shallower layer, less the steep ones.

    Ordered by downstream, then upstream hit.
    """
    hits_of_layer: dict[int, list[int]] = {}
    for i, hit in enumerate(hits):
        hits_of_layer.setdefault(hit.layer, []).append(i)
    edges: list[Edge] = []
    for i, hit in enumerate(hits):
        for j in hits_of_layer.get(hit.layer - 1, []):
            if is_allowed(hit, hits[j]):
                edges.append((i, j))
    return edges


def label_edges(hits: list[Hit], edges: list[Edge]) -> list[int]:
    """Returns 1 for each edge whose hits have the same event, else 0."""
    return [1 if hits[i].event == hits[j].event else 0 for i, j in edges]


def count_true_segments(hits: list[Hit]) -> dict[str, tuple[int, int]]:
    """Returns (kept by the cuts, all) of the pairs of hits of one event in neighbouring layers.

    Separately for the region "tracker" (downstream layer < 3) and "calorimeter".
    """
    counts = {"tracker": (0, 0), "calorimeter": (0, 0)}
    hits_of_event: dict[int, list[Hit]] = {}
    for hit in hits:
        hits_of_event.setdefault(hit.event, []).append(hit)
    for group in hits_of_event.values():
        for downstream in group:
            for upstream in group:
                if upstream.layer == downstream.layer - 1:
                    region = "tracker" if downstream.layer < 3 else "calorimeter"
                    kept, total = counts[region]
                    counts[region] = (kept + is_allowed(downstream, upstream), total + 1)
    return counts


def ceiling(hits: list[Hit]) -> dict[str, float]:
    """Returns the share of true segments that the cuts keep; NaN for a region without any."""
    return {
        region: kept / total if total else math.nan
        for region, (kept, total) in count_true_segments(hits).items()
    }


def make_pairs(edges: list[Edge]) -> list[Pair]:
    """Pairs each edge a -> b with each edge b -> c. Ordered by downstream, then upstream edge."""
    edges_from: dict[int, list[int]] = {}
    for number, (downstream, _) in enumerate(edges):
        edges_from.setdefault(downstream, []).append(number)
    pairs: list[Pair] = []
    for a, (_, shared_hit) in enumerate(edges):
        for b in edges_from.get(shared_hit, []):
            pairs.append((a, b))
    return pairs


def pair_angles(hits: list[Hit], edges: list[Edge], pairs: list[Pair]) -> list[float]:
    """Returns the angle in rad between the two segments of each pair."""
    directions = [direction(hits[i], hits[j]) for i, j in edges]
    return [angle_between(directions[a], directions[b]) for a, b in pairs]


def encode_angles(angles: list[float]) -> NDArray[np.float64]:
    """Returns the sinusoidal encoding of each angle, (P, 128).

    Column 2k holds sin(sqrt(theta) w_k), column 2k + 1 the cosine, with
    w_k = exp(2k (-ln(0.001) / 128)), k = 0..63.
    """
    w = np.array([math.exp(2 * k * (-math.log(0.001) / 128)) for k in range(ENCODING_SIZE // 2)])
    encoding = np.empty((len(angles), ENCODING_SIZE))
    for row, theta in enumerate(angles):
        phase = math.sqrt(theta) * w
        encoding[row, 0::2] = np.sin(phase)
        encoding[row, 1::2] = np.cos(phase)
    return encoding


def line_graph_features(hits: list[Hit], edges: list[Edge]) -> NDArray[np.float64]:
    """Returns (E, 8): edep_i, edep_j, position_i, position_j; i is the downstream hit. MeV, mm."""
    features = np.empty((len(edges), 8))
    for row, (i, j) in enumerate(edges):
        a, b = hits[i], hits[j]
        features[row] = [a.edep, b.edep, a.x, a.y, a.z, b.x, b.y, b.z]
    return features


def hit_features(hits: list[Hit]) -> NDArray[np.float64]:
    """Returns (H, 4): normalised cluster size, x / 1000, y / 1000, z, with positions in mm.

    The cluster size is the whole number of pixels, divided by what 60 keV would give:
    4.2267 (0.06 * 1000 / 25)^0.65 + 0.5, not rounded.
    """
    typical_size = mean_cluster_size(TYPICAL_DEPOSIT) + 0.5
    features = np.empty((len(hits), 4))
    for row, hit in enumerate(hits):
        n = cluster_size(hit.edep)
        features[row] = [n / typical_size, hit.x / 1000.0, hit.y / 1000.0, hit.z]
    return features


def edge_features(hits: list[Hit], edges: list[Edge]) -> NDArray[np.float64]:
    """Returns (E, 3): rho in mm, azimuth and polar angle in rad of downstream minus upstream."""
    features = np.empty((len(edges), 3))
    for row, (i, j) in enumerate(edges):
        dx, dy, dz = direction(hits[i], hits[j])
        rho = math.sqrt(dx * dx + dy * dy + dz * dz)
        features[row] = [rho, math.atan2(dy, dx), math.acos(dz / rho)]
    return features
