"""`Tracks` -> .parquet, .csv or .npz."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from trackscape.formats.write import measured_columns, truth_columns, write_parts

if TYPE_CHECKING:
    from torch import Tensor

    from trackscape.data import Tracks


def write_tracks(frames: "Iterable[tuple[int, Tracks]]", path: Path | str) -> None:
    """Writes reconstructed tracks, one row for each hit on a track.

    The columns: frame, track (counted in its frame from 0), step (0 is the first layer of the
    track), layer, posX posY posZ (mm), edep (MeV), and eventID trackID parentID where the truth
    is known. Hits without a track are left out. Parquet and CSV are written frame by frame; the
    file appears when the last frame is done, and not at all if one fails.

    Arguments:
        frames: (number of the frame, its tracks), one after the other.
        path: New file ending in .parquet, .csv or .npz; an old one is replaced.

    Raises:
        FormatError: The suffix is unknown, or the folder is absent or full.
        DataError: The truth is known in some of the frames only.
    """
    write_parts(_parts(frames), Path(path))


def _parts(frames: "Iterable[tuple[int, Tracks]]") -> "Iterator[dict[str, Tensor]]":
    none = True
    for number, tracks in frames:
        none = False
        yield _part(number, tracks)
    if none:
        yield _part(0, _no_tracks())  # the columns alone


def _part(frame: int, tracks: "Tracks") -> "dict[str, Tensor]":
    import torch

    hits, number = tracks.hits.select(tracks.index), tracks.number
    columns = {
        "frame": torch.full_like(number, frame),
        "track": number,
        "step": torch.arange(len(number), device=number.device) - tracks.offset[number],
        "layer": hits.layer,
    }
    return columns | measured_columns(hits) | truth_columns(hits)


def _no_tracks() -> "Tracks":
    import torch

    from trackscape.data import Hits, Tracks

    none = torch.empty(0, dtype=torch.int64)
    hits = Hits(position=torch.empty(0, 3), energy=torch.empty(0), layer=none)
    return Tracks(hits=hits, index=none, offset=torch.zeros(1, dtype=torch.int64))
