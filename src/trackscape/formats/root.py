"""ROOT files of GATE 8, 9 and 10 -> `Columns`."""

from pathlib import Path
from typing import Any

import numpy as np

from trackscape.errors import FormatError
from trackscape.formats.columns import Columns, match, missing, select, unused
from trackscape.formats.files import reading

FIRST_CHOICES = ("Hits", "hits", "PhaseSpace")
"""Trees that are taken before others."""
CHUNK = "64 MB"
"""How much is decompressed at a time."""
VOLUME_DEPTHS = (2, 3)
"""Entries of GATE's `volumeID[10]` that can number layers."""


def read_root(path: Path) -> Columns:
    """Reads the tree of hits, in chunks and only the branches with a meaning.

    Raises:
        FormatError: uproot is not installed, the file is damaged, or no tree holds hits.
    """
    try:
        import uproot  # an optional extra
    except ImportError as error:
        raise FormatError(
            f"{path}: reading ROOT files needs the package uproot, which is not installed; "
            "run `pip install 'trackscape[root]'`."
        ) from error
    open_file: Any = uproot.open  # its declared types do not fit what it takes and gives
    with reading(path), open_file({path: None}) as file:
        tree = _find_tree(file, path=path)
        every = _column_names(tree)
        names = select(every, path=path)
        return Columns(_read(tree, names), names, unused(every, names))


def _find_tree(file: Any, *, path: Path) -> Any:
    # Without a cycle number, uproot gives the newest of the copies that ROOT keeps of a tree.
    trees = {name: file[name] for name in file.keys(cycle=False, filter_classname="TTree")}
    fitting = {n: t for n, t in trees.items() if not missing(match(_column_names(t)))}
    for name in FIRST_CHOICES:
        if name in fitting:
            return fitting[name]
    likely = fitting or trees
    if len(likely) == 1:
        return next(iter(likely.values()))
    for name in FIRST_CHOICES:
        if name in likely:
            return likely[name]  # `select` will say which columns it lacks
    raise FormatError(
        f"{path}: expected one tree with hits, named {' or '.join(FIRST_CHOICES)}, but found "
        f"{', '.join(likely) or 'no tree'}; leave only one tree with posX, posY, posZ and edep."
    )


def _column_names(tree: Any) -> list[str]:
    names: list[str] = []
    for name, branch in tree.items(recursive=False):
        if name == "volumeID":
            names += [f"volumeID[{depth}]" for depth in VOLUME_DEPTHS]
        else:
            names.append(branch.name)
    return names


def _read(tree: Any, names: dict[str, str]) -> dict[str, np.ndarray]:
    branches = {name.partition("[")[0] for name in names.values()}
    parts: dict[str, list[np.ndarray]] = {meaning: [] for meaning in names}
    for chunk in tree.iterate(filter_name=list(branches), step_size=CHUNK, library="np"):
        for meaning, name in names.items():
            branch, _, depth = name.partition("[")
            values = chunk[branch]
            parts[meaning].append(values[:, int(depth[:-1])] if depth else values)
    return {m: np.concatenate(part) if part else np.empty(0) for m, part in parts.items()}
