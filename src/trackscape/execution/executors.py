"""Who computes: processes of this machine, or of a Ray cluster."""

import contextlib
import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from trackscape.errors import RunError
from trackscape.execution.jobs import RETRIES, Team, WorkerError
from trackscape.memory import keep_freed_memory


class Processes:
    """Processes of this machine, each with a copy of the function and its data.

    They are spawned, so that each imports the main module again: a script must begin its work
    under ``if __name__ == "__main__":``. They end with this process, however it ends.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise RunError(f"Expected at least 1 process, got {workers}; name how many.")
        self.workers = workers

    @contextlib.contextmanager
    def open(self) -> Generator[Team, None, None]:
        """Starts processes as there are calls, and stops them whatever they do."""
        context = _Recording()
        pool = ProcessPoolExecutor(self.workers, context, _begin)
        try:
            yield Team(pool.submit, self.workers + 1)  # one waits, so that nobody else has to
        except BrokenExecutor as error:
            pool.shutdown()  # afterwards all exit codes are known
            # The pool has terminated those that did not die.
            died = [each for each in context.made if each.exitcode not in (0, -signal.SIGTERM)]
            found = (died or context.made)[0]
            raise WorkerError(found.pid, found.exitcode) from error
        finally:
            for process in context.made:
                process.terminate()
            pool.shutdown(cancel_futures=True)


class _Recording(SpawnContext):
    """Keeps the processes that are started; forked ones would miss the threads of this one."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[SpawnProcess] = []

    def Process(self, *args: Any, **settings: Any) -> SpawnProcess:  # type: ignore  # noqa: N802
        self.made.append(SpawnProcess(*args, **settings))
        return self.made[-1]


def _begin() -> None:
    """Prepares a process, which ends with the one that started it even if that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other end decides what an interrupt means
    keep_freed_memory()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class RayCluster:
    """Processes of a Ray cluster, each on one thread; if one dies, another one gets its job.

    All machines need the same version of trackscape, and the modules of the model.

    Arguments:
        workers: Jobs side by side; one for each processor if None.
        address: Address of the cluster, such as ``"auto"`` on one of its machines; if None, that
            which Ray is connected to, or else a new one of this machine, which ends with the work.
        gpus: Share of a GPU for each job; needed if the model is on one.

    Raises:
        RunError: There is no worker or, when it is used, no Ray, or workers die again and again.
    """

    def __init__(
        self, workers: int | None = None, *, address: str | None = None, gpus: float = 0.0
    ) -> None:
        if workers is not None and workers < 1:
            raise RunError(f"Expected at least 1 worker, got {workers}; name how many.")
        self.workers, self.address, self.gpus = workers, address, gpus

    @contextlib.contextmanager
    def open(self) -> Generator[Team, None, None]:
        """Connects to the cluster, and cancels what is not finished at the end."""
        ray = _import_ray()
        with _connection(ray, self.address, self.workers):
            size = self.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
            settings = {"num_cpus": 1, "num_gpus": self.gpus, "max_retries": RETRIES}
            remote = ray.remote(**settings)(_apply)
            calls: dict[Any, Any] = {}

            def submit(*call: Any) -> Future[Any]:
                reference = remote.remote(*call)
                future = reference.future()
                calls[future] = reference
                future.add_done_callback(lambda done: done.cancelled() or calls.pop(done))
                return future

            try:
                yield Team(submit, size, ray.cloudpickle)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from error
            except ray.exceptions.RayError as error:
                raise RunError(
                    "Expected a worker of Ray to finish its job, but its workers died again and "
                    f"again: {error}; use fewer workers if memory ran out. What was done before is "
                    "in the folder, if there is one."
                ) from error
            finally:
                for reference in list(calls.values()):
                    ray.cancel(reference, force=True)


def _apply(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def _import_ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise RunError(
            "Expected the package ray, which is not installed; add it with `pip install ray`, or "
            "use the executor Processes."
        ) from None


@contextlib.contextmanager
def _connection(ray: Any, address: str | None, workers: int | None) -> Generator[None, None, None]:
    """Connects to a cluster, or starts one; ends only what it began."""
    if ray.is_initialized():
        yield
        return
    # Ray would otherwise tell its makers about each cluster.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    here = {} if address else {"num_cpus": workers, "include_dashboard": False}
    ray.init(address=address or "local", log_to_driver=False, logging_level="ERROR", **here)
    try:
        yield
    finally:
        ray.shutdown()
