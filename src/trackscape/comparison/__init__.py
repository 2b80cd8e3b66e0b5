"""Two simulated hit files side by side."""

from trackscape.comparison.compare import compare_files as compare_files
from trackscape.comparison.compare import write_comparison as write_comparison
from trackscape.comparison.page import print_comparison as print_comparison

__all__ = ["compare_files", "print_comparison", "write_comparison"]
