"""Rows of a published file -> readout frames of merged hits."""

import dataclasses
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

MICROMETRES_OF_SILICON = 25.0
SMALLEST_CLUSTER = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hit:
    """All that one particle left in one layer."""

    event: int
    """eventID: the primary proton that the hit goes back to."""
    track: int
    """trackID inside of the event."""
    parent: int
    """trackID of the parent; 0 for the primary itself."""
    layer: int
    """0 and 1 are the trackers, 2 is the first calorimeter layer."""
    edep: float
    """Sum of the deposits in MeV."""
    x: float
    """Mean of the deposits in mm, relative to the beam spot where there is one."""
    y: float
    """As x."""
    z: float
    """Mean of the deposits in mm, along the beam."""

    @property
    def primary(self) -> bool:
        """Whether the primary proton itself left the hit."""
        return self.parent == 0


def mean_cluster_size(edep: float) -> float:
    """Returns the expected number of pixels for a deposit in MeV, before rounding.

    Formula: 4.2267 (edep in keV / 25 um)^0.65.
    """
    return 4.2267 * (edep * 1000.0 / MICROMETRES_OF_SILICON) ** 0.65


def cluster_size(edep: float) -> int:
    """Returns the number of pixels that a deposit in MeV fires, rounded to the nearest."""
    return int(mean_cluster_size(edep) + 0.5)


def layer_of(level1: int, level2: int) -> int:
    """Returns the layer number: the trackers have level2ID == -1."""
    return level1 if level2 == -1 else 2 + level2


def make_frames(
    rows: NDArray[np.void], primaries: int, *, drop_last_connected: bool = False
) -> list[list[Hit]]:
    """Cuts a file into frames of `primaries` consecutive events and cleans each of them.

    Events that left no row do not count; events whose hits are all dropped later do. The
    incomplete group at the end (of each beam spot, where there are spots) is left out.

    Arguments:
        rows: Structured array of the file.
        primaries: Number of events in a frame.
        drop_last_connected: See `drop_behind_gap`.
    """
    frames: list[list[Hit]] = []
    for spot, rows_of_spot in split_by_spot(rows):
        hits_of_event: dict[int, list[Hit]] = {}
        for hit in merge_rows(rows_of_spot, spot=spot):
            hits_of_event.setdefault(hit.event, []).append(hit)
        events = sorted(hits_of_event)
        for first in range(0, len(events) - primaries + 1, primaries):
            hits = [hit for e in events[first : first + primaries] for hit in hits_of_event[e]]
            large = [hit for hit in hits if cluster_size(hit.edep) >= SMALLEST_CLUSTER]
            connected = drop_behind_gap(large, drop_last_connected=drop_last_connected)
            frames.append(sort_hits(connected))
    return frames


def split_by_spot(
    rows: NDArray[np.void],
) -> list[tuple[tuple[float, float], NDArray[np.void]]]:
    """Returns (spot, rows) for each beam spot in order of appearance; one spot (0, 0) without."""
    names = rows.dtype.names or ()
    if "spotX" not in names:
        return [((0.0, 0.0), rows)]
    spots = list(zip(rows["spotX"].tolist(), rows["spotY"].tolist(), strict=True))
    return [
        (spot, rows[np.array([other == spot for other in spots])]) for spot in dict.fromkeys(spots)
    ]


def merge_rows(rows: NDArray[np.void], *, spot: tuple[float, float] = (0.0, 0.0)) -> list[Hit]:
    """Merges the rows of each (event, track, layer): deposits summed, positions averaged."""
    groups: dict[tuple[int, int, int], list[dict[str, float]]] = {}
    for values in rows.tolist():
        row = dict(zip(rows.dtype.names or (), values, strict=True))
        key = (row["eventID"], row["trackID"], layer_of(row["level1ID"], row["level2ID"]))
        groups.setdefault(key, []).append(row)
    return [
        Hit(
            event=event,
            track=track,
            parent=int(group[0]["parentID"]),
            layer=layer,
            edep=sum(row["edep"] for row in group),
            x=sum(row["posX"] for row in group) / len(group) - spot[0],
            y=sum(row["posY"] for row in group) / len(group) - spot[1],
            z=sum(row["posZ"] for row in group) / len(group),
        )
        for (event, track, layer), group in groups.items()
    ]


def drop_behind_gap(hits: list[Hit], *, drop_last_connected: bool = False) -> list[Hit]:
    """Drops every hit behind the first empty layer, counted from the shallowest layer with a hit.

    Arguments:
        hits: Hits of one frame.
        drop_last_connected: Whether, in a frame that has a gap, the layer just before it goes as
            well, as in the published code.
    """
    if not hits:
        return []
    occupied = {hit.layer for hit in hits}
    last = min(occupied)
    while last + 1 in occupied:
        last += 1
    if drop_last_connected and last < max(occupied):
        last -= 1
    return [hit for hit in hits if hit.layer <= last]


def sort_hits(hits: Iterable[Hit]) -> list[Hit]:
    """Returns the hits ordered by layer, then event, then track."""
    return sorted(hits, key=lambda hit: (hit.layer, hit.event, hit.track))
