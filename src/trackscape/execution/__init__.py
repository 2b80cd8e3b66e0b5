"""Independent jobs -> results, the same whoever computes them and whatever was killed meanwhile.

`run_jobs` calls a function for each of some jobs, here or on an executor: `Processes` (this
machine), `RayCluster` (many machines), or any `concurrent.futures.Executor`. `compute_array` does
so for the rows of an array, and keeps them in a folder; there, a `FileQueue` (many machines that
share a folder, without any server) is an executor as well.
"""

from trackscape.execution.arrays import ArrayJob, Executor, FileQueue, compute_array
from trackscape.execution.executors import Processes, RayCluster
from trackscape.execution.jobs import WorkerError, run_jobs

__all__ = [
    "ArrayJob",
    "Executor",
    "FileQueue",
    "Processes",
    "RayCluster",
    "WorkerError",
    "compute_array",
    "run_jobs",
]
