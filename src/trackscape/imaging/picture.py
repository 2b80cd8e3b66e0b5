"""An image -> a picture of its slices."""

from typing import TYPE_CHECKING

from trackscape.imaging.image import Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

BLACK, WHITE = 0.0, 2.0
"""Relative stopping powers that are drawn black and white: air and a little more than Teflon."""
_MOST = 12


def draw_image(image: Image, title: str = "") -> "Figure":
    """Draws the slices of an image side by side, with a scale; twelve of them if there are more."""
    from matplotlib.figure import Figure

    n = image.value.shape[1]
    chosen = range(n) if n <= _MOST else [step * n // _MOST for step in range(_MOST)]
    columns = min(len(chosen), 4)
    rows = -(-len(chosen) // columns)
    figure = Figure(figsize=(1 + 4.5 * columns, 4.2 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    drawn: list[AxesImage] = []
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, number in zip(axes.flat, chosen, strict=False):
        axis.set_axis_on()
        drawn.append(draw_slice(axis, image, number))
        if n > 1:
            axis.set_title(f"y = {image.axis(1)[number]:.4g} mm")
    figure.colorbar(drawn[0], ax=axes, label="relative stopping power", shrink=0.8)
    figure.suptitle(title)
    return figure


def draw_slice(axes: "Axes", image: Image, number: int = 0) -> "AxesImage":
    """Draws one slice: x to the right, z upwards, in mm."""
    x, z = image.axis(0), image.axis(2)
    half_x, half_z = image.spacing[0] / 2, image.spacing[2] / 2
    axes.set(xlabel="x / mm", ylabel="z / mm")
    return axes.imshow(
        image.value[:, number].T,
        origin="lower",
        extent=(x[0] - half_x, x[-1] + half_x, z[0] - half_z, z[-1] + half_z),
        vmin=BLACK,
        vmax=WHITE,
        cmap="gray",
    )
