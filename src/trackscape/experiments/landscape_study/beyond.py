"""Figures of a study -> sentences on what the published one did not ask, all from intervals."""

from collections.abc import Iterator, Sequence

from trackscape.experiments.landscape_study.answer import WAYS, by_group
from trackscape.experiments.landscape_study.connections import Connection
from trackscape.experiments.landscape_study.likeness import Likeness
from trackscape.experiments.study.statistics import Interval
from trackscape.experiments.study.words import listing, plain

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
    for way in WAYS:
        yield of_stability([each for each in likeness if each.group in settings], way)


def of_alignment(connections: Sequence[Connection]) -> str:
    """Returns what permuting hidden units leaves of the barriers within settings."""
    kept = {group: each["aligned line"].kept for group, each in by_group(connections).items()}
    gone = [group for group, share in kept.items() if share.high < GONE]
    stays = [group for group, share in kept.items() if share.low > GONE]
    told = [f"{plain(share)} ({group})" for group, share in kept.items()]
    return (
        "- **Alignment of hidden units** leaves of the barrier of the Hamming loss on straight "
        f"lines between seeds: {listing(told)}. It is gone, with less than {GONE:g} left for sure, "
        f"for {listing(gone)}; it stays for {listing(stays)}."
    )


def of_start(connections: Sequence[Connection]) -> Iterator[str]:
    """Yields how much of the barriers between settings an equal start takes away."""
    barriers = {group: each["line"].barrier for group, each in by_group(connections).items()}
    for group, same in barriers.items():
        other = barriers.get(group.removesuffix(START))
        if group.endswith(START) and other is not None:
            yield (
                f"- **An equal start** of two trainings ({group.removesuffix(START)}) gives a "
                f"barrier of {_thousandths(same)} 1e-3 of Hamming on straight lines, against "
                f"{_thousandths(other)} of different ones: {_side(same, other)}."
            )


def of_stability(likeness: Sequence[Likeness], way: str) -> str:
    """Returns whose seeds agree more than those of the first setting."""
    values = {each.group: each.disagreement[way] for each in likeness}
    (name, first), *others = values.items()
    sides = {
        side: [group for group, value in others if _side(value, first) == side]
        for side in ("lower", "higher", "not told apart")
    }
    told = "; ".join(f"{side} for {listing(groups)}" for side, groups in sides.items() if groups)
    return (
        f"- **Disagreement of seeds**, decided {WAYS[way]}, against {plain(first)} of {name}, by "
        f"intervals that do not overlap: {told} "
        f"({listing([f'{plain(value)} for {group}' for group, value in others])})."
    )


def _side(value: Interval, other: Interval) -> str:
    if value.high < other.low:
        return "lower"
    return "higher" if value.low > other.high else "not told apart"


def _thousandths(interval: Interval) -> str:
    value, low, high = (f"{1e3 * number:.1f}" for number in interval)
    return f"{value} ({low} to {high})"
