"""Files that appear whole or not at all."""

import contextlib
import os
import platform
from collections.abc import Generator, Sequence
from pathlib import Path

from trackscape.errors import FormatError


@contextlib.contextmanager
def replacing(path: Path | str) -> Generator[Path, None, None]:
    """Gives a temporary name beside `path`; the file moves to `path` when all went well.

    So a reader never meets half a file, whatever happens to the writer. Missing folders are made.

    Raises:
        FormatError: The file cannot be written there.
    """
    path = Path(path)
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


def check_place(path: Path | str, *, suffixes: Sequence[str] = ()) -> None:
    """Checks, before any work is done, that a file can be written to `path`.

    Arguments:
        path: New or old file; folders that are missing will be made.
        suffixes: What its name may end with, in small or capital letters; anything if empty.

    Raises:
        FormatError: The suffix is another one, `path` is a folder, or nobody may write there.
    """
    path = Path(path)
    if suffixes and path.suffix.lower() not in suffixes:
        raise FormatError(
            f"{path}: expected a file to write that ends with {', '.join(suffixes)}, but got "
            f"{path.suffix or 'no suffix'!r}; choose one of these."
        )
    if path.is_dir():
        raise FormatError(f"{path}: expected a file to write, but it is a folder; name a file.")
    above = next((folder for folder in path.absolute().parents if folder.exists()), Path("/"))
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        reason = "nothing can be written there" if above.is_dir() else "that is a file"
        raise FormatError(
            f"{path}: expected a place to write to, but its folder is in {above}, and {reason}; "
            "name another folder."
        )
