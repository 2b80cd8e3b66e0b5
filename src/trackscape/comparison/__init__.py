"""Two simulated hit files side by side."""

from trackscape.comparison.compare import FAIL as FAIL
from trackscape.comparison.compare import FileComparison as FileComparison
from trackscape.comparison.compare import compare_files as compare_files
from trackscape.comparison.figure import draw_comparison as draw_comparison
from trackscape.comparison.page import comparison_as_dict as comparison_as_dict
from trackscape.comparison.page import markdown as markdown
from trackscape.comparison.page import print_comparison as print_comparison
from trackscape.comparison.page import summary as summary
from trackscape.comparison.page import write_comparison as write_comparison
