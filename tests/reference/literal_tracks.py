"""Chosen edges -> tracks -> purity and efficiency of one frame."""

import dataclasses

from reference.literal_graph import Edge
from reference.literal_hits import Hit

MORE_HITS_THAN = 4
MORE_ENERGY_THAN = 0.0625

Track = list[int]
"""Positions in the list of hits, from the first layer to the deepest."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metrics:
    """Ratios of one frame; each is 0 where its denominator is."""

    purity: float
    """Published: correct / all, of the tracks all of whose hits are of primaries."""
    efficiency: float
    """Published: correct tracks / events all of whose hits are primary."""
    reconstructable_efficiency: float
    """Correct tracks / primaries with at least 5 hits of which the last has over 62.5 keV."""
    complete_efficiency: float
    """As before, of tracks that hold all hits of their primary."""
    accepted_purity: float
    """Correct tracks / all tracks."""


def chain(n_hits: int, edges: list[Edge], selected: list[bool]) -> list[Track]:
    """Follows the chosen edges from each hit without upstream partner to the deepest hit.

    A hit without any partner is a track of one hit.
    """
    downstream_of: dict[int, int] = {}
    has_upstream: set[int] = set()
    for (downstream, upstream), chosen in zip(edges, selected, strict=True):
        if chosen:
            downstream_of[upstream] = downstream
            has_upstream.add(downstream)
    tracks: list[Track] = []
    for start in range(n_hits):
        if start not in has_upstream:
            track = [start]
            while track[-1] in downstream_of:
                track.append(downstream_of[track[-1]])
            tracks.append(track)
    return tracks


def accept(hits: list[Hit], tracks: list[Track]) -> list[Track]:
    """Keeps tracks with more than 4 hits and more than 0.0625 MeV in the deepest hit."""
    return [
        track
        for track in tracks
        if len(track) > MORE_HITS_THAN and hits[track[-1]].edep > MORE_ENERGY_THAN
    ]


def measure(hits: list[Hit], accepted: list[Track]) -> Metrics:
    """Compares the accepted tracks of a frame with the truth.

    Arguments:
        hits: Hits of the frame, after the cluster cut and without those behind a gap.
        accepted: Tracks that passed `accept`.
    """
    all_primary = [track for track in accepted if all(hits[i].primary for i in track)]
    correct = [track for track in all_primary if len({hits[i].event for i in track}) == 1]
    complete = [track for track in correct if is_complete(hits, track)]
    reconstructable = count_reconstructable(hits)
    return Metrics(
        purity=_ratio(len(correct), len(all_primary)),
        efficiency=_ratio(len(correct), count_purely_primary_events(hits)),
        reconstructable_efficiency=_ratio(len(correct), reconstructable),
        complete_efficiency=_ratio(len(complete), reconstructable),
        accepted_purity=_ratio(len(correct), len(accepted)),
    )


def is_complete(hits: list[Hit], track: Track) -> bool:
    """Returns whether the track holds every primary hit of the event of its first hit."""
    event = hits[track[0]].event
    wanted = {i for i, hit in enumerate(hits) if hit.event == event and hit.primary}
    return wanted <= set(track)


def count_purely_primary_events(hits: list[Hit]) -> int:
    """Returns the number of events of the frame all of whose hits are primary."""
    events = {hit.event for hit in hits}
    touched = {hit.event for hit in hits if not hit.primary}
    return len(events - touched)


def count_reconstructable(hits: list[Hit]) -> int:
    """Returns the number of primaries that pass the cuts of `accept` with their true hits."""
    hits_of_primary: dict[int, list[Hit]] = {}
    for hit in hits:
        if hit.primary:
            hits_of_primary.setdefault(hit.event, []).append(hit)
    return sum(
        len(group) > MORE_HITS_THAN
        and max(group, key=lambda hit: hit.layer).edep > MORE_ENERGY_THAN
        for group in hits_of_primary.values()
    )


def _ratio(numerator: int, denominator: int) -> float:
    return numerator / denominator if denominator else 0.0
