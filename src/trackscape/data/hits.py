"""`Hits`: what the detector measured, and `Truth`: what the simulation knows about it."""

import dataclasses

import torch
from torch import Tensor

from trackscape.data.moving import Movable
from trackscape.errors import DataError


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Truth(Movable):
    """Where each hit came from. For training, evaluation and the making of frames only."""

    event: Tensor
    """(H,) int64. Number of the primary proton (Geant4's eventID) that the hit goes back to."""
    track: Tensor
    """(H,) int64. Geant4's trackID inside of the event."""
    parent: Tensor
    """(H,) int64. trackID of the parent; 0 for the primary itself."""
    pdg: Tensor | None = None
    """(H,) int64. Particle code of the Particle Data Group, where the file has it."""

    def __post_init__(self) -> None:
        _same_length(self, len(self.event))

    def __len__(self) -> int:
        return len(self.event)

    @property
    def primary(self) -> Tensor:
        """(H,) bool. Whether the primary proton itself left the hit."""
        return self.parent == 0

    def select(self, index: Tensor) -> "Truth":
        """Returns the truth of the hits `index` (integers or a mask)."""
        return Truth(
            event=self.event[index],
            track=self.track[index],
            parent=self.parent[index],
            pdg=None if self.pdg is None else self.pdg[index],
        )


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Hits(Movable):
    """Hits of a file or of one readout frame. Axis: H hits.

    Example:
        >>> hits = Hits(position=torch.zeros(2, 3), energy=torch.ones(2), layer=torch.arange(2))
        >>> len(hits), len(hits.select(hits.layer == 1))
        (2, 1)
    """

    position: Tensor
    """(H, 3) float. Centre (x, y, z) of the deposit in mm; z points along the beam."""
    energy: Tensor
    """(H,) float. Energy deposited in the sensitive layer, in MeV."""
    layer: Tensor
    """(H,) int64. Detector layer; 0 is hit first, 0 and 1 are the trackers."""
    spot: Tensor | None = None
    """(H, 2) float. Position (x, y) in mm of the beam spot that the hit belongs to."""
    truth: Truth | None = None
    """Where each hit came from; None for measured data."""

    def __post_init__(self) -> None:
        if self.position.ndim != 2 or self.position.shape[1] != 3:
            raise DataError(
                f"Expected positions of shape (H, 3), got {tuple(self.position.shape)}."
            )
        _same_length(self, len(self.position))

    def __len__(self) -> int:
        return len(self.position)

    def select(self, index: Tensor) -> "Hits":
        """Returns the hits `index` (integers in any order, or a mask)."""
        return Hits(
            position=self.position[index],
            energy=self.energy[index],
            layer=self.layer[index],
            spot=None if self.spot is None else self.spot[index],
            truth=None if self.truth is None else self.truth.select(index),
        )

    def sorted_by_layer(self) -> "Hits":
        """Returns the hits from the first layer to the last; within a layer the order stays.

        Hits that are in this order already are returned themselves.
        """
        if bool((self.layer[1:] >= self.layer[:-1]).all()):
            return self
        return self.select(torch.argsort(self.layer, stable=True))

    @property
    def known_truth(self) -> Truth:
        """The truth, or an error that says that the hits have none."""
        if self.truth is None:
            raise DataError(
                "These hits have no truth (event, track and parent of each hit), which frames, "
                "training and evaluation need. Use a simulated file."
            )
        return self.truth

    @property
    def relative_position(self) -> Tensor:
        """(H, 3) Position in mm with (x, y) relative to the beam spot, if there is one."""
        if self.spot is None:
            return self.position
        return torch.cat([self.position[:, :2] - self.spot, self.position[:, 2:]], dim=1)


def _same_length(noun: Hits | Truth, length: int) -> None:
    for field in dataclasses.fields(noun):
        value: object = getattr(noun, field.name)
        if isinstance(value, (Tensor, Truth)) and len(value) != length:
            raise DataError(
                f"{type(noun).__name__}.{field.name} has {len(value)} entries for {length} hits."
            )
