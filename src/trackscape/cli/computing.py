"""What the process of a command needs: interrupts, threads, memory, and streams for any text."""

import codecs
import contextlib
import ctypes
import errno
import functools
import io
import os
import sys
from collections.abc import Callable, Generator
from typing import Annotated, Any

import typer
import typer.core

from trackscape.errors import ConfigError, from_interrupt

Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Number of PyTorch threads. (default: OMP_NUM_THREADS, else 1, as tensors are small)",
    ),
]
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # parameters of mallopt, from glibc's malloc.h
_PLAIN = {"²": "2", "±": "+-", "…": "...", "–": "-", "µ": "u", "×": "x", "→": "->", "•": "*"}


class _Verb(typer.core.TyperCommand):
    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Leaves out the braces around arguments that are needed."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Makes one sentence of a value that an option cannot take."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            if type(error) is not typer.BadParameter:  # one that is missing, which usage shows
                raise
            raise ConfigError(error.format_message().replace("Value error, ", "")) from error


def add_verb(app: typer.Typer, verb: Callable[..., None], *, then: str) -> None:
    """Adds a function as a command, called like it without the suffix ``_verb``.

    Ctrl-C ends it with a sentence, "Interrupted." and `then`, and status 130.
    """

    @functools.wraps(verb)
    def run(**options: Any) -> None:
        try:
            verb(**options)
        except (KeyboardInterrupt, Exception) as error:
            if not from_interrupt(error):
                raise
            print(f"Interrupted. {then}", file=sys.stderr)
            raise typer.Exit(130) from None

    app.command(verb.__name__.removesuffix("_verb"), cls=_Verb)(run)


def prepare(threads: int | None) -> None:
    """Sets the number of threads, and makes the process say when it compiles.

    Threads of OpenMP spin while they wait: with tensors as small as ours they gain little on an
    idle machine, and on a busy one they keep those from running that they wait for.
    """
    import torch

    from trackscape.compiled import announce_compilation

    if threads is not None or "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(threads or 1)
    announce_compilation()


def keep_freed_memory() -> None:
    """Makes glibc keep freed memory for the next tensor instead of giving it back.

    Getting the tensors of each step of training fresh from the kernel, page by page, takes two
    fifths of the time. This concerns the whole process, so only the command line does it.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def allow_every_text() -> None:
    """Makes the streams of output take any text, whatever their encoding can write.

    Signs become plain ones that mean the same, bytes of file names that are no text stay as they
    are, and everything else becomes an escape.
    """
    codecs.register_error("trackscape", _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="trackscape")


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    if 0xDC80 <= ord(sign) <= 0xDCFF:  # how Python keeps such a byte
        return bytes([ord(sign) - 0xDC00]), error.start + 1
    plain = _PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode()
    return plain, error.start + 1


@contextlib.contextmanager
def whole_output() -> Generator[None]:
    """Ends the program where its output cannot be written; quietly if nobody reads it any more."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:  # as it is where the stream is closed
                sys.stdout.flush()  # what fails later, Python reports in words of its own
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EDQUOT):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left goes nowhere
        if error.errno == errno.EPIPE:
            sys.exit(1)
        reason = f"{error.strerror}; make room, or send it elsewhere"
        print(f"Error: expected a place for the output, but got {reason}.", file=sys.stderr)
        sys.exit(2)
