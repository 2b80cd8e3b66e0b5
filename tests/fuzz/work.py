"""Reads inputs of one reader after another in this process: what `fuzz.run` starts.

Only clean results and a `TrackscapeError` of one line are allowed, within ten seconds and without
growing by 500 MB.
"""

import contextlib
import logging
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

from fuzz.one import write_input
from fuzz.seeds import READERS

SECONDS = 10.0  # where the machine is idle, a fifth of that
GROWTH = 500_000  # kB
SPACE = 4 * 2**30  # bytes of addresses beyond those that are in use before
STATUS, REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Hang(BaseException):
    """Not caught by those who catch what parsers raise."""


def main() -> None:
    """`python -m fuzz.work READER:FIRST:LAST ...`: prints each input before it is read."""
    warnings.simplefilter("ignore")
    logging.disable()
    signal.signal(signal.SIGPROF, _stop)
    jobs = [argument.split(":") for argument in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        seeds = {name: _warm(name, path) for name, _, _ in jobs}
        _limit_memory()
        for name, first, last in jobs:
            for number in range(int(first), int(last)):
                print(f"{name} {number}", flush=True)
                problem = _try(name, write_input(name, number, path, seeds[name]))
                if problem:
                    print(f"!{name} {number} {problem!a}", flush=True)


def _warm(name: str, path: Path) -> list[bytes]:
    """Reads the good files, which imports and compiles what is needed; returns them."""
    seeds = READERS[name].seeds()
    for content in seeds:
        with contextlib.suppress(Exception):
            good = write_input(name, 0, path, seeds)
            good.write_bytes(content)
            READERS[name].read(good)
    return seeds


def _try(name: str, path: Path) -> str | None:
    from trackscape.errors import TrackscapeError

    before = _reset_peak()
    # Of this process, since others may keep the machine busy; who waits for ever is given up above.
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        READERS[name].read(path)
    except TrackscapeError as error:
        if not str(error).isprintable() or len(str(error)) > 20_000:
            return f"message {str(error)!r:.200}"
    except Hang:
        return f"hang of more than {SECONDS:g} s at {_where()}"
    except BaseException as error:
        return f"{type(error).__name__}: {error!s:.200} at {_where()}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    grown = _peak() - before
    return f"grew by {grown // 1000} MB" if grown > GROWTH else None


def _where() -> str:
    frames = [f for f in traceback.extract_tb(sys.exc_info()[2]) if "trackscape" in f.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def _stop(*_: object) -> None:
    raise Hang


def _limit_memory() -> None:
    if STATUS.exists():
        used = int(STATUS.read_text().split("VmSize:")[1].split()[0]) * 1024
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (used + SPACE, hard))


def _peak() -> int:
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(STATUS.read_text().split("VmHWM:")[1].split()[0])


def _reset_peak() -> int:
    with contextlib.suppress(OSError):
        REFS.write_text("5")
    return _peak()


if __name__ == "__main__":
    main()
