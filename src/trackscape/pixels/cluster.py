"""Pixels of readout frames -> clusters of them, as hits."""

import numpy as np
import torch
from jaxtyping import Float64, Int64, Shaped
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from trackscape.data import Hits, Truth
from trackscape.graph_construction.frames import SIZE_EXPONENT, SIZE_FACTOR
from trackscape.pixels.table import SPOT_COLUMNS, TRUTH_COLUMNS, pixel_key
from trackscape.simulation import Detector, PixelGrid
from trackscape.units import keV, um

_TOO_LONG = 0.2
"""Pixels by which the farthest one of a cluster may lie outside of a disc of its area; what cutting
the others gains is in docs/pixels.md."""


def energy_of_size(size: Int64[np.ndarray, " n"], *, thickness: float) -> Float64[np.ndarray, " n"]:
    r"""Deposit in MeV of clusters of so many pixels, in a sensitive layer of a thickness in mm.

    .. math:: E = t \, (n / 4.2267)^{1/0.65}

    with the deposit per thickness in keV/um: the inverse of `cluster_size`, in the middle of the
    deposits that fire as many.

    Example:
        >>> energy_of_size(np.array([1, 4, 10]), thickness=0.025).round(4).tolist()
        [0.0027, 0.023, 0.094]
    """
    return (size / SIZE_FACTOR) ** (1 / SIZE_EXPONENT) * keV * (thickness / um)


def cluster_pixels(
    pixels: Shaped[np.ndarray, " pixels"],
    detector: Detector,
    grid: PixelGrid,
    *,
    split: bool = True,
) -> Hits:
    """Returns a hit for each cluster: pixels of one frame and chip that touch, also at corners.

    A cluster that reaches farther than a round one of its size, as where two protons meet, is cut
    in two across its longest axis. The position of a cluster is the mean of its pixels, in
    the middle of the sensitive layer, its deposit `energy_of_size`, and its truth, where pixels
    have one, that of the particle that most of them belong to. A pixel that is there twice in a
    frame counts once.

    Arguments:
        pixels: Rows with frameID and a place, and perhaps spot and truth; see `PIXEL`.
        detector: Where the layers are.
        grid: Where the pixels of a layer are.
        split: Whether to cut clusters that are too long for one deposit.

    Returns:
        Hits in the order of frame, layer and chip.
    """
    pixels, cluster = _number(pixels, grid)
    if split:
        pixels, cluster = _split(pixels, cluster, grid)
    size = np.bincount(cluster)
    first = pixels[np.flatnonzero(np.diff(cluster, prepend=-1))]

    def mean(name: str) -> np.ndarray:
        return np.bincount(cluster, weights=pixels[name]) / size

    x, y = grid.position(first["stave"], first["chip"], mean("column"), mean("row"))
    z = detector.layer_z[first["layer"]]
    energy = energy_of_size(size, thickness=detector.sensitive_thickness)
    names = pixels.dtype.names or ()
    spot = None
    if SPOT_COLUMNS[0] in names:
        columns = np.stack([first[name] for name in SPOT_COLUMNS], axis=1)
        spot = torch.from_numpy(columns.astype(np.float32))
    return Hits(
        position=torch.from_numpy(np.stack([x, y, z], axis=1).astype(np.float32)),
        energy=torch.from_numpy(energy.astype(np.float32)),
        layer=torch.from_numpy(first["layer"].astype(np.int64)),
        spot=spot,
        frame=torch.from_numpy(first["frameID"].astype(np.int64)),
        truth=_truth(pixels, cluster) if "eventID" in names else None,
    )


def _number(
    pixels: Shaped[np.ndarray, " pixels"], grid: PixelGrid
) -> tuple[Shaped[np.ndarray, " kept"], Int64[np.ndarray, " kept"]]:
    """Puts pixels into the order of their clusters; returns them and the numbers of these."""
    key, frame = pixel_key(pixels, grid), pixels["frameID"]
    order = np.lexsort([key, frame])
    key, frame = key[order], frame[order]
    new = (np.diff(key, prepend=-1) != 0) | (np.diff(frame, prepend=frame[:1]) != 0)
    pixels, key, frame = pixels[order[new]], key[new], frame[new]
    # One number for frame and place, since all neighbours are then at fixed distances in it.
    span = int(key.max(initial=0)) + grid.columns + 3
    together = np.unique(frame, return_inverse=True)[1] * span + key
    below = grid.columns + 1
    links = [_pairs(together, step) for step in (1, below - 1, below, below + 1)]
    one, other = np.concatenate(links, axis=1)
    graph = coo_array((np.ones(len(one), dtype=bool), (one, other)), shape=(len(key), len(key)))
    cluster = connected_components(graph, directed=False)[1]
    order = np.argsort(cluster, kind="stable")
    return pixels[order], cluster[order].astype(np.int64)


def _split(
    pixels: Shaped[np.ndarray, " pixels"], cluster: Int64[np.ndarray, " pixels"], grid: PixelGrid
) -> tuple[Shaped[np.ndarray, " pixels"], Int64[np.ndarray, " pixels"]]:
    """Numbers the two halves of clusters that are too long for one deposit apart."""
    u, v = pixels["column"] * grid.pitch[0], pixels["row"] * grid.pitch[1]
    size = np.bincount(cluster)
    u, v = (each - (np.bincount(cluster, each) / size)[cluster] for each in (u, v))
    area = grid.pitch[0] * grid.pitch[1]
    farthest = np.zeros(len(size))
    np.maximum.at(farthest, cluster, np.hypot(u, v))
    long = farthest > np.sqrt(size * area / np.pi) + _TOO_LONG * np.sqrt(area)
    # The longest axis of the cluster cuts it where its pixels are on average.
    uu, vv, uv = (np.bincount(cluster, each) for each in (u * u, v * v, u * v))
    angle = 0.5 * np.arctan2(2 * uv, uu - vv)
    half = (u * np.cos(angle)[cluster] + v * np.sin(angle)[cluster] > 0) & long[cluster]
    cluster = np.unique(2 * cluster + half, return_inverse=True)[1]
    order = np.argsort(cluster, kind="stable")
    return pixels[order], cluster[order]


def _pairs(key: Int64[np.ndarray, " n"], step: int) -> Int64[np.ndarray, "2 pairs"]:
    """Places of keys, which ascend, that differ by a step."""
    place = np.minimum(np.searchsorted(key, key + step), len(key) - 1)
    found = np.flatnonzero(key[place] == key + step)
    return np.stack([found, place[found]])


def _truth(pixels: Shaped[np.ndarray, " pixels"], cluster: Int64[np.ndarray, " pixels"]) -> Truth:
    """Truth of each cluster: of the particle with most pixels, of those that of the first event."""
    owner = [cluster, pixels["eventID"], pixels["trackID"]]
    order = np.lexsort(owner[::-1])
    new = np.any([np.diff(each[order], prepend=each[order][:1] - 1) != 0 for each in owner], axis=0)
    start = np.flatnonzero(new)
    count = np.diff(np.append(start, len(order)))
    of = cluster[order[start]]
    best = np.lexsort([-count, of])  # stable: of as many, the first event comes first
    chosen = best[np.flatnonzero(np.diff(of[best], prepend=-1))]
    rows = pixels[order[start[chosen]]]
    known = zip(("event", "track", "parent", "pdg"), (*TRUTH_COLUMNS, "pdg"), strict=True)
    columns = {key: name for key, name in known if name in (rows.dtype.names or ())}
    return Truth(
        **{key: torch.from_numpy(rows[name].astype("i8")) for key, name in columns.items()}
    )
