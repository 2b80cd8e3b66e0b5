"""What a terminal or a log can show."""

import codecs
import contextlib
import errno
import io
import os
import sys
from collections.abc import Generator

_PLAIN = {"²": "2", "±": "+-", "…": "...", "–": "-", "µ": "u", "×": "x", "→": "->", "•": "*"}


def allow_every_text() -> None:
    """Makes the streams of output take any text, whatever their encoding can write.

    Signs are replaced by plain ones that mean the same, bytes of file names that are no text are
    written as they are, and everything else becomes an escape.
    """
    codecs.register_error("trackscape", _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="trackscape")


@contextlib.contextmanager
def whole_output() -> Generator[None]:
    """Ends the program where its output cannot be written; quietly if nobody reads it any more.

    Everything is written before the block ends, since Python reports what fails later in words of
    its own.
    """
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:  # as it is where the stream is closed
                sys.stdout.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EDQUOT):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left goes nowhere
        if error.errno == errno.EPIPE:
            sys.exit(1)
        reason = f"{error.strerror}; make room, or send it elsewhere"
        print(f"Error: expected a place for the output, but got {reason}.", file=sys.stderr)
        sys.exit(2)


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    if 0xDC80 <= ord(sign) <= 0xDCFF:  # how Python keeps such a byte
        return bytes([ord(sign) - 0xDC00]), error.start + 1
    plain = _PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode()
    return plain, error.start + 1
