"""Files as files: which kind, is it there and whole, and how much may it unpack to."""

import contextlib
import dataclasses
import os
import warnings
from collections.abc import Generator
from pathlib import Path

from trackscape.errors import FormatError, TrackscapeError
from trackscape.formats.event_names import TRACKML, find_event_files
from trackscape.formats.write_root import import_uproot
from trackscape.text import shown

# First bytes of each binary kind of file.
_MAGIC = {".npz": b"PK\x03\x04", ".npy": b"\x93NUMPY", ".root": b"root", ".parquet": b"PAR1"}
READABLE = (*_MAGIC, ".csv")
"""Suffixes of files of hits."""
_TABLES = (".npz", ".parquet", ".csv", ".root")
_EVENTS = (*_TABLES, TRACKML)
RATIO = 100
"""Multiple of its own size that a file may unpack to; hits take 2 to 20 times theirs."""
ALWAYS = 64 * 2**20
"""Bytes that any file may unpack to, however small it is."""
NEVER = 16 * 2**30
"""Bytes that no file may unpack to, however large it is."""
NUMBER_BYTES = 8
"""Largest number of bytes that a number takes in a file."""


def kind_to_read(path: Path) -> str:
    """Returns the suffix of a file whose content fits its suffix; .trackml of files of events.

    Raises:
        FormatError: There is no such file, it is empty, of an unknown kind or misnamed.
    """
    if find_event_files(path) is not None:
        return TRACKML
    check_there(path)
    kind = _known_suffix(path, READABLE, verb="read")
    with reading(path), path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise FormatError(f"{path}: expected hits, but the file is empty (0 bytes); write it anew.")
    content = _content(start)
    if content != kind:
        found = "something else" if content == ".csv" else f"those of a {content} file"
        raise FormatError(
            f"{path}: expected the content of a {kind} file, but its first bytes are {found}; "
            "give the file its true suffix, or write it anew."
        )
    return kind


def kind_of_content(path: Path) -> str:
    """Returns the suffix that the first bytes of a file stand for; any text is .csv."""
    with reading(path), path.open("rb") as file:
        return _content(file.read(8))


def _content(start: bytes) -> str:
    return next((name for name, magic in _MAGIC.items() if start.startswith(magic)), ".csv")


def check_there(path: Path) -> None:
    """Raises a FormatError unless there is a file of that name."""
    # Not the methods of Path, which raise where a name is too long for the file system.
    if os.path.isdir(path):
        raise FormatError(f"{path}: expected a file of hits, but it is a folder; name one file.")
    if not os.path.isfile(path):  # no pipe, which would let us wait for ever
        raise FormatError(f"{path}: expected a file of hits, but nothing is there; check the path.")


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
        reason = shown((str(error).strip() or type(error).__name__).splitlines()[0].rstrip("."))
        raise FormatError(
            f"{path}: expected a whole {path.suffix} file, but it cannot be read ({reason}); it "
            "may be damaged or cut short: copy or write it anew."
        ) from error


def kind_to_write(path: Path, *, events: bool = False) -> str:
    """Returns the suffix of a file, or refuses one to which no tables can be written.

    With `events`, it may be a folder of files of events, .trackml.
    """
    kind = _known_suffix(path, _EVENTS if events else _TABLES, verb="write")
    if kind == ".root":
        import_uproot(path, verb="writing")
    return kind


def _known_suffix(path: Path, suffixes: tuple[str, ...], *, verb: str) -> str:
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise FormatError(
            f"{path}: can {verb} files named {', '.join(suffixes)}, but got "
            f"{suffix or 'no suffix'!r}; choose one of these."
        )
    return suffix


@dataclasses.dataclass
class Budget:
    """The bytes that may still be unpacked of one file."""

    path: Path
    limit: int
    advice: str
    """Advice for whoever meets the limit, as the end of a sentence."""
    taken: int = 0

    def take(self, size: int, *, what: str) -> None:
        """Counts `size` bytes before they are unpacked; a FormatError where they are too many."""
        self.taken += size
        if size < 0 or self.taken > self.limit:
            raise FormatError(
                f"{self.path}: expected at most {self.limit:,} bytes when unpacked, as the file "
                f"has {self.path.stat().st_size:,}, but {what} brings it to {self.taken:,}; "
                f"{self.advice}."
            )


def budget(
    path: Path,
    max_bytes: int | None = None,
    *,
    always: int = ALWAYS,
    advice: str = (
        "if you trust it, allow more with --max-bytes (in Python: max_bytes), or store it "
        "uncompressed"
    ),
) -> Budget:
    """Returns what a file may unpack to: 100 times its size, at least 64 MiB, at most 16 GiB.

    Arguments:
        path: The file.
        max_bytes: Another limit in place of these.
        always: Another smallest limit, in bytes.
        advice: What to do where it is too little, for the message.
    """
    usual = min(max(RATIO * path.stat().st_size, always), NEVER)
    return Budget(path, usual if max_bytes is None else max_bytes, advice)
