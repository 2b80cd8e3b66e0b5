"""Function + jobs -> results, computed side by side by executors of `concurrent.futures`.

The function is sent to each worker once, so it may keep what it has loaded. Each worker computes on
one thread: sums of several threads depend on their number, and one is faster, too.
"""

import concurrent.futures
import contextlib
import hashlib
import itertools
import os
import pickle
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from trackscape.errors import RunError

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
RETRIES = 3  # how often in a row workers may die before that is an error


class Team(NamedTuple):
    """Workers that were started."""

    submit: Callable[..., "Future[Any]"]
    """Has a worker call a function, as that of an executor does."""
    size: int
    """Calls that are under way or wait for a worker."""
    pickler: Any = pickle
    """Module that pickles functions for them."""


class Workers(Protocol):
    """An executor that starts workers when there are jobs, and stops them after the last one."""

    def open(self) -> contextlib.AbstractContextManager[Team]:
        """Starts workers."""
        ...


class WorkerError(RunError):
    """A process that ended in the midst of a job."""

    def __init__(self, process: int | None, status: int | None) -> None:
        self.process, self.status = process, status
        super().__init__(
            f"Expected a worker to finish its job, but it died (exit code {status}); use fewer "
            "workers if memory ran out, and if this is a script, begin its work under `if __name__ "
            '== "__main__":`. What was done before is in the folder, if there is one.'
        )


def run_jobs(
    function: Callable[[_Job], _Result],
    jobs: Iterable[_Job],
    executor: Workers | concurrent.futures.Executor | None = None,
    *,
    retries: int = RETRIES,
) -> Generator[tuple[_Job, _Result], None, None]:
    """Yields each job with its result, as they are finished, in any order.

    An error in a job comes back as it was raised, and ends the others. Jobs of a worker that died
    are given to new ones. Closing the generator stops all workers.

    Arguments:
        function: What is called; picklable, as are the jobs, if other processes call it.
        jobs: What it is called with; taken from an iterator as workers are free.
        executor: Who calls it: `Processes`, `RayCluster`, any executor of `concurrent.futures`
            whose workers are processes; this process, in order, if None.
        retries: How often in a row workers may die.

    Raises:
        RunError: Function or jobs cannot be sent to a worker, or workers die again and again.
    """
    if executor is None:
        with one_thread():
            for job in jobs:
                yield job, function(job)
        return
    left, deaths = _Jobs(jobs), 0
    lent = isinstance(executor, concurrent.futures.Executor)
    while left:
        before = left.taken
        try:
            with _lend(executor) if lent else executor.open() as team:
                yield from _share_out(team, function, left)
        except WorkerError:
            deaths = 1 if left.taken > before else deaths + 1
            if deaths > retries:
                raise


class _Jobs(Generic[_Job]):
    """Jobs that nobody has finished; new ones are made when a worker is free."""

    def __init__(self, jobs: Iterable[_Job]) -> None:
        self._source, self._given_back = iter(jobs), deque[_Job]()
        self.taken = 0
        """Jobs that were taken and not given back."""

    def __bool__(self) -> bool:
        if not self._given_back:
            self._given_back.extend(itertools.islice(self._source, 1))
        return bool(self._given_back)

    def take(self) -> _Job:
        """Returns the next job."""
        self.taken += 1
        return self._given_back.popleft()

    def give_back(self, jobs: Iterable[_Job]) -> None:
        """Takes back jobs that were not finished."""
        returned = list(jobs)
        self.taken -= len(returned)
        self._given_back.extendleft(reversed(returned))


def _share_out(
    team: Team, function: Callable[[_Job], _Result], left: _Jobs[_Job]
) -> Generator[tuple[_Job, _Result], None, None]:
    """Yields jobs with results; those that are not finished stay in `left`."""
    packed = _pack(function, team.pickler)
    key = hashlib.sha256(packed).hexdigest()
    busy: dict[Future[Any], _Job] = {}
    lacking = team.size  # workers that have yet to get the function
    try:
        while busy or left:
            while len(busy) < team.size and left:
                job = left.take()
                try:
                    future = team.submit(_call, key, packed if lacking > 0 else None, job)
                except BaseException:
                    left.give_back([job])
                    raise
                busy[future] = job
                lacking -= 1
            for future in concurrent.futures.wait(busy, return_when=FIRST_COMPLETED).done:
                found = future.result()
                job = busy.pop(future)
                if found is None:
                    left.give_back([job])
                    lacking = max(lacking, 0) + 1
                else:
                    yield job, found[0]
    finally:
        left.give_back(busy.values())
        for future in busy:
            future.cancel()


@contextlib.contextmanager
def _lend(executor: concurrent.futures.Executor) -> Generator[Team, None, None]:
    """Uses an executor of somebody else, of which is known only how to submit a call."""
    size = getattr(executor, "_max_workers", None) or os.cpu_count() or 1
    try:
        yield Team(executor.submit, size)
    except BrokenExecutor as error:
        raise RunError(
            f"Expected workers of {type(executor).__name__} to finish their jobs, but: {error} "
            "Make a new executor, with fewer workers if memory ran out."
        ) from error


def _pack(function: Callable[[Any], Any], pickler: Any) -> bytes:
    """Returns bytes from which a worker makes a function; they never go to a disk."""
    try:
        return pickler.dumps((function, _torch_settings()))
    except Exception as error:  # whatever a module's own __getstate__ does
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise RunError(
            f"Expected work that can be sent to other processes, but pickle says: {reason}. Define "
            "objectives and modules at the top of a module, not as lambda or inside a function, "
            "and keep open files out of batches; or use this process only, without an executor."
        ) from error


# In a worker: the function that it was sent last, by the digest of its bytes. Functions know
# nothing of threads, of which other executors may have several in a process.
_functions: dict[str, Callable[[Any], Any]] = {}
_ALONE = threading.Lock()


def _call(key: str, packed: bytes | None, job: Any) -> tuple[Any] | None:
    """Returns the result of a job, in a tuple; None if this worker has yet to get the function."""
    try:
        with _ALONE:
            if key not in _functions:
                if packed is None:
                    return None
                _functions.clear()
                _functions[key] = _unpack(packed)
            return (_functions[key](job),)
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # some errors cannot be made again from their message
            raise RuntimeError(f"{type(error).__name__}: {error}") from error
        raise


def _unpack(packed: bytes) -> Callable[[Any], Any]:
    try:
        function, settings = pickle.loads(packed)
    except (AttributeError, ImportError) as error:
        raise RunError(
            f"Expected work that another process can load, but there: {error}. Define "
            "objectives and modules in a file that can be imported there, not in a notebook or "
            "at a prompt."
        ) from error
    _set_torch(settings)
    return function


@contextlib.contextmanager
def one_thread() -> Generator[None, None, None]:
    """Lets PyTorch, if it is in use, compute on one thread meanwhile."""
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else 1
    try:
        if torch:
            torch.set_num_threads(1)
        yield
    finally:
        if torch:
            torch.set_num_threads(threads)


def _torch_settings() -> dict[str, Any]:
    """What numbers depend on in PyTorch; nothing if it is not in use."""
    torch = sys.modules.get("torch")
    if torch is None:
        return {}
    return {
        "dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "device": str(torch.get_default_device()),
        "products": torch.get_float32_matmul_precision(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


def _set_torch(settings: dict[str, Any]) -> None:
    torch = sys.modules.get("torch")
    if torch:
        torch.set_num_threads(1)
    if torch and settings:
        torch.set_default_dtype(getattr(torch, settings["dtype"]))
        torch.set_float32_matmul_precision(settings["products"])
        torch.use_deterministic_algorithms(settings["deterministic"])
        if settings["device"] != str(torch.get_default_device()):
            torch.set_default_device(settings["device"])
