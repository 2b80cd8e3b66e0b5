"""Alignment <-> YAML, with units in the names of its keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pydantic
import yaml

from trackscape.alignment.layers import WEAK_MODES, LayerAlignment
from trackscape.errors import ConfigError
from trackscape.files import replacing
from trackscape.formats.settings import Count, Strict, read_settings
from trackscape.units import mrad, um

_FORMAT = "trackscape alignment 1"
_HEAD = """\
# Displacement of each layer: a proton that crosses it at p is seen at R p + s, rotated about the z
# axis of the detector and then shifted. Errors are standard errors; layers that are not fitted, for
# want of protons, stay at 0. No track tells the weak modes; they are 0 in what is fitted.
"""


class _Layer(Strict):
    layer: int = pydantic.Field(ge=0)
    depth_mm: float
    fitted: bool
    shift_x_mm: float
    shift_y_mm: float
    rotation_mrad: float
    shift_x_error_um: float = pydantic.Field(ge=0)
    shift_y_error_um: float = pydantic.Field(ge=0)
    rotation_error_mrad: float = pydantic.Field(ge=0)


class _Settings(Strict):
    format: Literal["trackscape alignment 1"]
    detector_layers: Count
    weak_modes: list[str]
    layers: list[_Layer]


def write_alignment(alignment: LayerAlignment, path: Path | str) -> None:
    """Writes an alignment as YAML, the whole file or none.

    Raises:
        FormatError: The file cannot be written there.
    """
    content = {
        "format": _FORMAT,
        "detector_layers": alignment.n_layers,
        "weak_modes": list(WEAK_MODES),
    }
    text = yaml.safe_dump(content, sort_keys=False) + "layers:\n"
    with replacing(path) as partial:
        partial.write_text(_HEAD + text + "".join(_lines(alignment)), encoding="utf-8")


def _lines(alignment: LayerAlignment) -> Iterator[str]:
    for layer in range(alignment.n_layers):
        error_x, error_y = alignment.shift_error[layer] / um
        yield (
            f"- {{layer: {layer}, depth_mm: {alignment.depth[layer]:.4f}, "
            f"fitted: {str(bool(alignment.fitted[layer])).lower()}, "
            f"shift_x_mm: {alignment.shift[layer, 0]:.6f}, "
            f"shift_y_mm: {alignment.shift[layer, 1]:.6f}, "
            f"rotation_mrad: {alignment.rotation[layer] / mrad:.5f}, "
            f"shift_x_error_um: {error_x:.2f}, shift_y_error_um: {error_y:.2f}, "
            f"rotation_error_mrad: {alignment.rotation_error[layer] / mrad:.4f}}}\n"
        )


def read_alignment(path: Path | str) -> LayerAlignment:
    """Reads an alignment that `write_alignment` wrote, or that was written by hand.

    Raises:
        ConfigError: The file is no YAML, a key is unknown, missing or out of range, or the layers
            are not those from 0 on.
    """
    path = Path(path)
    found = read_settings(path, _Settings, described_in="`trackscape align`")
    layers = found.layers
    if [each.layer for each in layers] != list(range(found.detector_layers)):
        raise ConfigError(
            f"{path}: expected the layers 0 to {found.detector_layers - 1} in their order, one "
            f"entry for each, got {len(layers)} other entries; mend `layers` or `detector_layers`."
        )
    return LayerAlignment(
        depth=np.array([each.depth_mm for each in layers]),
        shift=np.array([[each.shift_x_mm, each.shift_y_mm] for each in layers]),
        rotation=np.array([each.rotation_mrad for each in layers]) * mrad,
        shift_error=np.array([[each.shift_x_error_um, each.shift_y_error_um] for each in layers])
        * um,
        rotation_error=np.array([each.rotation_error_mrad for each in layers]) * mrad,
        fitted=np.array([each.fitted for each in layers]),
    )
