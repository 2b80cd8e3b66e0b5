"""Figures of a study -> tables of its page, ours beside the published ones."""

from collections.abc import Iterator, Sequence

from studies.loss_landscape import published
from studies.loss_landscape.answer import CURVED, of_test
from studies.loss_landscape.connections import Along, Connection, Distance
from studies.loss_landscape.decisions import WAYS
from studies.loss_landscape.flatness import Flatness, Spread
from studies.loss_landscape.likeness import Likeness
from studies.loss_landscape.quality import Reached
from studies.loss_landscape.significance import Significance
from studies.markdown import between, compared, percent
from trackscape.statistics import Interval

Rows = Iterator[str]


def quality_table(reached: Sequence[Reached]) -> Rows:
    """Yields what each setting reached, in both ways to decide."""
    yield from _head(
        "setting",
        "decided",
        "purity / efficiency",
        "published",
        "change of the purity",
        "of the efficiency",
        "wrong edges",
        "TPR",
        "FPR",
    )
    compare = {(each.setting, way): each.quality[way] for each in reached[1:] for way in WAYS}
    purity = compared({key: each.purity_gain for key, each in compare.items()}, digits=2)
    efficiency = compared({key: each.efficiency_gain for key, each in compare.items()}, digits=2)
    for each in reached:
        for way in WAYS:
            quality = each.quality[way]
            yield _row(
                each.setting,
                way,
                f"{percent(quality.metrics['purity'], digits=2)} / "
                f"{percent(quality.metrics['efficiency'], digits=2)}",
                _published_quality(each.setting) if way == "own" else "",
                *(gains.get((each.setting, way), "") for gains in (purity, efficiency)),
                percent(quality.error.value),
                percent(quality.metrics["edge_tpr"], digits=2),
                percent(quality.metrics["edge_fpr"]),
            )


def _published_quality(setting: str) -> str:
    if setting not in published.PURITY:
        return ""
    purity, efficiency = published.PURITY[setting], published.EFFICIENCY[setting]
    return f"{sum(purity) / 3:.1f} / {sum(efficiency) / 3:.1f}"


def flatness_table(flatness: Sequence[Flatness]) -> Rows:
    """Yields how steep the landscape is around the trainings of each setting."""
    yield from _head(
        "setting",
        "Hessian of",
        "eigenvalue 1",
        "eigenvalue 2",
        "angle",
        "smooth loss: lower in the plane by",
        "by > 2 errors",
        "flat",
        "Hamming: lower by",
        "by > 2 errors",
        "flat",
    )
    for each in flatness:
        cells = [_spread(value) for value in each.eigenvalues]
        for loss in (each.smooth, "hamming"):
            gain, flat = each.gain[loss], each.flat[loss]
            cells += [_share(gain), str(each.sure[loss]), _share(flat)]
        angle = f"{each.angle.mean:.0f}°"
        yield _row(each.setting, each.smooth, *cells[:2], angle, *cells[2:])


def _spread(value: Spread) -> str:
    return f"{value.mean:.3g} ({value.least:.3g} to {value.most:.3g})"


def _share(value: Spread) -> str:
    return f"{100 * value.mean:.0f} ({100 * value.least:.0f} to {100 * value.most:.0f}) %"


def norm_table(flatness: Sequence[Flatness], connections: Sequence[Connection]) -> Rows:
    """Yields the Hamming loss of trainings with the statistics as trained, and as recomputed."""
    yield from _head("setting", "as trained", "recomputed")
    ends = {each.group: each.losses["hamming"].ends for each in connections}
    for each in flatness:
        if each.setting in ends:
            recomputed = _thousandths(ends[each.setting])
            yield _row(each.setting, f"{1e3 * each.centre['hamming'].mean:.2f}", recomputed)


def connection_table(connections: Sequence[Connection]) -> Rows:
    """Yields Hamming and TPR along all routes, with the published values below ours."""
    yield from _head(
        "pairs",
        "route",
        "",
        "Hamming (1e-3): least",
        "largest",
        "mean",
        "TPR (%): least",
        "largest",
        "mean",
    )
    for each in connections:
        hamming, missed = each.losses["hamming"], each.losses["missed"]
        yield _row(
            f"{each.group} ({each.pairs})",
            each.route,
            "ours",
            *map(_thousandths, (hamming.lowest, hamming.highest, hamming.mean)),
            *map(_found, (missed.highest, missed.lowest, missed.mean)),
        )
        curve = published.CURVES.get((each.group, each.route))
        if curve is not None:
            numbers = [f"{value:g}" for value in (*curve.hamming, *curve.tpr)]
            yield _row("", "", "published", *numbers)


def _thousandths(interval: Interval) -> str:
    return between(interval, ".2f", scale=1e3)


def _found(missed: Interval) -> str:
    """TPR in % of the share that is missed."""
    return between(missed._replace(value=1 - missed.value), ".2f", scale=100)


def barrier_table(connections: Sequence[Connection], distances: Sequence[Distance]) -> Rows:
    """Yields barriers of both losses before and after alignment, and along the curves."""
    yield from _head(
        "pairs",
        "route",
        "distance",
        "barrier: Hamming (1e-3)",
        "relative to the ends",
        "mc: Hamming (1e-3)",
        "barrier: smooth loss",
        "mc: smooth loss",
    )
    apart = {each.group: each for each in distances}
    for each in connections:
        hamming, smooth = each.losses["hamming"], _smooth(each)
        distance = apart[each.group]
        lengths = {"line": distance.plain, "aligned line": distance.aligned}
        yield _row(
            each.group,
            each.route,
            "" if each.route in CURVED else f"{lengths[each.route]:.1f}",
            _thousandths(hamming.barrier),
            between(hamming.rise),
            _thousandths(hamming.connectivity),
            _short(smooth.barrier),
            _short(smooth.connectivity),
        )


def _smooth(connection: Connection) -> Along:
    return next(iter(connection.losses.values()))


def _short(interval: Interval) -> str:
    return between(interval, ".2g")


def layer_table(likeness: Sequence[Likeness]) -> Rows:
    """Yields the similarity of the layers of each module, with the published medians."""
    modules = list(likeness[0].layers)
    yield from _head("pairs", *(name for module in modules for name in (module, "published")))
    for each in likeness:
        theirs = published.CKA.get(each.group, {})
        cells = [
            cell
            for module in modules
            for cell in (between(each.layers[module]), theirs.get(module, ""))
        ]
        yield _row(each.group, *cells)


def decision_table(likeness: Sequence[Likeness]) -> Rows:
    """Yields how differently is decided, in both ways."""
    yield from _head(
        "pairs",
        "disagreement, own",
        "published",
        "by chance",
        "edges that differ (%)",
        "disagreement, tuned",
        "edges that differ (%)",
    )
    for each in likeness:
        yield _row(
            each.group,
            between(each.disagreement["own"]),
            published.DISAGREEMENT.get(each.group, ""),
            f"{each.chance['own']:.3f}",
            _percent(each.differing["own"]),
            between(each.disagreement["tuned"]),
            _percent(each.differing["tuned"]),
        )


def _percent(interval: Interval) -> str:
    return between(interval, scale=100)


def comparison_table(tests: Sequence[Significance]) -> Rows:
    """Yields tests that permute trainings, beside those that permute pairs."""
    yield from _head(
        "measure", "first", "second", "compared", "difference, p raw / corrected", "p, pairs"
    )
    for test in tests:
        yield _row(
            test.measure,
            test.first,
            test.second,
            test.contrast,
            of_test(test),
            f"{test.of_pairs:.4f}",
        )


def _head(*names: str) -> Rows:
    yield _row(*names)
    yield "|---|" + "---|" * (len(names) - 1)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
