"""A file -> `Hits`, and what was understood of it."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from trackscape.data import Hits, Truth
from trackscape.formats.checks import checked
from trackscape.formats.columns import SPOT, TRUTH, Columns
from trackscape.formats.files import kind_to_read
from trackscape.formats.layers import Numbering, number_layers
from trackscape.formats.numpy_files import read_npy, read_npz
from trackscape.formats.root import read_root
from trackscape.formats.tables import read_csv, read_parquet

_READERS = {
    ".npz": read_npz,
    ".npy": read_npy,
    ".root": read_root,
    ".parquet": read_parquet,
    ".csv": read_csv,
}


@dataclasses.dataclass(frozen=True)
class Recognised:
    """Hits, and how the columns of the file were understood."""

    hits: Hits
    columns: Columns
    numbering: Numbering


def read_hits(path: Path) -> Hits:
    """Reads simulated or measured hits; one row is one hit, and rows keep their order.

    Understands `.npz` (the published structured array, or one array for each column), `.npy`,
    `.root` (trees of GATE 8, 9 and 10; needs the extra `root`), `.parquet` and `.csv`. Columns
    are found by name, layers by the rule that agrees with posZ; `inspect_file` reports both.

    Arguments:
        path: The file. Positions in mm, energies in MeV, the beam along +z.

    Returns:
        The hits. Positions and energies are float32 where the file has them so, else float64
        (CSV: always). The truth is None where the file has no eventID, trackID and parentID.

    Raises:
        FormatError: The file is absent, damaged or of an unknown kind, lacks columns, or holds
            impossible values.

    Example:
        >>> from trackscape.samples import VALIDATION
        >>> hits = read_hits(VALIDATION)
        >>> len(hits), hits.position.dtype, int(hits.layer.max())
        (18377, torch.float32, 42)
    """
    return recognise(Path(path)).hits


def recognise(path: Path) -> Recognised:
    """Reads, checks and interprets a file."""
    columns = checked(_READERS[kind_to_read(path)](path), path=path)
    values = columns.values
    numbering = number_layers(columns, values["z"], path=path)
    hits = Hits(
        position=_together(values, ("x", "y", "z")),
        energy=torch.from_numpy(values["energy"]),
        layer=torch.from_numpy(numbering.layer),
        spot=_together(values, SPOT) if columns.has(SPOT) else None,
        truth=_truth(values) if columns.has(TRUTH) else None,
    )
    return Recognised(hits, columns, numbering)


def _together(values: Mapping[str, np.ndarray], meanings: tuple[str, ...]) -> Tensor:
    return torch.from_numpy(np.stack([values[meaning] for meaning in meanings], axis=1))


def _truth(values: Mapping[str, np.ndarray]) -> Truth:
    event, track, parent = (torch.from_numpy(values[meaning]) for meaning in TRUTH)
    pdg = torch.from_numpy(values["pdg"]) if "pdg" in values else None
    return Truth(event=event, track=track, parent=parent, pdg=pdg)
