"""Figures of a study -> sentences that say which estimator gains what, and what it costs.

No verdict is written by hand: each follows from p values that are corrected for all methods.
"""

from collections.abc import Iterator, Mapping, Sequence

from studies.agreement import FAILED
from studies.estimators.summary import Method, Quality, Step, Summary
from studies.markdown import between, compared, direction, listing, percent
from trackscape.statistics import Interval, sides

GRAPHS_A_STEP = 32
"""Of the published trainings, whose losses are divided by it before the assignment is shifted."""


def quality_sentences(methods: Sequence[Method], density: int) -> Iterator[str]:
    """Yields who decides better than the first method, and by how much."""
    first, gains = methods[0], error_gains(methods, density)
    yield (
        f"- **Wrong decisions at {density} p+/F**, against {first.name} with a tuned threshold: "
        f"{_verdict(gains, lower='fewer', higher='more')}."
    )
    best = min(methods, key=lambda method: method.quality[density].edge_error["tuned"].value)
    if best is first:
        yield f"- **The fewest wrong decisions at {density} p+/F** are those of {first.name}."
    else:
        yield _best(best, methods, density)
    yield _of_threshold(methods, density)


def error_gains(methods: Sequence[Method], density: int) -> dict[str, Interval]:
    """Returns the change of the error by each method but the first, which are tested together."""
    return {name: quality.error_gain for name, quality in _others(methods, density)}


def _others(methods: Sequence[Method], density: int) -> list[tuple[str, Quality]]:
    return [(method.name, method.quality[density]) for method in methods[1:]]


def _verdict(gains: Mapping[str, Interval], *, lower: str, higher: str) -> str:
    """Sorts methods by the side of 0 on which their differences lie for sure."""
    groups = dict(zip((lower, higher), sides(gains), strict=True))
    known = {name for group in groups.values() for name in group}
    groups["no difference shown"] = [name for name in gains if name not in known]
    return "; ".join(
        f"{side} for {len(names)} of {len(gains)} methods "
        f"({listing(sorted(names, key=lambda name: gains[name].value))})"
        for side, names in groups.items()
        if names
    )


def _best(best: Method, methods: Sequence[Method], density: int) -> str:
    first, others = methods[0], _others(methods, density)
    error = first.quality[density].edge_error["tuned"].value
    share = compared(error_gains(methods, density), digits=0, scale=100 / error)
    purity = compared({name: quality.purity_gain for name, quality in others}, digits=2)
    efficiency = compared({name: quality.efficiency_gain for name, quality in others}, digits=2)
    return (
        f"- **The fewest wrong decisions at {density} p+/F** are those of {with_scale(best)}: "
        f"{percent(best.quality[density].edge_error['tuned'].value)} % of the edges, instead of "
        f"{percent(error)} % for {first.name}; relatively, in %, {share[best.name]}. Purity "
        f"changes, in points, by {purity[best.name]}, efficiency by {efficiency[best.name]}. It is "
        "the best on the very frames that it is reported for, so that a little of this is luck."
    )


def _of_threshold(methods: Sequence[Method], density: int) -> str:
    errors = {
        way: {method.name: method.quality[density].edge_error[way].value for method in methods}
        for way in ("half", "tuned")
    }
    first = methods[0].name
    leads = {way: of_way[first] - min(of_way.values()) for way, of_way in errors.items()}
    return (
        f"- **The threshold at {density} p+/F**: {first} decides {percent(errors['half'][first])} "
        f"% of the edges wrongly at 0.5, and {percent(errors['tuned'][first])} % tuned. The best "
        f"method is ahead of it by {percent(leads['half'])} points at 0.5, and by "
        f"{percent(leads['tuned'])} tuned."
    )


def stability_sentences(methods: Sequence[Method], density: int) -> Iterator[str]:
    """Yields which method depends least on its seed."""
    mean = {method.name: method.quality[density].disagreement for method in methods}
    gains = {name: quality.disagreement_gain for name, quality in _others(methods, density)}
    first, least, most = (
        methods[0].name,
        min(mean, key=lambda name: mean[name].value),
        max(mean, key=lambda name: mean[name].value),
    )
    yield (
        f"- **Disagreement of seeds at {density} p+/F**: {between(mean[first])} for {first}, from "
        f"{between(mean[least])} for {least} to {between(mean[most])} for {most}. Against {first}: "
        f"{_verdict(gains, lower='less', higher='more')}."
    )
    failed = [
        f"{method.name} ({method.quality[density].failed})"
        for method in methods
        if method.quality[density].failed
    ]
    yield (
        f"- **Failed seeds**, with more than {FAILED:g} times the median error of all trainings: "
        f"{listing(failed)}."
    )


def cost_sentence(methods: Sequence[Method], density: int) -> str:
    """Returns what those methods cost that are better than the first."""
    first, *others = methods
    lower, _ = sides(error_gains(methods, density))
    better = [method for method in others if method.name in lower]
    prices = [
        f"{method.name} {method.solves:g} solves and "
        f"{method.seconds_per_frame / first.seconds_per_frame:.2f} times the time"
        for method in sorted(better, key=lambda method: method.seconds_per_frame)
    ]
    return (
        f"- **Cost** of a frame of the training: {first.name} {first.solves:g} solves and "
        f"{1e3 * first.seconds_per_frame:.0f} ms. Of those that decide better: {listing(prices)}."
    )


def ladder_sentences(ladder: Sequence[Step]) -> Iterator[str]:
    """Yields what the strength of blackbox interpolation does, for each method of the ladder."""
    for name in dict.fromkeys(step.method for step in ladder):
        steps = sorted((step for step in ladder if step.method == name), key=lambda s: s.strength)
        best = min(steps, key=lambda step: step.edge_error["tuned"].value)
        yield (
            f"- **{name}**: {_shifts(steps)} The lowest error, "
            f"{percent(best.edge_error['tuned'].value)} %, is that of the shift {best.shift:.2g}. "
            f"With the strength the error "
            f"{direction([step.edge_error['tuned'].value for step in steps])}; the disagreement of "
            f"seeds {direction([step.disagreement.value for step in steps])}, and is "
            f"{between(steps[0].disagreement)} for the least, {between(steps[-1].disagreement)} "
            "for the most."
        )


def _shifts(steps: Sequence[Step]) -> str:
    strengths = ", ".join(f"{step.strength:g}" for step in steps)
    if all(step.shift == step.strength for step in steps):
        return f"the strengths {strengths} are the largest shift of a cost."
    shifts = ", ".join(f"{step.shift:.2g}" for step in steps)
    small = ", ".join(f"{step.shift / GRAPHS_A_STEP:.1g}" for step in steps)
    return (
        f"the strengths {strengths} shift a cost by at most {shifts}; with the loss divided by the "
        f"{GRAPHS_A_STEP} graphs of a published step, by {small}."
    )


def search_sentence(summary: Summary) -> str:
    """Returns which scales were found at an end of their grid."""
    at_end = [
        method.name
        for method in summary.methods
        for tried in [[scale for scale, _ in summary.searches.get(method.name, [])]]
        if tried and method.scale in (min(tried), max(tried))
    ]
    return (
        "Scales found at an end of their grid, beyond which better ones may lie: "
        f"{listing(at_end)}."
    )


def with_scale(method: Method) -> str:
    """Returns the name of a method, with the scale that was found for it."""
    if method.searched is None:
        return method.name
    return f"{method.name} ({method.searched} {method.scale:g})"
