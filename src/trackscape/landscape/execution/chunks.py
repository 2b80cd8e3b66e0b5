"""Ranges of items -> chunks, each worth about a second of work."""

from collections import deque
from collections.abc import Sequence

_SECONDS = 1.0
"""What an interruption may cost; a thousand times what it takes to hand a chunk over."""
_GROWTH = 8
"""How many times longer the next chunk can be: a first item may be quicker than others."""


class Chunks:
    """Hands out chunks, whose length follows from the time that earlier ones took."""

    def __init__(self, left: Sequence[range]) -> None:
        self._left = deque(span for span in left if span)
        self._length = 1

    def __bool__(self) -> bool:
        return bool(self._left)

    def take(self) -> range:
        """Returns the next chunk."""
        span = self._left.popleft()
        if len(span) > self._length:
            self._left.appendleft(span[self._length :])
        return span[: self._length]

    def learn(self, chunk: range, seconds: float) -> None:
        """Chooses the length of the next chunk, from the time that one took."""
        fitting = len(chunk) * _SECONDS / max(seconds, 1e-9)
        self._length = max(1, int(min(fitting, _GROWTH * len(chunk))))
