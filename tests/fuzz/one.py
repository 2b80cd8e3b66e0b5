"""Writes one input and reads it: `python -m fuzz.one READER NUMBER FILE`."""

import sys
from pathlib import Path

from fuzz.mutations import make_input, number_of
from fuzz.seeds import READERS


def write_input(name: str, number: int, path: Path, seeds: list[bytes] | None = None) -> Path:
    """Writes an input and what belongs beside it; returns its place."""
    reader = READERS[name]
    path = path.with_suffix(reader.suffix)
    if reader.beside is not None:
        path.with_suffix(reader.beside[0]).write_bytes(reader.beside[1])
    make_input(reader, seeds or reader.seeds(), number_of(name, number), path)
    return path


if __name__ == "__main__":
    place = write_input(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    print(READERS[sys.argv[1]].read(place))
