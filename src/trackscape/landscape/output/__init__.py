"""Surfaces -> files, tables, pictures and pages."""

from trackscape.landscape.output.contours import (
    add_contour,
    add_trajectory,
    draw_contour,
    draw_surface,
)
from trackscape.landscape.output.export import (
    surface_fragment,
    write_csv,
    write_surface_html,
    write_vtk,
)
from trackscape.landscape.output.files import load_surface, load_trajectory, save_surface
from trackscape.landscape.output.plots import add_line, draw_line
from trackscape.pictures import save_figure

__all__ = [
    "add_contour",
    "add_line",
    "add_trajectory",
    "draw_contour",
    "draw_line",
    "draw_surface",
    "load_surface",
    "load_trajectory",
    "save_figure",
    "save_surface",
    "surface_fragment",
    "write_csv",
    "write_surface_html",
    "write_vtk",
]
