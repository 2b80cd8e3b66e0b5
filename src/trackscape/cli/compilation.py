"""Says when functions are compiled, which takes long and happens once after an installation."""

import functools
import sys
import time
from typing import final

from numba.core import event

NEWS = 5.0
"""Seconds between two lines on how far it is."""


@functools.cache
def announce_compilation() -> None:
    """Makes this process say on the error stream that it compiles, if it does."""
    event.register("numba:compile", News())


@final
class News(event.Listener):
    """Says on the error stream how many functions were compiled, and for how long."""

    def __init__(self) -> None:
        self._functions, self._begin, self._told = 0, 0.0, 0.0

    def on_start(self, event: event.Event) -> None:
        """Counts one more function; its code is not on disk yet."""
        self._functions += 1
        now = time.monotonic()
        if self._functions == 1:
            self._begin = self._told = now
            print("Compiling, once; the next call starts at once.", file=sys.stderr)
        elif now - self._told > NEWS:
            self._told = now
            seconds = now - self._begin
            news = f"Compiling, once: {self._functions} functions, {seconds:.0f} s."
            print(news, file=sys.stderr)

    def on_end(self, event: event.Event) -> None:
        """Nothing to say."""
