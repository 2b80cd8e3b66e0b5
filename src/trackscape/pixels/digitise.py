"""Hits of one readout frame -> pixels that fire."""

import math

import numpy as np
from jaxtyping import Shaped

from trackscape.data import Hits
from trackscape.graph_construction import cluster_size
from trackscape.pixels.table import SPOT_COLUMNS, TRUTH_COLUMNS, pixel_key, pixel_type
from trackscape.simulation import PixelGrid


def digitise_hits(
    hits: Hits,
    grid: PixelGrid,
    *,
    thickness: float,
    frame: int = 0,
    noise: float = 0.0,
    generator: np.random.Generator | None = None,
) -> Shaped[np.ndarray, " pixels"]:
    """Returns the pixels that fire in one readout frame, in the order of layer, chip, row, column.

    A deposit fires as many pixels as `cluster_size` says, the nearest ones to where it is: charge
    diffuses alike in all directions. What falls into a gap, beside the layer or on a chip that is
    off is lost. A pixel that several deposits fire is there once, and belongs to the nearest.

    Arguments:
        hits: Deposits of each particle in each layer.
        grid: Where the pixels of a layer are.
        thickness: Of the sensitive layer in mm.
        frame: Number of the frame.
        noise: Probability that a pixel fires without a cause.
        generator: Random numbers for noise; of seed 0 by default.

    Returns:
        Rows of `pixel_type`, with spot and truth if the hits have them.
    """
    size = cluster_size(hits.energy, thickness=thickness).numpy()
    rows = np.zeros(int(size.sum()), pixel_type(fields_of(hits)))
    distance = _fill(rows, hits, size, grid)
    rows["frameID"] = frame
    inside = (rows["column"] >= 0) & (rows["column"] < grid.columns)
    inside &= (rows["row"] >= 0) & (rows["row"] < grid.rows)
    rows, distance = rows[inside], distance[inside]
    if noise > 0:
        more = _noise(rows.dtype, hits, grid, noise, generator or np.random.default_rng(0))
        more["frameID"] = frame
        rows = np.concatenate([rows, more])
        distance = np.append(distance, np.full(len(more), np.inf))
    live = grid.is_live(rows["layer"], rows["stave"], rows["chip"])
    rows, distance = rows[live], distance[live]
    key = pixel_key(rows, grid)
    order = np.lexsort([distance, key])
    first = np.diff(key[order], prepend=-1) != 0
    return rows[order[first]]


def fields_of(hits: Hits) -> list[str]:
    """Returns the names of the fields of spot and truth that hits have."""
    names: list[str] = [] if hits.spot is None else [*SPOT_COLUMNS]
    if hits.truth is not None:
        names += [*TRUTH_COLUMNS] if hits.truth.pdg is None else [*TRUTH_COLUMNS, "pdg"]
    return names


def _fill(
    rows: Shaped[np.ndarray, " pixels"], hits: Hits, size: np.ndarray, grid: PixelGrid
) -> np.ndarray:
    """Fills in the pixels of all hits, also those that are not there; returns their distance."""
    of_hit = np.repeat(np.arange(len(hits)), size)
    x, y = hits.position[:, :2].double().numpy().T
    stave, chip, column, row = grid.locate(x, y)
    nearest_column, nearest_row, distance = _nearest(column, row, size, grid.pitch)
    values = {"layer": hits.layer.numpy(), "stave": stave, "chip": chip}
    for name, value in values.items():
        rows[name] = value[of_hit]
    # Far beside the layer, where numbers of 16 bits could come round.
    rows["column"] = np.clip(nearest_column, -1, grid.columns)
    rows["row"] = np.clip(nearest_row, -1, grid.rows)
    if hits.spot is not None:
        for name, value in zip(SPOT_COLUMNS, hits.spot.numpy().T, strict=True):
            rows[name] = value[of_hit]
    if hits.truth is not None:
        truth = hits.truth
        rows["eventID"], rows["trackID"] = truth.event[of_hit], truth.track[of_hit]
        rows["parentID"] = truth.parent[of_hit]
        if truth.pdg is not None:
            rows["pdg"] = truth.pdg[of_hit]
    return distance


def _nearest(
    column: np.ndarray, row: np.ndarray, size: np.ndarray, pitch: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns columns and rows of the pixels nearest to each place, and their distances in mm.

    As many as `size` says for each, one place after the other, from the nearest on.
    """
    start = np.concatenate([[0], np.cumsum(size)])
    columns, rows = (np.empty(start[-1], dtype=np.int64) for _ in range(2))
    distances = np.empty(start[-1])
    for n in np.unique(size[size > 0]).tolist():
        some = np.flatnonzero(size == n)
        # A disc of their area, and a pixel more on each side, holds them wherever the place is.
        reach = math.sqrt(n * pitch[0] * pitch[1] / math.pi) + sum(pitch)
        steps = (np.arange(-(half := math.ceil(reach / side)), half + 1) for side in pitch)
        dx, dy = (each.ravel() for each in np.meshgrid(*steps))
        near_column = np.rint(column[some])[:, None] + dx
        near_row = np.rint(row[some])[:, None] + dy
        distance = np.hypot(
            pitch[0] * (near_column - column[some, None]), pitch[1] * (near_row - row[some, None])
        )
        order = np.argsort(distance, axis=1, kind="stable")[:, :n]
        target = start[some, None] + np.arange(n)
        for out, values in ((columns, near_column), (rows, near_row), (distances, distance)):
            out[target] = np.take_along_axis(values, order, axis=1)
    return columns, rows, distances


def _noise(
    dtype: np.dtype, hits: Hits, grid: PixelGrid, rate: float, generator: np.random.Generator
) -> Shaped[np.ndarray, " pixels"]:
    """Pixels of nobody, anywhere in the layers from the first one to the last that is hit."""
    sizes = {
        "layer": int(hits.layer.max()) + 1,
        "stave": grid.staves,
        "chip": grid.chips,
        "row": grid.rows,
        "column": grid.columns,
    }
    rows = np.zeros(generator.poisson(rate * math.prod(sizes.values())), dtype)
    for name, size in sizes.items():
        rows[name] = generator.integers(size, size=len(rows))
    if hits.truth is not None:
        for name in TRUTH_COLUMNS:
            rows[name] = -1
    if hits.spot is not None:
        for name, value in zip(SPOT_COLUMNS, hits.spot[0].tolist(), strict=True):
            rows[name] = value
    return rows
