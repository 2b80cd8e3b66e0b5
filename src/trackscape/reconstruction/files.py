"""Names of files, folders and patterns -> files of hits, and what tells them from others."""

import glob
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trackscape.errors import FormatError
from trackscape.formats.event_names import find_event_files
from trackscape.formats.files import READABLE, check_there
from trackscape.formats.stream import stream_columns
from trackscape.simulation import read_scan
from trackscape.simulation.setup.scan import MANIFEST

_SAMPLE = 2**20  # bytes at both ends of a file that tell it from others


def find_files(names: Sequence[Path | str]) -> list[Path]:
    """Returns the files of hits that are meant, in the order of their names.

    A folder stands for its files of hits, that of a scan for those of its angles, and one of files
    of events (TrackML, ACTS), which are read as one, for itself; a pattern such as
    ``run_*.parquet`` for what it matches.

    Raises:
        FormatError: Nothing is there, or a file is meant twice.
    """
    found = [path for name in names for path in _files_of(Path(name))]
    seen = set[Path]()
    for path in found:
        if path.resolve() in seen:
            raise FormatError(
                f"{path}: expected each file once, but it is meant twice; its frames would count "
                "twice."
            )
        seen.add(path.resolve())
    return found


def _files_of(path: Path) -> list[Path]:
    if (path / MANIFEST).is_file():
        return list(read_scan(path).files)
    if find_event_files(path) is not None:
        return [path]
    if path.is_dir():
        files = sorted(each for each in path.iterdir() if each.suffix.lower() in READABLE)
        what = f"files of hits ({', '.join(READABLE)}) in the folder"
    elif not os.path.lexists(path) and glob.has_magic(str(path)):
        files = [Path(each) for each in sorted(glob.glob(str(path), recursive=True))]
        what = "files that the pattern matches"
    else:
        check_there(path)
        return [path]
    if not files:
        raise FormatError(f"{path}: expected {what}, but there are none; check the path.")
    return files


def describe_files(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Returns name, size and a digest of both ends of each file, to tell them from others."""
    found: list[dict[str, Any]] = []
    for path in (each for named in paths for each in _all_files(named)):
        size = path.stat().st_size
        with path.open("rb") as file:
            begin = file.read(_SAMPLE)
            file.seek(max(0, size - _SAMPLE))
            digest = hashlib.sha256(begin + file.read(_SAMPLE)).hexdigest()
        found.append({"name": path.name, "bytes": size, "digest": digest})
    return found


def _all_files(path: Path) -> list[Path]:
    events = find_event_files(path)
    return [path] if events is None else events.all_files()


def count_rows(paths: Sequence[Path]) -> int | None:
    """Returns the rows of all files, None if one does not say before it is read."""
    total = 0
    for path in paths:
        if find_event_files(path) is not None:
            return None
        try:
            with stream_columns(path) as stream:
                rows = stream.rows
        except FormatError:  # it will be told when its turn comes
            return None
        if rows is None:
            return None
        total += rows
    return total
