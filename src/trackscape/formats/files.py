"""Files as files: which kind, and is it there and whole."""

import contextlib
import os
import warnings
from collections.abc import Generator
from pathlib import Path

from trackscape.errors import FormatError, TrackscapeError
from trackscape.text import shown

MAGIC = {
    ".npz": b"PK\x03\x04",
    ".npy": b"\x93NUMPY",
    ".root": b"root",
    ".parquet": b"PAR1",
}
"""How the content of each binary kind of file starts."""
READABLE = (*MAGIC, ".csv")
WRITABLE = (".npz", ".parquet", ".csv")


def kind_to_read(path: Path) -> str:
    """Returns the suffix of a file whose content fits its suffix.

    Raises:
        FormatError: There is no such file, it is empty, of an unknown kind or misnamed.
    """
    # Not the methods of Path, which raise where a name is too long for the file system.
    if os.path.isdir(path):
        raise FormatError(f"{path}: expected a file of hits, but it is a folder; name one file.")
    if not os.path.isfile(path):  # no pipe, which would let us wait for ever
        raise FormatError(f"{path}: expected a file of hits, but nothing is there; check the path.")
    kind = _known_suffix(path, READABLE, verb="read")
    with reading(path), path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise FormatError(f"{path}: expected hits, but the file is empty (0 bytes); write it anew.")
    content = next((name for name, magic in MAGIC.items() if start.startswith(magic)), ".csv")
    if content != kind:
        found = "something else" if content == ".csv" else f"those of a {content} file"
        raise FormatError(
            f"{path}: expected the content of a {kind} file, but its first bytes are {found}; "
            "give the file its true suffix, or write it anew."
        )
    return kind


@contextlib.contextmanager
def reading(path: Path) -> Generator[None, None, None]:
    """Turns whatever a parser raises on a damaged file into a `FormatError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parsers warn of old types, and of damage
            yield
    except TrackscapeError:
        raise
    # A damaged file makes the parsers fail in any way: with errors of their own, of zlib or
    # struct, with assertions, missing keys or a request for more memory than there is.
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        reason = shown(reason)
        raise FormatError(
            f"{path}: expected a whole {path.suffix} file, but it cannot be read ({reason}); it "
            "may be damaged or cut short: copy or write it anew."
        ) from error


def kind_to_write(path: Path) -> str:
    """Returns the suffix of a file, if hits and tracks can be written to such files.

    Raises:
        FormatError: They cannot.
    """
    return _known_suffix(path, WRITABLE, verb="write")


def _known_suffix(path: Path, suffixes: tuple[str, ...], *, verb: str) -> str:
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise FormatError(
            f"{path}: can {verb} files named {', '.join(suffixes)}, but got "
            f"{suffix or 'no suffix'!r}; choose one of these."
        )
    return suffix
