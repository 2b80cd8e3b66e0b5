"""`Hits`: what the detector measured, and `Truth`: what the simulation knows about it."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor

from trackscape.data.base import DeviceMixin, check_finite, check_integers, check_shape
from trackscape.data.tables import all_hit_columns, to_arrow_table, to_data_frame
from trackscape.errors import DataError

if TYPE_CHECKING:
    import pyarrow

_Value = TypeVar("_Value")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Truth(DeviceMixin):
    """Where each hit came from. For training, evaluation and the making of frames only."""

    event: Int64[Tensor, " hits"]
    """Number of the primary proton (Geant4's eventID) that the hit goes back to."""
    track: Int64[Tensor, " hits"]
    """Geant4's trackID inside of the event."""
    parent: Int64[Tensor, " hits"]
    """trackID of the parent; 0 for the primary itself."""
    pdg: Int64[Tensor, " hits"] | None = None
    """Particle code of the Particle Data Group, where the file has it."""

    def __post_init__(self) -> None:
        check_shape(self.event, (None,), name="Truth.event")
        for name in ("event", "track", "parent", "pdg"):
            value: Tensor | None = getattr(self, name)
            if value is not None:
                check_shape(value, (len(self),), name=f"Truth.{name}")
                check_integers(value, name=f"Truth.{name}")

    def __len__(self) -> int:
        return len(self.event)

    @property
    def primary(self) -> Bool[Tensor, " hits"]:
        """Whether the primary proton itself left the hit."""
        return self.parent == 0

    @staticmethod
    def join(parts: "Sequence[Truth]") -> "Truth":
        """Returns the truth of hits of several frames, one after the other."""
        codes = _all([part.pdg for part in parts])
        return Truth(
            event=torch.cat([part.event for part in parts]),
            track=torch.cat([part.track for part in parts]),
            parent=torch.cat([part.parent for part in parts]),
            pdg=torch.cat(codes) if codes else None,
        )

    def select(self, index: Shaped[Tensor, " selected"]) -> "Truth":
        """Returns the truth of the hits `index` (integers or a mask)."""
        return self._each(lambda value: value[index])


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Hits(DeviceMixin):
    """Hits of a file or of one readout frame.

    Other shapes or types, layers below 0, and positions, energies or spots that are no finite
    numbers are a DataError that names the first such hit.

    Example:
        >>> hits = Hits(position=torch.zeros(2, 3), energy=torch.ones(2), layer=torch.arange(2))
        >>> len(hits), len(hits.select(hits.layer == 1))
        (2, 1)
    """

    position: Float[Tensor, "hits 3"]
    """Centre (x, y, z) of the deposit in mm; z points along the beam."""
    energy: Float[Tensor, " hits"]
    """Energy deposited in the sensitive layer, in MeV."""
    layer: Int64[Tensor, " hits"]
    """Detector layer; 0 is hit first."""
    spot: Float[Tensor, "hits 2"] | None = None
    """Position (x, y) in mm of the beam spot that the hit belongs to."""
    frame: Int64[Tensor, " hits"] | None = None
    """Number of the readout frame, where the file has it."""
    truth: Truth | None = None
    """Where each hit came from; None for measured data."""
    n_trackers: int = 2
    """Number of layers, from layer 0 on, that are trackers, 2 in the published detector; behind
    them is the calorimeter. Cuts differ between these two regions, and losses weigh them alike."""

    def __post_init__(self) -> None:
        check_shape(self.position, (None, 3), name="Hits.position")
        check_shape(self.energy, (len(self),), name="Hits.energy")
        check_shape(self.layer, (len(self),), name="Hits.layer")
        check_finite(self.position, name="Hits.position")
        check_finite(self.energy, name="Hits.energy")
        check_integers(self.layer, name="Hits.layer", least=0)
        if self.spot is not None:
            check_shape(self.spot, (len(self), 2), name="Hits.spot")
            check_finite(self.spot, name="Hits.spot")
        if self.frame is not None:
            check_shape(self.frame, (len(self),), name="Hits.frame")
            check_integers(self.frame, name="Hits.frame")
        if self.truth is not None and len(self.truth) != len(self):
            raise DataError(
                f"Hits.truth has {len(self.truth)} entries for {len(self)} hits. Select both alike."
            )

    def __len__(self) -> int:
        return len(self.position)

    def select(self, index: Shaped[Tensor, " selected"]) -> "Hits":
        """Returns the hits `index` (integers in any order, or a mask)."""
        return self._each(lambda value: value[index])

    @staticmethod
    def join(parts: "Sequence[Hits]") -> "Hits":
        """Returns the hits of several frames, one after the other.

        Raises:
            DataError: Some have a spot, a frame or a truth and others do not.
        """
        truths, spots = _all([p.truth for p in parts]), _all([p.spot for p in parts])
        frames = _all([p.frame for p in parts])
        return Hits(
            position=torch.cat([part.position for part in parts]),
            energy=torch.cat([part.energy for part in parts]),
            layer=torch.cat([part.layer for part in parts]),
            spot=torch.cat(spots) if spots else None,
            frame=torch.cat(frames) if frames else None,
            truth=Truth.join(truths) if truths else None,
            n_trackers=parts[0].n_trackers,
        )

    def sorted_by_layer(self) -> "Hits":
        """Returns the hits from the first layer to the last; within a layer the order stays."""
        if bool((self.layer[1:] >= self.layer[:-1]).all()):
            return self
        return self.select(torch.argsort(self.layer, stable=True))

    def to_arrow(self) -> "pyarrow.Table":
        """Returns a table with a row for each hit, which polars and DuckDB take as well.

        The columns are named as in files: posX posY posZ in mm, edep in MeV, eventID trackID
        parentID, layer, pdg, spotX spotY in mm, frameID, those that the hits have.
        """
        return to_arrow_table(all_hit_columns(self))

    def to_pandas(self) -> Any:
        """Returns the rows of `to_arrow` as a `pandas.DataFrame`.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        return to_data_frame(all_hit_columns(self))

    @property
    def known_truth(self) -> Truth:
        """The truth, or an error that says that the hits have none."""
        if self.truth is None:
            raise DataError(
                "These hits have no truth (event, track and parent of each hit), which frames of so"
                " many protons, training and evaluation need. Use a simulated file."
            )
        return self.truth

    @property
    def relative_position(self) -> Float[Tensor, "hits 3"]:
        """Position in mm with (x, y) relative to the beam spot, if there is one."""
        if self.spot is None:
            return self.position
        return torch.cat([self.position[:, :2] - self.spot, self.position[:, 2:]], dim=1)


def _all(values: Sequence[_Value | None]) -> list[_Value]:
    """Returns values that all parts have; none if none has one."""
    known = [value for value in values if value is not None]
    if known and len(known) < len(values):
        raise DataError(
            "Expected truth, frame numbers and beam spots of all hits or of none, but only some "
            "frames have them; join those alike."
        )
    return known
