"""A file -> what was understood of it, and `Hits`: only these need PyTorch, which loads slowly."""

import dataclasses
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trackscape.formats import tables
from trackscape.formats.columns import SPOT, TRUTH, FileColumns, checked
from trackscape.formats.event_data import read_events
from trackscape.formats.event_names import TRACKML
from trackscape.formats.events import number_events
from trackscape.formats.files import kind_to_read
from trackscape.formats.layers import Numbering, number_layers
from trackscape.formats.root import read_root
from trackscape.text import shown

if TYPE_CHECKING:
    from torch import Tensor

    from trackscape.data import Hits

_LOG = logging.getLogger(__name__)
_READERS = {
    ".npz": tables.read_npz,
    ".npy": tables.read_npy,
    ".root": read_root,
    ".parquet": tables.read_parquet,
    ".csv": tables.read_csv,
    TRACKML: read_events,
}


@dataclasses.dataclass(frozen=True)
class Recognised:
    """Checked columns of a file, and how they were understood."""

    columns: FileColumns
    numbering: Numbering
    truth: Mapping[str, np.ndarray] | None
    """Columns event, track and parent, (hits,) int64 each; None for measured data."""
    notes: tuple[str, ...]
    """Remarks on what was read in a way that has to be told."""


def read_hits(path: Path | str, *, max_bytes: int | None = None) -> "Hits":
    """Reads simulated or measured hits; one row is one hit, and rows keep their order.

    Understands `.npz` (the published structured array, or one array for each column), `.npy`,
    `.root` (trees of GATE 8, 9 and 10; needs the extra `root`), `.parquet` and `.csv`, and folders
    of files of events of TrackML and ACTS or one of their files of hits (docs/formats.md), with
    positions in mm, energies in MeV and the beam along +z. Columns are found by name, layers by the
    rule that agrees with posZ; `inspect_file` reports both. Numbers become float32. The truth is
    None where eventID, trackID and parentID are missing; no two of its events share a number.

    A file may unpack to `max_bytes`: by default 100 times its size, 64 MiB to 16 GiB.

    Raises:
        FormatError: The file is absent, damaged or of an unknown kind, lacks columns, holds
            impossible values, unpacks to too much, or events share a number.

    Example:
        >>> from trackscape.samples import VALIDATION
        >>> hits = read_hits(VALIDATION)
        >>> len(hits), hits.position.dtype, int(hits.layer.max())
        (18377, torch.float32, 42)
    """
    path = Path(path)
    begin = time.monotonic()
    found = recognise(path, max_bytes=max_bytes)
    rows, seconds = len(found.columns.values["energy"]), time.monotonic() - begin
    _LOG.info("Read %s: %s rows in %.2f s.", shown(path), f"{rows:,}", seconds)
    for note in found.notes:
        _LOG.warning("%s: %s", shown(path), note)
    return to_hits(found)


def recognise(path: Path, *, max_bytes: int | None = None) -> Recognised:
    """Reads, checks and interprets a file of hits."""
    return interpret(_READERS[kind_to_read(path)](path, max_bytes), path=path)


def interpret(columns: FileColumns, *, path: Path) -> Recognised:
    """Checks the columns of a file, or of some of its rows, and finds layers and events."""
    columns = checked(columns, path=path)
    values = columns.values
    numbering = number_layers(columns, values["z"], path=path)
    truth, notes = None, columns.notes
    if columns.has(TRUTH):
        truth, more = number_events(values, numbering.layer, path=path)
        notes += more
    return Recognised(columns, numbering, truth, notes)


def read_provenance(path: Path) -> dict[str, Any] | None:
    """Returns what made the rows of a file that `hit_stream` wrote, or None if it does not say.

    Raises:
        FormatError: The file is absent or damaged.
    """
    path = Path(path)
    if kind_to_read(path) != ".npz":
        return None
    with tables.open_archive(path) as archive:
        if tables.PROVENANCE_KEY not in archive or archive.dtype(tables.PROVENANCE_KEY).kind != "U":
            return None
        text = archive.read(tables.PROVENANCE_KEY)
    try:
        content = json.loads(text.item())
    except (ValueError, RecursionError):  # another program stores something of its own there
        return None
    return content if isinstance(content, dict) else None


def to_hits(found: Recognised) -> "Hits":
    """Returns what was recognised as `Hits`."""
    import torch

    from trackscape.data import Hits, Truth

    values, truth = found.columns.values, None

    def together(meanings: tuple[str, ...]) -> "Tensor":
        stacked = np.stack([values[meaning] for meaning in meanings], axis=1)
        return torch.from_numpy(stacked.astype(np.float32))

    if found.truth is not None:
        pdg = torch.from_numpy(values["pdg"]) if "pdg" in values else None
        truth = Truth(**{name: torch.from_numpy(v) for name, v in found.truth.items()}, pdg=pdg)
    return Hits(
        position=together(("x", "y", "z")),
        energy=torch.from_numpy(values["energy"].astype(np.float32)),
        layer=torch.from_numpy(found.numbering.layer),
        spot=together(SPOT) if found.columns.has(SPOT) else None,
        frame=torch.from_numpy(values["frame"]) if "frame" in values else None,
        truth=truth,
    )
