"""Two simulated hit files side by side."""

from trackscape.comparison.compare import FAIL, FileComparison, compare_files
from trackscape.comparison.figure import draw_comparison
from trackscape.comparison.page import markdown, print_comparison, summary, write_comparison

__all__ = [
    "FAIL",
    "FileComparison",
    "compare_files",
    "draw_comparison",
    "markdown",
    "print_comparison",
    "summary",
    "write_comparison",
]
