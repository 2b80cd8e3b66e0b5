"""What a terminal or a log can show."""

import codecs
import io
import sys

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


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    if 0xDC80 <= ord(sign) <= 0xDCFF:  # how Python keeps such a byte
        return bytes([ord(sign) - 0xDC00]), error.start + 1
    plain = _PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode()
    return plain, error.start + 1
