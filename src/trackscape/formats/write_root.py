"""Structured arrays -> a flat TTree of a ROOT file."""

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from trackscape.errors import FormatError


def import_uproot(path: Path, *, verb: str = "reading") -> Any:
    """Returns uproot, an optional extra, or says what needs it."""
    try:
        import uproot
    except ImportError as error:
        raise FormatError(
            f"{path}: {verb} ROOT files needs the package uproot, which is not installed; "
            "run `pip install uproot`."
        ) from error
    return uproot


@contextlib.contextmanager
def root_writer(
    file: BinaryIO, dtype: np.dtype[Any], *, tree: str, path: Path
) -> Generator[Callable[[np.ndarray], None], None, None]:
    """Gives a function that adds rows to a tree with one branch for each column.

    Arguments:
        file: New file, open for reading and writing; not a name, in which uproot would take colons
            for protocols.
        dtype: Structured type of the rows: numbers.
        tree: Name of the tree.
        path: Name of the file, for messages.
    """
    names = dtype.names or ()
    with import_uproot(path, verb="writing").recreate(file) as root:
        # A TTree, as ROOT of any age reads it; assigning arrays would make an RNTuple.
        written = root.mktree(tree, {name: dtype[name] for name in names})

        def add(rows: np.ndarray) -> None:
            if len(rows):
                written.extend({name: np.ascontiguousarray(rows[name]) for name in names})

        yield add
