"""Work in this process."""

import time
from collections.abc import Generator, Sequence

from trackscape.landscape.execution.chunks import Chunks
from trackscape.landscape.execution.work import Rows, Work, one_thread


class Serial:
    """This process computes, on one thread."""

    keeps_results = False

    def run(self, work: Work, left: Sequence[range]) -> Generator[tuple[range, Rows], None, None]:
        """Yields the rows of chunks, in order."""
        chunks = Chunks(left)
        with one_thread():
            evaluate = work.start()
            while chunks:
                chunk = chunks.take()
                started = time.perf_counter()
                rows = evaluate(chunk.start, chunk.stop)
                chunks.learn(chunk, time.perf_counter() - started)
                yield chunk, rows
