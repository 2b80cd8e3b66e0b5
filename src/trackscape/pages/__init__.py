"""Self-contained HTML pages: texts, tables, pictures, and views to turn and zoom."""

from trackscape.pages.page import Page as Page
from trackscape.pages.page import make_viewer as make_viewer
