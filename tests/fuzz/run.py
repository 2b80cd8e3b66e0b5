"""Runs many inputs of each reader, and lists what failed.

`python -m fuzz.run [--in-all] N [READER ...]`: N inputs of each reader, or N of all together.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Mapping

from fuzz.seeds import READERS

STUCK = 60.0
"""Seconds without a sign of life, after which a process is given up."""


def fuzz(counts: Mapping[str, int]) -> list[str]:
    """Returns what went wrong with the first inputs of each reader.

    All run in one process. Where it dies, another one goes on with the next input.
    """
    left = [(name, 0, count) for name, count in counts.items()]
    problems: list[str] = []
    while left:
        name, reached, more = _work(left)
        problems += more
        while left and left[0][0] != name:
            del left[0]
        if not left or reached + 1 >= left[0][2]:
            left = left[1:]
        else:
            left[0] = name, reached + 1, left[0][2]
    return problems


def _work(left: list[tuple[str, int, int]]) -> tuple[str, int, list[str]]:
    """Runs a process until it is done, dies or is stuck; returns the last input it reached."""
    jobs = [f"{name}:{first}:{last}" for name, first, last in left]
    command = [sys.executable, "-m", "fuzz.work", *jobs]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    sign, done = [time.monotonic() + 100], threading.Event()  # imports take their time

    def watch() -> None:
        while not done.wait(1.0):
            if time.monotonic() - sign[0] > STUCK:
                process.kill()

    threading.Thread(target=watch, daemon=True).start()
    name, reached, problems = left[0][0], left[0][1] - 1, []
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            sign[0] = time.monotonic()
            if line.startswith("!"):
                problems.append(line[1:].rstrip())
            else:
                name, number = line.split()
                reached = int(number)
    done.set()
    if process.wait() != 0:
        what = "stuck" if process.returncode == -9 else f"died with status {process.returncode}"
        problems.append(f"{name} {reached} {what}")
        return name, max(reached, left[0][1] if name == left[0][0] else 0), problems
    return left[-1][0], left[-1][2], problems


def main() -> None:
    """Prints a line for each reader and each problem; status 1 if there are some."""
    arguments = sys.argv[1:]
    together = arguments[0] == "--in-all"
    number, *names = arguments[together:]
    names = names or list(READERS)
    count = -(-int(number) // len(names)) if together else int(number)
    failed = 0
    for name in names:
        start = time.monotonic()
        problems = fuzz({name: count})
        failed += len(problems)
        seconds = time.monotonic() - start
        print(f"{name}: {count:,} inputs, {len(problems)} problems, {seconds:.0f} s", flush=True)
        print("".join(f"  {problem}\n" for problem in problems), end="", flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
