"""Runs many inputs of each reader, and lists what failed.

`python -m fuzz.run [--in-all] N [READER ...]`: N inputs of each reader, or N of all together.
"""

import subprocess
import sys
import threading
import time

from fuzz.seeds import READERS

STUCK = 20.0
"""Seconds without a sign of life, after which a process is given up."""


def fuzz(name: str, count: int) -> list[str]:
    """Returns what went wrong with the first `count` inputs of a reader."""
    problems: list[str] = []
    first = 0
    while first < count:
        reached, more = _work(name, first, count)
        problems += more
        first = reached + 1
    return problems


def _work(name: str, first: int, last: int) -> tuple[int, list[str]]:
    """Runs a process until it is done, dies or is stuck; returns the last number it reached."""
    command = [sys.executable, "-m", "fuzz.work", name, str(first), str(last)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    sign = [time.monotonic() + 100]  # imports take their time
    done = threading.Event()

    def watch() -> None:
        while not done.wait(1.0):
            if time.monotonic() - sign[0] > STUCK:
                process.kill()

    threading.Thread(target=watch, daemon=True).start()
    reached, problems = first - 1, []
    assert process.stdout is not None
    for line in process.stdout:
        sign[0] = time.monotonic()
        if line.startswith("!"):
            problems.append(f"{name} {line[1:].rstrip()}")
        elif line.strip() == "done":
            reached = last
        else:
            reached = int(line)
    done.set()
    if process.wait() != 0 and reached < last:
        what = "stuck" if process.returncode == -9 else f"died with status {process.returncode}"
        problems.append(f"{name} {reached} {what}")
        reached = max(reached, first)
    return reached, problems


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
        problems = fuzz(name, count)
        failed += len(problems)
        seconds = time.monotonic() - start
        print(f"{name}: {count:,} inputs, {len(problems)} problems, {seconds:.0f} s", flush=True)
        print("".join(f"  {problem}\n" for problem in problems), end="", flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
