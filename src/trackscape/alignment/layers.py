"""`LayerAlignment`: where layers are, and hits moved to where a perfect detector has them."""

import dataclasses

import numpy as np
import torch

from trackscape.compiled import Floats
from trackscape.data import Hits
from trackscape.errors import DataError
from trackscape.units import mm

WEAK_MODES = (
    "common shift in x",
    "common shift in y",
    "shear in x, proportional to z",
    "shear in y, proportional to z",
    "common rotation about z",
    "twist about z, proportional to z",
)
"""Displacements that bend no track; the twist bends those that lean, but little. As no track tells
them, what is fitted has none of them."""
LARGEST_DEPTH_ERROR = 2.5 * mm
"""Difference of the mean depths of a layer from which on it is that of another detector."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LayerAlignment:
    """Displacement of each layer in its plane. Axes: L layers, all from layer 0 on.

    A proton that crosses a layer at p is seen at R p + s: rotated about the z axis of the detector,
    from x to y, and then shifted. Other shapes and numbers that are not finite are a DataError.

    Example:
        >>> perfect = no_alignment(np.array([225.2, 277.6]))
        >>> perfect.n_layers, perfect.unfitted
        (2, [0, 1])
    """

    depth: Floats
    """Mean z in mm of the hits of each layer, (L,)."""
    shift: Floats
    """Shift s in x and y in mm, (L, 2)."""
    rotation: Floats
    """Angle in rad of the rotation R, (L,)."""
    shift_error: Floats
    """Standard error of each shift in mm, (L, 2); 0 where the layer is not fitted."""
    rotation_error: Floats
    """Standard error of each rotation in rad, (L,); 0 where the layer is not fitted."""
    fitted: np.ndarray
    """Whether enough protons crossed the layer to say where it is, (L,); others stay at 0."""

    def __post_init__(self) -> None:
        n_layers = len(self.depth)
        for name, width in _SHAPES.items():
            value = getattr(self, name)
            shape = (n_layers, *width)
            if value.shape != shape:
                raise DataError(
                    f"Expected LayerAlignment.{name} of shape {shape}, for {n_layers} layers, got "
                    f"{value.shape}; give one for each layer."
                )
            if not np.isfinite(value).all():
                raise DataError(
                    f"Expected finite numbers in LayerAlignment.{name}, got others; fit it again."
                )

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.depth)

    @property
    def unfitted(self) -> list[int]:
        """Layers with too few protons to say where they are."""
        return np.flatnonzero(~self.fitted).tolist()


_SHAPES = {
    "depth": (),
    "shift": (2,),
    "rotation": (),
    "shift_error": (2,),
    "rotation_error": (),
    "fitted": (),
}


def no_alignment(depth: Floats) -> LayerAlignment:
    """Returns the alignment of a perfect detector whose layers lie at depths (L,) in mm."""
    n = len(depth)
    return LayerAlignment(
        depth=depth,
        shift=np.zeros((n, 2)),
        rotation=np.zeros(n),
        shift_error=np.zeros((n, 2)),
        rotation_error=np.zeros(n),
        fitted=np.zeros(n, dtype=bool),
    )


def displacements(alignment: LayerAlignment) -> Floats:
    """Returns shifts in x in mm, then those in y, then rotations in rad, (3, L)."""
    return np.concatenate([alignment.shift.T, alignment.rotation[None]])


def displaced_further(alignment: LayerAlignment, more: Floats) -> LayerAlignment:
    """Returns the alignment of layers that show aligned hits still displaced by `more`, (3, L)."""
    shift = np.stack(_rotated(more[0], more[1], alignment.rotation), axis=1)
    return dataclasses.replace(
        alignment, shift=alignment.shift + shift, rotation=alignment.rotation + more[2]
    )


def align_hits(hits: Hits, alignment: LayerAlignment) -> Hits:
    """Returns hits where a perfect detector would have seen them: R⁻¹ (p - s).

    Layers behind those of the alignment stay as they are; the depths z do not change.

    Raises:
        DataError: The layers of the hits do not lie at the depths of those of the alignment.
    """
    _check_depths(hits, alignment)
    x, y = _across(hits) - _of_layers(hits, alignment.shift).T
    return _moved(hits, x, y, -_of_layers(hits, alignment.rotation))


def displace_hits(hits: Hits, alignment: LayerAlignment) -> Hits:
    """Returns what a detector that is displaced so sees of hits: R p + s, undone by `align_hits`.

    Raises:
        DataError: The layers of the hits do not lie at the depths of those of the alignment.
    """
    _check_depths(hits, alignment)
    x, y = _across(hits)
    x, y = _rotated(x, y, _of_layers(hits, alignment.rotation))
    shift_x, shift_y = _of_layers(hits, alignment.shift).T
    return _moved(hits, x + shift_x, y + shift_y, np.zeros(1))


def _across(hits: Hits) -> Floats:
    return hits.position[:, :2].detach().cpu().double().numpy().T


def _of_layers(hits: Hits, values: Floats) -> Floats:
    """Value of the layer of each hit, 0 behind the last one."""
    beyond = np.zeros((1, *values.shape[1:]))
    layer = hits.layer.cpu().clamp(max=len(values)).numpy()
    return np.concatenate([values, beyond])[layer]


def _moved(hits: Hits, x: Floats, y: Floats, angle: Floats) -> Hits:
    """The hits at x and y, rotated by an angle."""
    across = np.stack(_rotated(x, y, angle), axis=1)
    position = hits.position.clone()
    position[:, :2] = torch.from_numpy(across).to(position)
    return dataclasses.replace(hits, position=position)


def _rotated(x: Floats, y: Floats, angle: Floats) -> tuple[Floats, Floats]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return cosine * x - sine * y, sine * x + cosine * y


def _check_depths(hits: Hits, alignment: LayerAlignment) -> None:
    depth = mean_depths(hits)[: alignment.n_layers]
    far = np.abs(depth - alignment.depth[: len(depth)]) > LARGEST_DEPTH_ERROR
    if far.any():
        layer = int(np.argmax(far))
        raise DataError(
            f"Expected hits of the detector that the alignment is of, with layer {layer} at z = "
            f"{alignment.depth[layer]:.1f} mm, got hits of that layer at {depth[layer]:.1f} mm; "
            "name the alignment of this detector."
        )


def mean_depths(hits: Hits) -> Floats:
    """Returns the mean z in mm of the hits of each layer, NaN for one without hits, (L,)."""
    layer, z = hits.layer.cpu().numpy(), hits.position[:, 2].detach().cpu().double().numpy()
    with np.errstate(invalid="ignore"):
        return np.bincount(layer, z) / np.bincount(layer)
