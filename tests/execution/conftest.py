"""Work that is quick, slow, deadly or wrong: no model is needed to share it out."""

import dataclasses
import math
import os
import time
from collections.abc import Callable

import numpy as np
import pytest


@dataclasses.dataclass(frozen=True)
class Roots:
    """Square roots of the numbers of items, which are not even numbers for some of them."""

    n_items: int = 40
    width: int = 3
    fingerprint: str = "roots" + 12 * "0"
    pause: float = 0.0
    fails_at: int = -1
    dies_at: int = -1
    dies_once: str = ""

    def start(self) -> Callable[[int, int], np.ndarray]:
        return self.rows

    def rows(self, begin: int, end: int) -> np.ndarray:
        found = np.empty((end - begin, self.width))
        for item in range(begin, end):
            time.sleep(self.pause)
            if item == self.fails_at:
                raise ZeroDivisionError(f"at item {item}")
            if item == self.dies_at and not os.path.exists(self.dies_once):
                if self.dies_once:
                    open(self.dies_once, "x").close()
                os._exit(7)
            found[item - begin] = [self.value(item, column) for column in range(self.width)]
        return found

    @staticmethod
    def value(item: int, column: int) -> float:
        if column == 1 and item % 5 == 0:
            return math.nan
        if column == 1 and item % 7 == 0:
            return math.inf
        return math.sqrt(item + column / 3)


@pytest.fixture(scope="session")
def roots() -> type[Roots]:
    return Roots
