"""Text from files, made fit for messages, tables, pages and logs."""

from collections.abc import Iterable
from pathlib import PurePath

LONGEST = 300  # characters of a foreign text that are shown
LONGEST_PATH = 4096  # of a path; no file system knows longer ones


def shown(value: object, *, limit: int | None = None) -> str:
    r"""Returns a foreign text as one line of bounded length that no terminal or log obeys.

    Control characters, line breaks, marks that turn the direction of writing or have no width, and
    halves of characters (as in names of files that are no UTF-8) are written as escapes. What is
    longer than `limit`, by default 300 characters, or 4096 of a path, is cut off and told.

    Example:
        >>> print(shown("pos\x1b[31mX"), shown("one\ntwo"), shown("a" * 1000, limit=3))
        pos\x1b[31mX one\ntwo aaa... (1,000 characters)
    """
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    if limit is None:
        limit = LONGEST_PATH if isinstance(value, PurePath) else LONGEST
    # What Python's repr escapes: everything but letters, marks, digits, signs and the plain space.
    line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text[:limit])
    return line if len(text) <= limit else f"{line}... ({len(text):,} characters)"


def listed(values: Iterable[object], *, most: int = 20) -> str:
    """Returns foreign texts with commas between them, the first `most` of them.

    Example:
        >>> listed(["posX", "posY", "posZ"], most=2)
        'posX, posY and 1 more'
    """
    texts = list(values)
    more = f" and {len(texts) - most:,} more" if len(texts) > most else ""
    return ", ".join(shown(text, limit=60) for text in texts[:most]) + more
