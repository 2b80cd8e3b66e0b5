"""The units that one layer hands to the next: where they stand, and what may mix them."""

import dataclasses
from typing import Literal

from torch import nn

from trackscape.landscape.connectivity.specification import Slot

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_ELEMENTWISE = (
    nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout,
    nn.CELU, nn.ELU, nn.GELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU,
    nn.LogSigmoid, nn.Mish, nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU, nn.Sigmoid, nn.Softplus,
    nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink, nn.Threshold,
)  # fmt: skip
_POOLINGS = (
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d,
    nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
    nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d,
)  # fmt: skip

Layout = Literal["unknown", "features", "channels", "flattened"]
"""Of the array that the units are in: on its last axis, on one before those of the pixels, or
that with its pixels flattened."""


@dataclasses.dataclass
class Units:
    """Units between two layers with weights; grows while the layers are read, input to output."""

    name: str
    """Path of the layer that they come from."""
    layout: Layout
    size: int = 0
    """Number of units; 0 while unknown."""
    slots: list[Slot] = dataclasses.field(default_factory=list[Slot])
    obstacle: str = ""
    """The first layer that may treat units differently, if there is one."""

    def enter(self, path: str, layer: nn.Module) -> None:
        """Ends in a layer with weights."""
        if isinstance(layer, nn.Linear) and self.layout != "channels":
            self._stand(path, layer, ["weight"], axis=1, entries=layer.in_features)
        elif (
            isinstance(layer, CONVOLUTIONS)
            and layer.groups == 1
            and self.layout in ("unknown", "channels")
        ):
            self._stand(path, layer, ["weight"], axis=1, entries=layer.in_channels)
        else:
            self._stop(path, layer)

    def leave(self, path: str, layer: nn.Module) -> None:
        """Begins in a layer with weights."""
        rows = layer.get_parameter("weight").shape[0]
        self._stand(path, layer, ["weight", "bias"], axis=0, entries=rows)

    def go_through(self, path: str, layer: nn.Module) -> None:
        """Passes a layer that treats all units alike, or notes that it may not."""
        if isinstance(layer, _BATCH_NORMS):
            names = ["weight", "bias", "running_mean", "running_var"]
            self._stand(path, layer, names, axis=0, entries=layer.num_features)
        elif (
            isinstance(layer, nn.LayerNorm)
            and len(layer.normalized_shape) == 1
            and self.layout in ("features", "flattened")
        ):
            entries = layer.normalized_shape[0]
            self._stand(path, layer, ["weight", "bias"], axis=0, entries=entries)
        elif isinstance(layer, nn.Flatten) and (layer.start_dim, layer.end_dim) == (1, -1):
            if self.layout == "channels":
                self.layout = "flattened"
            elif self.layout == "unknown":
                self._stop(path, layer)
        elif not (
            isinstance(layer, _ELEMENTWISE)
            or (isinstance(layer, _POOLINGS) and self.layout == "channels")
        ):
            self._stop(path, layer)

    def _stand(
        self, path: str, layer: nn.Module, names: list[str], *, axis: int, entries: int
    ) -> None:
        self.size = self.size or entries
        block, rest = divmod(entries, self.size)
        if rest or (block != 1 and self.layout != "flattened"):
            self._stop(path, layer)
        for name in names:
            if getattr(layer, name) is not None:
                self.slots.append(Slot(f"{path}.{name}", axis, block=block))

    def _stop(self, path: str, layer: nn.Module) -> None:
        self.obstacle = self.obstacle or f"{path} ({type(layer).__name__})"
