"""The paper's interaction networks, and the compiled kernels of the one on line graphs."""

from trackscape.scoring.line_graph.network import object_block as object_block
from trackscape.scoring.line_graph.network import relational_block as relational_block
