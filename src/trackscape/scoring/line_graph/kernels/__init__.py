"""A second implementation of the line graph's messages, compiled for the CPU and much faster."""

from trackscape.scoring.line_graph.kernels.messages import strongest_messages as strongest_messages
from trackscape.scoring.line_graph.kernels.vectors import ROW_WIDTH as ROW_WIDTH
