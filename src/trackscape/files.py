"""Files that appear whole or not at all."""

import contextlib
import os
import platform
from collections.abc import Generator
from pathlib import Path

from trackscape.errors import FormatError


@contextlib.contextmanager
def replacing(path: Path) -> Generator[Path, None, None]:
    """Gives a temporary name beside `path`; the file moves to `path` when all went well.

    So a reader never meets half a file, whatever happens to the writer. Missing folders are made.

    Raises:
        FormatError: The file cannot be written there.
    """
    # Processes of several machines may write to one disk.
    temporary = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise FormatError(
            f"{path}: expected a place to write to, but got {error.strerror or error}; name "
            "another folder or make room there."
        ) from error
