"""`Tracks`: chains of hits from the first layer to the last."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from trackscape.data.base import DeviceMixin, check_integers, check_range, check_shape
from trackscape.data.hits import Hits
from trackscape.data.tables import to_arrow_table, to_data_frame, to_records, track_columns
from trackscape.errors import DataError

if TYPE_CHECKING:
    import awkward
    import pyarrow


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Tracks(DeviceMixin):
    """Reconstructed tracks of one frame, as a ragged array.

    Hits that the frame lacks, and offsets that do not divide `index` into tracks are a DataError.

    Example:
        >>> hits = Hits(position=torch.zeros(5, 3), energy=torch.ones(5), layer=torch.arange(5))
        >>> index, offset = torch.tensor([0, 1, 2, 4]), torch.tensor([0, 3, 4])
        >>> tracks = Tracks(hits=hits, index=index, offset=offset)
        >>> len(tracks), tracks[0].tolist(), tracks.length.tolist(), tracks.of_hit.tolist()
        (2, [0, 1, 2], [3, 1], [0, 0, 0, -1, 1])
    """

    hits: Hits
    """All hits of the frame, those without a track included."""
    index: Int64[Tensor, " entries"]
    """Hits of track 0, then of track 1, ...; each from the first layer to the last."""
    offset: Int64[Tensor, " offsets"]
    """Track n is ``index[offset[n]:offset[n + 1]]``."""

    def __post_init__(self) -> None:
        check_shape(self.index, (None,), name="Tracks.index")
        check_shape(self.offset, (None,), name="Tracks.offset")
        check_range(self.index, len(self.hits), name="Tracks.index", what="hits")
        check_integers(self.offset, name="Tracks.offset")
        if self.offset.is_meta:
            return
        ends = self.offset[:1].tolist(), self.offset[-1:].tolist()
        if ends != ([0], [len(self.index)]) or bool((self.length < 1).any()):
            raise DataError(
                f"Expected offsets that grow from 0 to {len(self.index)}, the number of hits on "
                "tracks, got others. Each track needs a hit."
            )

    def __len__(self) -> int:
        return len(self.offset) - 1

    def __getitem__(self, track: int) -> Int64[Tensor, " length"]:
        """Returns the hits of one track; negative numbers count from the end."""
        track = range(len(self))[track]
        return self.index[int(self.offset[track]) : int(self.offset[track + 1])]

    @property
    def length(self) -> Int64[Tensor, " tracks"]:
        """Number of hits of each track."""
        return self.offset.diff()

    @property
    def number(self) -> Int64[Tensor, " entries"]:
        """Track number of each entry of `index`."""
        return torch.repeat_interleave(self.length)

    @property
    def first(self) -> Int64[Tensor, " tracks"]:
        """The most upstream hit of each track."""
        return self.index[self.offset[:-1]]

    @property
    def last(self) -> Int64[Tensor, " tracks"]:
        """The deepest hit of each track."""
        return self.index[self.offset[1:] - 1]

    @property
    def of_hit(self) -> Int64[Tensor, " hits"]:
        """Track number of each hit of the frame; -1 where it has none."""
        number = self.index.new_full((len(self.hits),), -1)
        number[self.index] = self.number
        return number

    @staticmethod
    def join(parts: "Sequence[Tracks]") -> "Tracks":
        """Returns the tracks of several frames, one after the other; see `Hits.join`."""
        hits = [0, *itertools.accumulate(len(part.hits) for part in parts)]
        entries = [0, *itertools.accumulate(len(part.index) for part in parts)]
        return Tracks(
            hits=Hits.join([part.hits for part in parts]),
            index=torch.cat([part.index + n for part, n in zip(parts, hits[:-1], strict=True)]),
            offset=torch.cat(
                [parts[0].offset[:1]]
                + [part.offset[1:] + n for part, n in zip(parts, entries[:-1], strict=True)]
            ),
        )

    def select(self, mask: Bool[Tensor, " tracks"]) -> "Tracks":
        """Returns the tracks where `mask` is true."""
        length = self.length[mask]
        return Tracks(
            hits=self.hits,
            index=self.index[mask[self.number]],
            offset=torch.cat([length.new_zeros(1), length.cumsum(0)]),
        )

    def to_arrow(self) -> "pyarrow.Table":
        """Returns a table with a row for each hit on a track.

        The columns: track, step (0 is the first hit of the track), hit (its place in `hits`), and
        those of `Hits.to_arrow`.
        """
        return to_arrow_table(track_columns(self))

    def to_pandas(self) -> Any:
        """Returns the rows of `to_arrow` as a `pandas.DataFrame`.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        return to_data_frame(track_columns(self))

    def to_awkward(self) -> "awkward.Array":
        """Returns a record for each track: its `length` and its `hits`, a list of records.

        A hit has the fields `hit` (its place among all hits of the frame), x, y, z in mm, edep in
        MeV and layer, and eventID, trackID, parentID, pdg, spotX, spotY and frameID where they are
        known: ``array.hits.x`` is a list of x for each track.

        Raises:
            MissingPackageError: awkward is not installed.
        """
        return to_records(self)
