"""Surfaces -> files, tables, pictures and pages."""

from trackscape.landscape.output.export import write_csv as write_csv
from trackscape.landscape.output.export import write_vtk as write_vtk
from trackscape.landscape.output.files import load_surface as load_surface
from trackscape.landscape.output.files import load_trajectory as load_trajectory
from trackscape.landscape.output.files import save_surface as save_surface
from trackscape.landscape.output.html import surface_fragment as surface_fragment
from trackscape.landscape.output.html import write_surface_html as write_surface_html
from trackscape.landscape.output.plots import add_contour as add_contour
from trackscape.landscape.output.plots import add_line as add_line
from trackscape.landscape.output.plots import add_trajectory as add_trajectory
from trackscape.landscape.output.plots import draw_contour as draw_contour
from trackscape.landscape.output.plots import draw_line as draw_line
from trackscape.landscape.output.plots import draw_surface as draw_surface
from trackscape.pictures import save_figure as save_figure

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
