"""Work in several processes of this machine."""

import contextlib
import multiprocessing
import pickle
import signal
import traceback
from collections.abc import Generator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeAlias, cast

from trackscape.errors import LandscapeError
from trackscape.landscape.execution.chunks import Chunks
from trackscape.landscape.execution.work import Rows, Work
from trackscape.landscape.execution.worker import Worker, pack

_Link: TypeAlias = "Connection[Any, Any]"


class Processes:
    """Processes of this machine, which load model and data once and get chunk after chunk.

    They are spawned, so that each imports the main module again: a script must begin its work
    under ``if __name__ == "__main__":``. Each computes on one thread, and has a copy of the data.

    Arguments:
        workers: How many.

    Raises:
        LandscapeError: There is none. When they run: the work cannot be pickled, or one dies.
    """

    keeps_results = False

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise LandscapeError(f"Expected at least 1 process, got {workers}.")
        self.workers = workers

    def run(self, work: Work, left: Sequence[range]) -> Generator[tuple[range, Rows], None, None]:
        """Yields the rows of chunks, as they are finished."""
        packed = pack(work)
        chunks = Chunks(left)
        with _team(min(self.workers, sum(map(len, left)))) as team:
            for link in team:
                _send(link, packed)
            idle, busy = list(team), dict[_Link, range]()
            while chunks or busy:
                while idle and chunks:
                    link = idle.pop()
                    busy[link] = chunks.take()
                    _send(link, busy[link])
                for link in cast("list[_Link]", wait(list(busy))):
                    chunk = busy.pop(link)
                    rows, seconds = _answer(link, team[link], chunk)
                    chunks.learn(chunk, seconds)
                    idle.append(link)
                    yield chunk, rows


@contextlib.contextmanager
def _team(size: int) -> Generator[dict[_Link, BaseProcess], None, None]:
    """Processes by the pipes that lead to them; they end with the block, whatever they do."""
    # Forked ones would miss the threads of this process, and wait for them for ever.
    context = multiprocessing.get_context("spawn")
    team: dict[_Link, BaseProcess] = {}
    try:
        for _ in range(size):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there,), daemon=True)
            process.start()
            there.close()
            team[here] = process
        yield team
    finally:
        for link, process in team.items():
            process.terminate()
            process.join()
            link.close()


def _serve(link: _Link) -> None:
    """Computes what comes through the pipe, until nobody is at its other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other end decides what an interrupt means
    with contextlib.suppress(EOFError, OSError):
        worker = Worker(link.recv())
        while True:
            chunk = link.recv()
            link.send(_attempt(worker, chunk))


def _attempt(worker: Worker, chunk: range) -> tuple[Rows, float] | Exception:
    try:
        return worker.compute(chunk)
    except LandscapeError as error:
        return error
    except Exception as error:
        error.add_note(f"In another process:\n{traceback.format_exc()}")
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # some errors cannot be made again from their message
            return RuntimeError(traceback.format_exc())
        return error


def _send(link: _Link, message: object) -> None:
    # Whoever died will not answer, which `_answer` notices.
    with contextlib.suppress(OSError):
        link.send(message)


def _answer(link: _Link, process: BaseProcess, chunk: range) -> tuple[Rows, float]:
    try:
        answer = link.recv()
    except (EOFError, OSError):
        process.join()
        raise LandscapeError(
            f"Expected the values of items {chunk.start} to {chunk.stop - 1} from another process, "
            f"but it died (exit code {process.exitcode}); use fewer workers if memory ran out, and "
            'if this is a script, begin its work under `if __name__ == "__main__":`. What was '
            "done before is in the folder, if there is one."
        ) from None
    if isinstance(answer, Exception):
        raise answer
    return answer
