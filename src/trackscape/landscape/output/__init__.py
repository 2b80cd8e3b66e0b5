"""Surfaces -> files, tables, pictures and pages."""

from trackscape.landscape.output.contours import add_contour as add_contour
from trackscape.landscape.output.contours import add_trajectory as add_trajectory
from trackscape.landscape.output.contours import draw_contour as draw_contour
from trackscape.landscape.output.contours import draw_surface as draw_surface
from trackscape.landscape.output.export import surface_fragment as surface_fragment
from trackscape.landscape.output.export import write_csv as write_csv
from trackscape.landscape.output.export import write_surface_html as write_surface_html
from trackscape.landscape.output.export import write_vtk as write_vtk
from trackscape.landscape.output.files import load_surface as load_surface
from trackscape.landscape.output.files import load_trajectory as load_trajectory
from trackscape.landscape.output.files import save_surface as save_surface
from trackscape.landscape.output.plots import add_line as add_line
from trackscape.landscape.output.plots import draw_line as draw_line
from trackscape.pictures import save_figure as save_figure
