r"""What a wrong segment costs the image: true costs of decisions, for losses and as a metric.

A track that goes over from proton i to proton j stops where j does, and gives the place of i the
water-equivalent path length (WEPL) of j. Its error is that of what both were expected to cross,
d = w_j - w_i, and squared errors of a mean add up. So a false segment costs

    min(d²/σ², κ),

since tracks further off than √κ standard deviations are cut, and a proton that is lost costs κ. A
segment between protons that crossed the same harms nobody. A true track that ends early is lost as
well: κ. All of this is linear in the choice of segments, so that losses of assignments can minimise
it (Elmachtoub and Grigas, Management Science 68 (2022) 9).

The expected WEPL is that along the true path, not what the proton itself lost: with protons that
reacted, differences would be mostly of where they ended. That a segment in the trackers also moves
the path is left out.
"""

import numpy as np
import scipy.ndimage
import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from trackscape.compiled import Floats
from trackscape.data import HitGraph, Hits
from trackscape.simulation import Phantom, rsp_image

WEPL_SIGMA = 5.0
"""Standard deviation σ of the WEPL of a right track in mm."""
LOST_PROTON = 9.0
"""Cost κ of a proton that is lost, in units of σ²."""
_VOXEL = 1.0  # mm
_STEPS = 200


def expected_wepl(phantom: Phantom, primaries: np.ndarray) -> Floats:
    """Returns the WEPL in mm along the true path of each primary.

    The path is the cubic curve with the places and directions at both ends, stopping powers those
    at `REFERENCE_ENERGY`. It is 0 for protons that missed the object, NaN for those that stayed in
    it.

    Arguments:
        phantom: Object at its angle.
        primaries: Rows of type `trackscape.simulation.PRIMARY`, (N,).
    """
    through = primaries["out_ekin"] > 0
    rows = primaries[through]
    faces = [_face(rows, name) for name in ("in", "out")]
    place = _on_curve(faces, (np.arange(_STEPS) + 0.5) / _STEPS)
    corner = _on_curve(faces, np.arange(_STEPS + 1) / _STEPS)
    length = np.linalg.norm(np.diff(corner, axis=0), axis=2)
    wepl = np.where(primaries["in_ekin"] > 0, np.nan, 0.0)
    wepl[through] = (_stopping_at(phantom, place) * length).sum(axis=0)
    return wepl


def _face(rows: np.ndarray, name: str) -> tuple[Floats, Floats]:
    """Places in mm and slopes along z at a face, (N, 3) each."""
    place, direction = (
        np.stack([rows[f"{name}_{kind}{axis}"] for axis in "xyz"], axis=1).astype(np.float64)
        for kind in ("", "d")
    )
    return place, direction / direction[:, 2:]


def _on_curve(faces: list[tuple[Floats, Floats]], part: Floats) -> Floats:
    """Cubic Hermite curves at parts of their depth, (parts, N, 3)."""
    (start, first), (end, last) = faces
    depth, t = (end - start)[:, 2:], part[:, None, None]
    bend = (t - 1) * (first * depth - (end - start)) - t * (last * depth - (end - start))
    return start + t * (end - start) + t * (t - 1) * bend


def _stopping_at(phantom: Phantom, place: Floats) -> Floats:
    """Relative stopping power at places in the room in mm, (...,) of (..., 3)."""
    x, y, z = np.moveaxis(place, -1, 0)
    cos, sin = np.cos(phantom.angle), np.sin(phantom.angle)
    own = (x * cos - z * sin, y, x * sin + z * cos)
    edges = [np.linspace(e[0], e[-1], round((e[-1] - e[0]) / _VOXEL) + 1) for e in phantom.edges]
    at = [(p - e[0]) / (e[1] - e[0]) - 0.5 for p, e in zip(own, edges, strict=True)]
    volume = rsp_image(phantom, (edges[0], edges[1], edges[2]))
    return scipy.ndimage.map_coordinates(volume, at, order=1, mode="grid-constant")


def hit_wepl(hits: Hits, wepl: Floats) -> Float64[Tensor, " hits"]:
    """Returns the expected WEPL in mm of the proton of each hit; NaN for secondaries and noise.

    Arguments:
        hits: Hits with truth.
        wepl: Those of the events 0, 1, ..., as from `expected_wepl`.

    Raises:
        DataError: The hits have no truth.
    """
    truth = hits.known_truth
    own = truth.primary & (truth.event >= 0) & (truth.event < len(wepl))
    return torch.from_numpy(wepl)[truth.event.where(own, 0)].where(own, torch.nan)


def decision_costs(
    graph: HitGraph,
    label: Bool[Tensor, " edges"] | Float[Tensor, " edges"],
    wepl: Float[Tensor, " hits"],
    *,
    sigma: float = WEPL_SIGMA,
    lost: float = LOST_PROTON,
) -> Float[Tensor, " edges"]:
    r"""Returns what a wrong decision about each segment costs.

    It is κ for a true segment that is left out, and :math:`\min(d^2/\sigma^2, \kappa)` for a false
    one that is chosen, less κ where the upstream hit has a true segment: that one is then left out,
    but the proton is not lost. So `regret` is the sum over all wrong decisions. Hits without an
    expected WEPL are of no use: to lose them costs nothing, and to be led to them κ.

    Arguments:
        graph: Candidate segments.
        label: Truth, an assignment itself, such as
            `trackscape.graph_construction.labels.link_labels`.
        wepl: Expected WEPL of the proton of each hit in mm.
        sigma: Standard deviation σ of the WEPL of a right track in mm.
        lost: Cost κ of a proton that is lost.
    """
    downstream, upstream = graph.edge_index
    step = wepl[downstream] - wepl[upstream]
    price = (step / sigma).square().nan_to_num(nan=lost).clamp(max=lost)
    useful = (label > 0) & step.isfinite()
    goes_on = torch.zeros_like(wepl).index_fill(0, upstream[useful], lost)
    return torch.where(label > 0, useful * lost, price - goes_on[upstream])


def regret(
    chosen: Bool[Tensor, " edges"],
    label: Bool[Tensor, " edges"] | Float[Tensor, " edges"],
    cost: Float[Tensor, " edges"],
) -> Float[Tensor, ""]:
    """Returns what chosen segments cost more than the true ones: the sum over wrong decisions.

    Arguments:
        chosen: Segments that were chosen.
        label: True segments.
        cost: Those of `decision_costs`.
    """
    return cost[chosen != (label > 0)].sum()
