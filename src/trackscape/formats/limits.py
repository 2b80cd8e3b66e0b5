"""How much a file may unpack to: a small one that fills the memory is an attack or damaged."""

import dataclasses
from pathlib import Path

from trackscape.errors import FormatError

RATIO = 100
"""Times its own size that a file may unpack to; hits take 2 to 20 times theirs."""
ALWAYS = 64 * 2**20
"""Bytes that any file may unpack to, however small it is."""
NEVER = 16 * 2**30
"""Bytes that no file may unpack to, however large it is."""


@dataclasses.dataclass
class Budget:
    """The bytes that may still be unpacked of one file."""

    path: Path
    limit: int
    """In bytes."""
    advice: str
    """What to do where it is too little."""
    taken: int = 0
    """In bytes."""

    def take(self, size: int, *, what: str) -> None:
        """Counts `size` bytes, before they are unpacked.

        Raises:
            FormatError: The file unpacks to more than its limit.
        """
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
        max_bytes: Another limit in its place, in bytes.
        always: Another smallest limit, in bytes.
        advice: What to do where it is too little, for the message.
    """
    usual = min(max(RATIO * path.stat().st_size, always), NEVER)
    return Budget(path, usual if max_bytes is None else max_bytes, advice)
