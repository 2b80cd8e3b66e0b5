"""Pictures show the values where they are, and equal surfaces give equal files."""

import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from trackscape.errors import LandscapeError
from trackscape.landscape.output import (
    add_contour,
    add_line,
    draw_contour,
    draw_line,
    draw_surface,
    save_figure,
)
from trackscape.landscape.points import bezier
from trackscape.landscape.surface import Surface


def axes_of_new_figure():
    figure = Figure(figsize=(2, 2))
    return figure, figure.add_axes((0, 0, 1, 1))


def pixels(figure: Figure) -> np.ndarray:
    content = io.BytesIO()
    figure.savefig(content, format="rgba", dpi=50)
    return np.frombuffer(content.getvalue(), np.uint8).reshape(100, 100, 4)[::-1, :, :3]


def is_grey(pixel: np.ndarray) -> bool:
    return int(pixel.max()) - int(pixel.min()) < 5


def test_equal_surfaces_give_equal_files(tmp_path, surface, route):
    for name in "ab":
        figure = draw_contour(surface(), None, tmp_path / f"{name}.svg", trajectory=route)
        for suffix in ("png", "pdf"):
            save_figure(figure, tmp_path / f"{name}.{suffix}")
    for suffix, start in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")):
        content = (tmp_path / f"a.{suffix}").read_bytes()
        assert content == (tmp_path / f"b.{suffix}").read_bytes()
        assert content.startswith(start)
        assert b"Matplotlib" not in content


def test_the_case_of_a_suffix_does_not_matter(tmp_path):
    for name in ("a.PDF", "a.Png"):
        save_figure(Figure(), tmp_path / name)
    assert (tmp_path / "a.PDF").read_bytes().startswith(b"%PDF")


def test_an_unknown_suffix_is_refused(tmp_path):
    for name in ("picture.bmp", "picture"):
        with pytest.raises(LandscapeError, match=r"ends with \.png, \.pdf, \.svg"):
            save_figure(Figure(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_values_lie_where_their_coordinates_say(surface):
    # A slope along the first direction only: dark on the left, light on the right.
    tilted = surface(6, 4)
    tilted.values[:] = tilted.points.coordinates.numpy()[:, :1, None]
    figure, axes = axes_of_new_figure()
    add_contour(axes, tilted)
    axes.set_axis_off()
    shown = pixels(figure).astype(int)
    assert (np.diff(shown[20, [5, 30, 70, 95], 1]) > 20).all()
    assert np.abs(np.diff(shown[[5, 30, 70, 95], 30, 1])).max() < 5


def test_no_number_is_hatched_grey_not_filled(surface):
    holed = surface(9, 9)
    corner = (holed.points.coordinates.numpy() > 0.4).all(axis=1)
    holed.values[corner, 0, 0] = np.nan
    figure, axes = axes_of_new_figure()
    add_contour(axes, holed)
    axes.patch.set_hatch(None)
    shown = pixels(figure)
    assert is_grey(shown[85, 85])
    assert not is_grey(shown[15, 85])
    assert not is_grey(shown[85, 15])
    assert np.isnan(holed.values[corner, 0, 0]).all()


def texts(figure: Figure) -> str:
    parts = [axes.get_xlabel() + axes.get_ylabel() for axes in figure.axes]
    parts += [axes.get_title() for axes in figure.axes]
    parts += [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return "|".join(parts)


def test_the_picture_says_what_it_shows(surface, route):
    holed = surface()
    holed.values[0, 0, 0] = np.inf
    found = texts(draw_contour(holed, trajectory=route))
    for part in (
        "axis 1",
        "axis 2",
        "loss, mean of 6 batches",
        "distance of checkpoints to the plane",
        "centre",
        "no number",
        "within 2 standard errors of the minimum",
        "(1 of 3 outside)",
    ):
        assert part in found
    plain = texts(draw_contour(surface(n_batches=1), "errors"))
    assert "errors" in plain.split("|")
    for part in ("no number", "standard errors", "training"):
        assert part not in plain


def test_a_surface_that_is_all_noise_says_so(surface):
    noise = surface()
    number = np.arange(20.0)[:, None]
    noise.values[:, :, 0] = 1 + 1e-3 * number + number * (-1) ** np.arange(6)
    assert "all is within 2 standard errors" in texts(draw_contour(noise))


@pytest.mark.parametrize("height", [0.0, -3.0, 1e-300])
def test_flat_surfaces_can_be_drawn(surface, height):
    flat = surface()
    flat.values[:] = height
    draw_contour(flat)
    figure, axes = axes_of_new_figure()
    add_contour(axes, flat)
    assert len(np.unique(pixels(figure)[5:40, 5:40].reshape(-1, 3), axis=0)) == 1


def test_steep_surfaces_and_shared_scales_can_be_drawn(surface):
    steep = surface()
    steep.values[:] = np.exp(100 * (steep.values - 1))
    draw_contour(steep).draw_without_rendering()
    draw_surface(steep).draw_without_rendering()
    _, axes = axes_of_new_figure()
    filled = add_contour(axes, steep, limits=(1.0, 5.0), logarithmic=False)
    assert (filled.levels[0], filled.levels[-1]) == (1.0, 5.0)


def test_scales_follow_the_span_or_the_wish(surface):
    wide = surface()
    wide.values[:] = np.exp(3 * wide.values)
    for wish, logarithmic in ((None, True), (True, True), (False, False)):
        _, axes = axes_of_new_figure()
        levels = add_contour(axes, wide, logarithmic=wish).levels
        steps = np.diff(np.log(levels) if logarithmic else levels)
        assert np.ptp(steps) < 1e-9 * steps.max()


def test_perspective_shows_holes_and_plain_numbers(tmp_path, surface):
    holed = surface()
    holed.values[:] = np.exp(3 * holed.values)
    holed.values[0, 0, 0] = np.nan
    figure = draw_surface(holed, None, tmp_path / "relief.png")
    assert (tmp_path / "relief.png").stat().st_size > 1000
    figure.draw_without_rendering()
    labels = [label.get_text() for label in figure.axes[0].get_zticklabels()]
    assert all(float(label) > 0 for label in labels)


def test_a_line_has_a_band_of_two_standard_errors(surface):
    along = surface(7)
    along.values[3, 0, 0] = np.nan
    _, axes = axes_of_new_figure()
    add_line(axes, along)
    x, y = axes.lines[0].get_data()
    assert np.array_equal(x, along.points.coordinates[:, 0].numpy())
    assert np.array_equal(y, along.mean(), equal_nan=True)
    band = np.concatenate([path.vertices for path in axes.collections[0].get_paths()])
    height = np.ptp(band[band[:, 0] == x[0], 1])
    assert height == pytest.approx(4 * along.standard_error()[0])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("axis 1", "loss")


def test_a_curve_is_drawn_over_the_share_of_its_way(tmp_path, surface):
    control = [surface().points[number] for number in (0, 3, 9)]
    points = bezier(control, steps=5)
    values = np.exp(np.arange(5.0))[:, None, None]
    found = Surface(points=points, names=("a",), values=values, weights=np.ones(1), about={})
    figure = draw_line(found, None, tmp_path / "line.svg")
    axes = figure.axes[0]
    assert axes.get_xlabel() == "share of the way, t"
    assert axes.lines[0].get_xdata().tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert axes.get_yscale() == "log"
    assert axes.get_legend() is None  # one batch, no error
    with pytest.raises(LandscapeError, match="draw_contour"):
        draw_line(surface())
