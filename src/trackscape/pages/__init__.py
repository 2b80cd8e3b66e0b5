"""Self-contained HTML pages: texts, tables, pictures, and views to turn and zoom."""

from trackscape.pages.page import Page, make_viewer

__all__ = ["Page", "make_viewer"]
