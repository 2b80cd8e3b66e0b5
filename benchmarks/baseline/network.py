"""Line graph -> logits of its nodes."""

import torch
from torch import Tensor, nn

from benchmarks.baseline.graph import LineGraph
from trackscape.scoring.line_graph import object_block, relational_block


class PlainNetwork(nn.Module):
    """The published layers, with the names and shapes of `LineGraphNetwork`'s weights."""

    def __init__(self) -> None:
        super().__init__()
        self.R1 = relational_block(inputs=2 * 8 + 128, hidden=16, outputs=16)
        self.O = object_block(inputs=8 + 16, hidden=16, outputs=16)
        self.R2 = relational_block(inputs=16, hidden=16, outputs=1)

    def forward(self, lines: LineGraph) -> Tensor:
        """Returns logits (E,), from a row of 144 numbers for each message."""
        x, (source, target) = lines.x, lines.edge_index
        message = self.R1(torch.cat([x[target], x[source], lines.edge_attr], dim=1))
        index = target[:, None].expand_as(message)
        strongest = x.new_zeros(len(x), message.shape[1])
        strongest = strongest.scatter_reduce(0, index, message, "amax", include_self=False)
        return self.R2(self.O(torch.cat([x, strongest], dim=1)))[:, 0]
