"""Hits -> Tracks: the cheapest assignment of each pair of layers, with costs from physics alone."""

import dataclasses
import math

import numpy as np

from trackscape.assignment import solve
from trackscape.compiled import Floats, Integers, compiled
from trackscape.data import Hits, Tracks
from trackscape.tracking.baselines import layers
from trackscape.tracking.baselines.layers import FrameArrays
from trackscape.tracking.baselines.motion_model import MotionModel, material_effects
from trackscape.units import keV, mm, mrad

DEPOSIT_TAIL = 3.0
"""Degrees of freedom of the Student distribution of ln(deposit), which has large deposits often."""
SMALLEST_DEPOSIT = 1e-3 * keV


@dataclasses.dataclass(frozen=True, kw_only=True)
class PhysicsAssignment(layers.Baseline):
    r"""Exact assignment, layer after layer against the beam, of hits to predicted tracks.

    A hit before a track costs -2 ln of how likely it is there, with this deposit:

    .. math:: (\nu + 2) \ln(1 + \chi^2 / \nu) + 2 \ln(2 \pi S) + 4 \ln(1 + u^2 / (3 s^2))

    Both are Student densities, of the place in the plane, with the variance S of a predicted
    coordinate, and of u = ln(deposit / most probable deposit), with 3 degrees of freedom: the track
    ends in a known layer, so its energy in each layer, and the deposit, are known. A track that
    gets no hit and a hit that gets no track pay together -2 ln(`clutter_density`).
    """

    # Found by studies.tune_baselines.
    motion: MotionModel = dataclasses.field(
        default_factory=lambda: MotionModel(
            tail=2.94, end_slope=75.7 * mrad, source_distance=414.0 * mm, source_slope=8.19 * mrad
        )
    )
    clutter_density: float = 3.02e-5
    """Probability that a track has no hit in the layer before, times the density in 1/mm2 there of
    hits where tracks end."""
    deposit_spread: float = 0.783
    """Spread s of ln(deposit)."""

    def _find(self, hits: Hits) -> Tracks:
        frame = self.motion.frame_arrays(layers.by_layer(hits))
        energy = hits.energy.detach().cpu().double().clamp(min=SMALLEST_DEPOSIT).log().numpy()
        expected = np.log(material_effects(self.motion.detector).deposit)
        unmatched = -2.0 * math.log(self.clutter_density)
        upstream, end = np.full(len(hits), -1), hits.layer.cpu().numpy().copy()
        state = _begin_all(frame)
        for layer in range(len(frame.depth) - 1, 0, -1):
            track, hit, cost = _find_pairs(
                frame, state, end, energy, expected, layer, unmatched, self.deposit_spread
            )
            chosen = solve(
                cost, row=track, column=hit, semantics="with_unmatched", unmatched_cost=unmatched
            )
            _continue(frame, state, end, track[chosen], hit[chosen], layer)
            upstream[track[chosen]] = hit[chosen]
        return layers.follow_links(hits, upstream)


@compiled
def _begin_all(frame: FrameArrays) -> Floats:
    """(H, 7) State of each hit as the end of a track."""
    state = np.empty((len(frame.position), 7))
    for hit in range(len(state)):
        layers.store_state(state, hit, layers.begin(frame, hit))
    return state


@compiled
def _find_pairs(
    frame: FrameArrays,
    state: Floats,
    end: Integers,
    energy: Floats,
    expected: Floats,
    layer: int,
    unmatched: float,
    spread: float,
) -> tuple[Integers, Integers, Floats]:
    """Pairs that are worth their cost: hits of a layer, hits before them and costs, (P,) each.

    `state` (H, 7) is that of the track of each hit, in the layer of the hit, and `end` (H,) the
    layer in which that track ends; `energy` (H,) and `expected` (L, L) are logarithms.
    """
    start, middle, stop = frame.border[layer - 1], frame.border[layer], frame.border[layer + 1]
    most = (stop - middle) * (middle - start)
    tracks, hits, costs = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most)
    n = 0
    for track in range(middle, stop):
        moved = layers.move(frame, layers.load_state(state, track), layer, int(end[track]))
        base = 2.0 * np.log(2.0 * np.pi * (moved.variance + frame.error))
        # Beyond this no hit is cheap enough, whatever its deposit; a logarithm for each is saved.
        farthest = frame.tail * np.expm1((unmatched - base) / (frame.tail + 2.0))
        for hit in range(start, middle):
            x, y, _ = frame.position[hit]
            square = layers.chi_squared(moved, x, y, frame.error)
            if square >= farthest:
                continue
            deviation = (energy[hit] - expected[end[track], layer - 1]) / spread
            deposit = (DEPOSIT_TAIL + 1.0) * np.log1p(deviation**2 / DEPOSIT_TAIL)
            cost = base + layers.neg_log_likelihood(square, frame.tail) + deposit
            if cost < unmatched:
                tracks[n], hits[n], costs[n] = track, hit, cost
                n += 1
    return tracks[:n], hits[:n], costs[:n]


@compiled
def _continue(
    frame: FrameArrays, state: Floats, end: Integers, tracks: Integers, hits: Integers, layer: int
) -> None:
    """Hands the states of tracks on to the hits that were chosen for them."""
    for track, hit in zip(tracks, hits):  # noqa: B905 (numba knows no strict)
        moved = layers.move(frame, layers.load_state(state, track), layer, int(end[track]))
        x, y = frame.position[hit, 0], frame.position[hit, 1]
        layers.store_state(state, hit, layers.update(moved, x, y, frame.error))
        end[hit] = end[track]
