"""Tracks of a frame -> a picture, and an interactive page."""

from trackscape.display.figure import draw_frame as draw_frame
from trackscape.display.figure import draw_projections as draw_projections
from trackscape.display.frame import display_frames as display_frames
from trackscape.display.frame import viewer_fragment as viewer_fragment
from trackscape.display.frame import write_html as write_html
