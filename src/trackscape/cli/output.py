"""What a verb says: results, notes and a log, as the options --quiet, --verbose and --json ask."""

import contextlib
import json
import logging
import sys
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from trackscape.errors import ConfigError
from trackscape.files import as_plain, check_place, write_json

_LOG = logging.getLogger("trackscape")
_STDOUT = Path("-")

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but results and errors.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say on the error stream what is done, and when.")
]


def _checked(place: Path | None) -> Path | None:
    if place is not None and place != _STDOUT:
        check_place(place)
    return place


Json = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="FILE",
        callback=_checked,
        help="Write all numbers as JSON, too; - prints them, and nothing else.",
    ),
]


def publish(content: Mapping[str, Any], place: Path | None, show: Callable[[], object]) -> None:
    """Shows a result to people, or prints it as JSON, as the option --json says.

    Arguments:
        content: What programs read: anything of numbers, texts, arrays and paths.
        place: Value of the option: a file that is written, too, ``-`` for the standard output in
            place of all text, or None.
        show: Prints the text.
    """
    if place == _STDOUT:
        print(json.dumps(as_plain(content), indent=2))
        return
    show()
    if place is not None:
        write_json(place, as_plain(content))


def file_of(place: Path | None) -> Path | None:
    """Returns the file that the option --json names, None if it names none."""
    return None if place == _STDOUT else place


def say(text: str) -> None:
    """Prints what is good to know beside a result; not with --quiet."""
    if _LOG.isEnabledFor(logging.WARNING):
        print(text)


@contextlib.contextmanager
def speaking(*, quiet: bool, verbose: bool) -> Generator[None]:
    """Sends the log of the package to the error stream meanwhile.

    What is logged as a warning is always shown unless `quiet`; with `verbose`, what is done, too,
    with the seconds since the begin.

    Raises:
        ConfigError: Both are asked for.
    """
    if quiet and verbose:
        raise ConfigError("Expected --quiet or --verbose, got both; leave out one of them.")
    handler = _ToErrorStream()
    handler.setFormatter(_Timed() if verbose else logging.Formatter())
    before = _LOG.level, _LOG.propagate
    _LOG.addHandler(handler)
    _LOG.propagate = False  # packages that are imported later may print what comes to the root
    _LOG.setLevel(logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING)
    try:
        yield
    finally:
        _LOG.removeHandler(handler)
        _LOG.level, _LOG.propagate = before


class _ToErrorStream(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Prints a line, above the bar if there is one, which takes the place of the stream."""
        print(self.format(record), file=sys.stderr)


class _Timed(logging.Formatter):
    def __init__(self) -> None:
        super().__init__()
        self._begin = time.time()

    def format(self, record: logging.LogRecord) -> str:
        """Returns a line that begins with the seconds since the verb began."""
        return f"{record.created - self._begin:8.2f} s  {super().format(record)}"
