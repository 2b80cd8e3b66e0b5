"""Kills evaluations of a loss surface at random moments, with each executor; compares the results.

python -m benchmarks.kill --kills 50
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.landscape.kills import KINDS, kill


def main() -> None:
    """Kills evaluations with the executors that are named, and says what came."""
    parser = argparse.ArgumentParser(description="Kills evaluations; compares the results.")
    parser.add_argument("--kills", type=int, default=50, help="with each executor")
    parser.add_argument("--executor", choices=KINDS, action="append", help="all if none is named")
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    different = 0
    for kind in wanted.executor or KINDS:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            outcome = kill(kind, Path(folder), kills=wanted.kills, seed=wanted.seed)
        different += outcome.different
        print(
            f"{kind}: {outcome.kills} kills, {outcome.evaluations} results, {outcome.different} of "
            f"them different, {time.monotonic() - started:.0f} s",
            flush=True,
        )
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
