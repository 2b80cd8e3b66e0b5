"""Work on the machines of a Ray cluster."""

import contextlib
import importlib
import os
from collections.abc import Generator, Sequence
from typing import Any

from trackscape.errors import LandscapeError
from trackscape.landscape.execution.chunks import Chunks
from trackscape.landscape.execution.work import Rows, Work
from trackscape.landscape.execution.worker import Worker, pack

_RETRIES = 3
"""How often an actor that died is started again, and how often a chunk is."""


class RayCluster:
    """Actors of a Ray cluster, which load model and data once and get chunk after chunk.

    Actors compute on one thread each. Those that die are started again and their chunks are
    computed again. All machines need the same version of trackscape, and the modules of the model.

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
            kind = ray.remote(
                num_cpus=1, num_gpus=self.gpus, max_restarts=_RETRIES, max_task_retries=_RETRIES
            )(_Actor)
            packed = ray.put(pack(work, ray.cloudpickle))
            actors = [kind.remote([packed]) for _ in range(min(size, sum(map(len, left))))]
            try:
                yield from _share_out(ray, actors, Chunks(left))
            finally:
                for actor in actors:
                    ray.kill(actor)


class _Actor(Worker):
    """Fetches its bytes itself, again if it is started again: Ray warns of arguments that it keeps.

    Arguments:
        held: Where Ray has them, in a list, as Ray would resolve what it sees.
    """

    def __init__(self, held: list[Any]) -> None:
        super().__init__(_import_ray().get(held[0]))


def _share_out(
    ray: Any, actors: list[Any], chunks: Chunks
) -> Generator[tuple[range, Rows], None, None]:
    # An actor gets its first chunk when it is there: it may have to wait for a processor.
    loading = {actor.load.remote(): actor for actor in actors}
    busy: dict[Any, tuple[Any, range]] = {}
    while chunks or busy:
        (done,), _ = ray.wait([*loading, *busy], num_returns=1)
        answer = _answer(ray, done)
        if done in loading:
            actor = loading.pop(done)
        else:
            actor, chunk = busy.pop(done)
            chunks.learn(chunk, answer[1])
            yield chunk, answer[0].copy()  # Ray's own cannot be written to
        if chunks:
            chunk = chunks.take()
            busy[actor.compute.remote(chunk)] = actor, chunk


def _answer(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayActorError as error:
        raise LandscapeError(
            f"Expected an actor of Ray to compute, but it died more than {_RETRIES} times: "
            f"{error}; use fewer workers if memory ran out. What was done before is in the folder, "
            "if there is one."
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
