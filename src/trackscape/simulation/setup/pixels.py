"""Where the pixels of a layer are: staves of chips, with dead gaps between them."""

import dataclasses
from typing import Annotated, NamedTuple

import numpy as np
import pydantic
from jaxtyping import Bool, Float, Int64

from trackscape.formats import Positive, Strict

_Count = Annotated[int, pydantic.Field(ge=1, le=100_000)]
_Number = Annotated[int, pydantic.Field(ge=0, le=100_000)]


class DeadChip(NamedTuple):
    """A chip that is off, or a whole stave."""

    layer: int
    stave: int
    chip: int | None = None
    """Chip of the stave; None for all of them."""


@dataclasses.dataclass(frozen=True)
class PixelGrid:
    """Chips of pixels that share the aperture of a layer evenly, centred on the beam axis.

    Chips lie in a stave along x, staves along y; columns of a chip go along x, rows along y, all
    from the lowest coordinate on. What the pixels leave free between chips is dead.

    Example:
        >>> grid = PixelGrid(columns=2, rows=2, pitch=(1, 1), chips=2, staves=1, width=5, height=2)
        >>> grid.position(*(np.array([n]) for n in (0, 1, 0, 1)))
        (array([0.75]), array([0.5]))
    """

    columns: int
    """Columns of a chip."""
    rows: int
    """Rows of a chip."""
    pitch: tuple[float, float]
    """Sides of a pixel along x and y in mm."""
    chips: int
    """Chips of a stave."""
    staves: int
    """Staves of a layer."""
    width: float
    """Extent of the layer along x in mm."""
    height: float
    """Extent of the layer along y in mm."""
    dead: tuple[DeadChip, ...] = ()
    """Chips that are off."""

    def position(
        self,
        stave: Int64[np.ndarray, " n"],
        chip: Int64[np.ndarray, " n"],
        column: Float[np.ndarray, " n"] | Int64[np.ndarray, " n"],
        row: Float[np.ndarray, " n"] | Int64[np.ndarray, " n"],
    ) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Returns x and y in mm of centres of pixels, or of places between them."""
        x = _place(chip, column, self.chips, self.columns, self.width, self.pitch[0])
        y = _place(stave, row, self.staves, self.rows, self.height, self.pitch[1])
        return x, y

    def locate(
        self, x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]
    ) -> tuple[
        Int64[np.ndarray, " n"],
        Int64[np.ndarray, " n"],
        Float[np.ndarray, " n"],
        Float[np.ndarray, " n"],
    ]:
        """Returns stave, chip, column and row of points, the latter two as decimals.

        It is the inverse of `position`. In a gap, or beside the layer, the nearest chip is taken
        and column or row are none that it has.
        """
        chip, column = _locate(x, self.chips, self.columns, self.width, self.pitch[0])
        stave, row = _locate(y, self.staves, self.rows, self.height, self.pitch[1])
        return stave, chip, column, row

    def is_live(
        self,
        layer: Int64[np.ndarray, " n"],
        stave: Int64[np.ndarray, " n"],
        chip: Int64[np.ndarray, " n"],
    ) -> Bool[np.ndarray, " n"]:
        """Returns whether chips are not off."""
        live = np.ones(len(layer), dtype=bool)
        for dead in self.dead:
            live &= ~(
                (layer == dead.layer)
                & (stave == dead.stave)
                & ((chip == dead.chip) | (dead.chip is None))
            )
        return live


def _centre(chip: np.ndarray, chips: int, extent: float) -> np.ndarray:
    return ((chip + 0.5) / chips - 0.5) * extent


def _place(
    chip: np.ndarray, number: np.ndarray, chips: int, numbers: int, extent: float, pitch: float
) -> np.ndarray:
    return _centre(chip, chips, extent) + (number - (numbers - 1) / 2) * pitch


def _locate(
    at: np.ndarray, chips: int, numbers: int, extent: float, pitch: float
) -> tuple[np.ndarray, np.ndarray]:
    chip = np.clip(np.floor((at / extent + 0.5) * chips), 0, chips - 1).astype(np.int64)
    return chip, (numbers - 1) / 2 + (at - _centre(chip, chips, extent)) / pitch


class _DeadSettings(Strict):
    layer: _Number
    stave: _Number
    chip: _Number | None = None


class PixelSettings(Strict):
    """Section `pixels` of the YAML file of a detector."""

    columns: _Count
    rows: _Count
    pitch: tuple[Positive, Positive]
    chips: _Count
    staves: _Count
    dead: list[_DeadSettings] = pydantic.Field(default_factory=list)

    def grid(self, *, width: float, height: float) -> PixelGrid:
        """Returns the grid of a layer of these extents in mm.

        Raises:
            ValueError: The chips do not fit, or a dead one is not there.
        """
        _check_fit("columns", self.columns * self.pitch[0] * self.chips, width)
        _check_fit("rows", self.rows * self.pitch[1] * self.staves, height)
        dead = [DeadChip(each.layer, each.stave, each.chip) for each in self.dead]
        for each in dead:
            if each.stave >= self.staves or (each.chip or 0) >= self.chips:
                raise ValueError(
                    f"expected dead chips among {self.staves} staves of {self.chips} chips, "
                    f"counted from 0, got stave {each.stave}, chip {each.chip}"
                )
        same = self.model_dump(include={"columns", "rows", "pitch", "chips", "staves"})
        return PixelGrid(**same, width=width, height=height, dead=tuple(dead))


def _check_fit(what: str, taken: float, extent: float) -> None:
    if taken > extent + 1e-9:
        raise ValueError(
            f"expected {what} of chips that fit into {extent:g} mm, but they take {taken:g} mm; "
            "make the pitch smaller or the detector larger"
        )
