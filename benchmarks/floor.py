"""Size of a frame and a machine -> the time that no implementation of a stage can do without.

Only what the published method cannot avoid is counted, at the speeds of a large matrix product and
of a large copy, so that a stage at ten times its floor may still be a good one.
"""

from benchmarks.cases import Size
from benchmarks.machine import Machine
from benchmarks.stages import ASSIGNMENT, ASSIGNMENT_AND_BACK, NETWORK, PAT, PTT, WHOLE

HIDDEN = 16
FORWARD = 2 * HIDDEN * HIDDEN + 5 * HIDDEN
"""Multiply-adds of a message: two layers of 16 x 16; before them a sum of what the segments and the
angle, between the four rows of a table, contribute."""
BACKWARD_TOO = 8 * HIDDEN * HIDDEN
"""Forward, gradient of the inputs and gradient of the weights."""
EDGE_BYTES = 16
"""Two numbers of hits, written."""
COST_BYTES = 12
"""A cost and the number of a hit, read."""

WHY = {
    "hit graph": f"{EDGE_BYTES} bytes an edge",
    NETWORK: f"{FORWARD} multiply-adds a line-graph edge",
    ASSIGNMENT: f"{COST_BYTES} bytes an edge",
    ASSIGNMENT_AND_BACK: f"twice {COST_BYTES} bytes an edge",
    WHOLE: "hit graph, network and assignment",
    PTT: f"hit graph, {BACKWARD_TOO} multiply-adds a line-graph edge",
    PAT: "the same, and assignment and its gradient",
}


def floors(size: Size, machine: Machine) -> dict[str, float]:
    """Returns milliseconds of each stage."""
    graph = 1e3 * EDGE_BYTES * size.edges / machine.bandwidth
    network = 1e3 * FORWARD * size.line_graph_edges / machine.multiply_adds
    training = 1e3 * BACKWARD_TOO * size.line_graph_edges / machine.multiply_adds
    assignment = 1e3 * COST_BYTES * size.edges / machine.bandwidth
    return {
        "hit graph": graph,
        NETWORK: network,
        ASSIGNMENT: assignment,
        ASSIGNMENT_AND_BACK: 2 * assignment,
        WHOLE: graph + network + assignment,
        PTT: graph + training,
        PAT: graph + training + 2 * assignment,
    }
