"""Tracks of a frame -> a picture, and an interactive page."""

from trackscape.display.figure import draw_frame, draw_projections
from trackscape.display.frame import display_frame, viewer_fragment, write_html

__all__ = ["display_frame", "draw_frame", "draw_projections", "viewer_fragment", "write_html"]
