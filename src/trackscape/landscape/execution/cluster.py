"""Work on the machines of a Ray cluster."""

import contextlib
import functools
import importlib
import os
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from typing import Any

from trackscape.errors import LandscapeError
from trackscape.landscape.execution.chunks import Chunks
from trackscape.landscape.execution.work import Rows, Work
from trackscape.landscape.execution.worker import Worker, pack

_RETRIES = 3
"""How often a chunk whose actor died is given to another one."""


class RayCluster:
    """Actors of a Ray cluster, which load model and data once and get chunk after chunk.

    Actors compute on one thread each. If one dies, another one gets its chunk. All machines need
    the same version of trackscape, and the modules of the model.

    Arguments:
        workers: Actors; one for each processor if None.
        address: Of the cluster, such as ``"auto"`` on one of its machines; if None, one that Ray
            is connected to, or else a new one of this machine only, which ends with the work.
        gpus: What each actor gets of a GPU; needed if the model is on one.

    Raises:
        LandscapeError: There is no Ray, or no actor, or actors die again and again.
    """

    keeps_results = False

    def __init__(
        self, workers: int | None = None, *, address: str | None = None, gpus: float = 0.0
    ) -> None:
        if workers is not None and workers < 1:
            raise LandscapeError(f"Expected at least 1 actor, got {workers}.")
        self.workers = workers
        self.address = address
        self.gpus = gpus

    def run(self, work: Work, left: Sequence[range]) -> Generator[tuple[range, Rows], None, None]:
        """Yields the rows of chunks, as they are finished."""
        ray = _import_ray()
        with _connection(ray, self.address, self.workers):
            size = self.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
            kind = ray.remote(num_cpus=1, num_gpus=self.gpus)(Worker)
            start = functools.partial(kind.remote, ray.put(pack(work, ray.cloudpickle)))
            yield from _share_out(ray, start, min(size, sum(map(len, left))), Chunks(left))


def _share_out(
    ray: Any, start: Callable[[], Any], size: int, chunks: Chunks
) -> Generator[tuple[range, Rows], None, None]:
    busy: dict[Any, tuple[Any, range | None]] = {}

    def give(actor: Any, chunk: range | None) -> None:
        call = actor.compute.remote(chunk) if chunk else actor.load.remote()
        busy[call] = actor, chunk

    deaths: Counter[range | None] = Counter()
    try:
        for _ in range(size):  # without a chunk, as some may have to wait for a processor
            give(start(), None)
        while chunks or any(chunk for _, chunk in busy.values()):
            (done,), _ = ray.wait(list(busy), num_returns=1)
            actor, chunk = busy.pop(done)
            try:
                answer = ray.get(done)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from error
            except ray.exceptions.RayActorError as error:
                deaths[chunk] += 1
                _check_deaths(deaths[chunk], error)
                give(start(), chunk)
                continue
            if chunk:
                rows, seconds = answer
                chunks.learn(chunk, seconds)
                yield chunk, rows.copy()  # Ray's own cannot be written to
            if chunks:
                give(actor, chunks.take())
    finally:
        for actor, _ in busy.values():
            ray.kill(actor)


def _check_deaths(deaths: int, error: Exception) -> None:
    if deaths > _RETRIES:
        raise LandscapeError(
            f"Expected an actor of Ray to compute, but {deaths} died of the same items: {error}; "
            "use fewer workers if memory ran out. What was done before is in the folder, if there "
            "is one."
        ) from error


def _import_ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise LandscapeError(
            "Expected the package ray, which is not installed; add it with `pip install "
            "'trackscape[cluster]'`, or use the executor Processes."
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
