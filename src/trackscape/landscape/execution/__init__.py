"""Work -> rows: the same numbers whoever computes them, and however often they are interrupted.

`carry_out` asks an executor for the rows of all items that its folder does not have yet: `Serial`
(this process), `Processes` (this machine), `RayCluster` (many machines, with Ray) or `FileQueue`
(many machines that share a folder, without any server).
"""

from trackscape.landscape.execution.cluster import RayCluster as RayCluster
from trackscape.landscape.execution.processes import Processes as Processes
from trackscape.landscape.execution.queue import FileQueue as FileQueue
from trackscape.landscape.execution.running import carry_out as carry_out
from trackscape.landscape.execution.serial import Serial as Serial
from trackscape.landscape.execution.work import Executor as Executor
from trackscape.landscape.execution.work import Work as Work
