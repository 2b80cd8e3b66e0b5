"""What a comparison leaves out, and why."""

from collections.abc import Iterator, Sequence

from trackscape.comparison.graphs import FRAMES, PER_FRAME
from trackscape.comparison.measure import Measured
from trackscape.comparison.quantities import LEAST
from trackscape.comparison.rows import FEW, Comparison, Row
from trackscape.units import mm

SAME_PLACE = 0.1 * mm
"""Layers whose hits are on average further apart than this are not at the same place."""


def notes(comparison: Comparison) -> Iterator[str]:
    """Yields a sentence for each thing that a reader of the tables must know."""
    a, b = comparison.a, comparison.b
    yield from _few(comparison.rows)
    for one, other, name in ((a, b, "A"), (b, a, "B")):
        only = sorted(one.layer_z.keys() - other.layer_z.keys())
        if only:
            yield f"only {name} has hits in layers {_listed(only)}: left out"
        if one.truth is None:
            yield (
                f"no table of primaries for {name}: nothing is said on survival, energy and angle "
                "behind the phantom"
            )
    yield from _shifts(a, b)
    yield from _frames(comparison.rows)


def _few(rows: Sequence[Row]) -> Iterator[str]:
    few = {row.key.layer for row in rows if row.verdict == FEW}
    layers = sorted(layer for layer in few if layer is not None)
    if layers:
        yield f"less than {LEAST} values in layers {_listed(layers)}: quantiles not judged there"


def _frames(rows: Sequence[Row]) -> Iterator[str]:
    nodes = [row.key.statistic for row in rows if row.key.quantity == "graph nodes"]
    for per_frame in PER_FRAME:
        if not any(text.startswith(f"{per_frame} ") for text in nodes):
            yield f"too few events for graphs of {per_frame} primaries a frame"
    if nodes:
        yield f"graph sizes are means over the first {FRAMES} frames of each file, or fewer"


def _shifts(a: Measured, b: Measured) -> Iterator[str]:
    shifts = {layer: b.layer_z[layer] - z for layer, z in a.layer_z.items() if layer in b.layer_z}
    moved = {layer: shift for layer, shift in shifts.items() if abs(shift) > SAME_PLACE}
    if moved:
        layer = max(moved, key=lambda layer: abs(moved[layer]))
        yield (
            f"{len(moved)} layers are not at the same place, layer {layer} by {moved[layer]:+.2f} "
            "mm: layers are compared by their number"
        )


def _listed(layers: list[int]) -> str:
    """Example: [1, 2, 3, 7] becomes "1 to 3, 7"; many pieces become one."""
    runs: list[list[int]] = []
    for layer in layers:
        if runs and layer == runs[-1][-1] + 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    if len(runs) > 4:
        return f"{layers[0]} to {layers[-1]} ({len(layers)} of them)"
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
