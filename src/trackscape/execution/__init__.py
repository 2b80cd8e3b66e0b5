"""Independent jobs -> results, the same whoever computes them and whatever was killed meanwhile.

`run_jobs` calls a function for each of some jobs, here or on an executor: `Processes` (this
machine), `RayCluster` (many machines), or any `concurrent.futures.Executor`. `compute_array` does
so for the rows of an array, and keeps them in a folder; there, a `FileQueue` (many machines that
share a folder, without any server) is an executor as well.
"""

from trackscape.execution.arrays import ArrayJob as ArrayJob
from trackscape.execution.arrays import Executor as Executor
from trackscape.execution.arrays import FileQueue as FileQueue
from trackscape.execution.arrays import compute_array as compute_array
from trackscape.execution.executors import Processes as Processes
from trackscape.execution.executors import RayCluster as RayCluster
from trackscape.execution.jobs import WorkerError as WorkerError
from trackscape.execution.jobs import Workers as Workers
from trackscape.execution.jobs import run_jobs as run_jobs
