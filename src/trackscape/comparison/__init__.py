"""Two simulated hit files side by side."""

from trackscape.comparison.compare import FileComparison as FileComparison
from trackscape.comparison.compare import compare_files as compare_files
from trackscape.comparison.page import print_comparison as print_comparison
from trackscape.comparison.page import write_comparison as write_comparison

__all__ = ["FileComparison", "compare_files", "print_comparison", "write_comparison"]
