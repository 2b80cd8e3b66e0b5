"""Figures of a study -> sentences on what the published one did not ask, from corrected tests."""

from collections.abc import Iterator, Mapping, Sequence

from studies.loss_landscape.answer import WAYS, by_group
from studies.loss_landscape.connections import Connection
from studies.loss_landscape.likeness import Likeness
from studies.markdown import between, listing
from trackscape.statistics import Interval, Name, sides

GONE = 0.1
"""Share of the barrier of straight lines up to which it is called gone."""
START = ", same start"


def beyond(
    connections: Sequence[Connection], likeness: Sequence[Likeness], settings: Sequence[str]
) -> Iterator[str]:
    """Yields a line for each question.

    Arguments:
        connections: Of all networks.
        likeness: Of all networks.
        settings: Names of the settings; the first is what others are compared with.
    """
    within = [each for each in connections if each.group in settings]
    yield of_alignment(within)
    yield from of_start(connections)
    yield from of_stability([each for each in likeness if each.group in settings])


def of_alignment(connections: Sequence[Connection]) -> str:
    """Returns what permuting hidden units leaves of the barriers within settings."""
    kept = {group: each["aligned line"].kept for group, each in by_group(connections).items()}
    gone, stays = sides(kept, null=GONE)
    told = [f"{between(share)} ({group})" for group, share in kept.items()]
    return (
        "- **Alignment of hidden units** leaves of the barrier of the Hamming loss on straight "
        f"lines between seeds: {listing(told)}. It is gone, with less than {GONE:g} left for sure, "
        f"for {listing(gone)}; it stays for {listing(stays)}."
    )


def of_start(connections: Sequence[Connection]) -> Iterator[str]:
    """Yields how much of the barriers between settings an equal start takes away."""
    barriers = {group: each["line"].barrier for group, each in by_group(connections).items()}
    both = {
        group: (barriers[group + START], barrier)
        for group, barrier in barriers.items()
        if group + START in barriers
    }
    side = _sides({group: same.minus(other) for group, (same, other) in both.items()})
    for group, (same, other) in both.items():
        yield (
            f"- **An equal start** of two trainings ({group}) gives a barrier of "
            f"{_thousandths(same)} 1e-3 of Hamming on straight lines, against "
            f"{_thousandths(other)} of different ones: {side[group]}."
        )


def of_stability(likeness: Sequence[Likeness]) -> Iterator[str]:
    """Yields whose seeds agree more than those of the first setting, for each way to decide."""
    first, *others = likeness
    side = _sides(
        {
            (way, each.group): each.disagreement[way].minus(first.disagreement[way])
            for way in WAYS
            for each in others
        }
    )
    for way, words in WAYS.items():
        groups = {
            name: [each.group for each in others if side[way, each.group] == name]
            for name in ("lower", "higher", "not told apart")
        }
        told = "; ".join(f"{name} for {listing(of)}" for name, of in groups.items() if of)
        values = [f"{between(each.disagreement[way])} for {each.group}" for each in others]
        yield (
            f"- **Disagreement of seeds**, decided {words}, against "
            f"{between(first.disagreement[way])} of {first.group}, by t tests of differences: "
            f"{told} ({listing(values)})."
        )


def _sides(differences: Mapping[Name, Interval]) -> dict[Name, str]:
    below, above = sides(differences)
    return dict.fromkeys(differences, "not told apart") | (
        dict.fromkeys(below, "lower") | dict.fromkeys(above, "higher")
    )


def _thousandths(interval: Interval) -> str:
    return between(interval, ".1f", scale=1e3)
