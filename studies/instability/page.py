"""Numbers of all settings -> tables, a picture of where seeds differ, registered numbers."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from studies.formatting import between
from studies.instability.numbers import (
    Figures,
    Seeds,
    both,
    figures_of,
    rows_of,
    rsp_rows,
    wepl_rows,
)
from studies.intervals import Interval, LeftOut
from studies.markdown import table
from trackscape.pictures import save_figure


def spread_table(found: Sequence[Seeds]) -> list[str]:
    """Returns how far seeds differ, beside what counting does, a row for each setting."""
    headers = [
        "trained with",
        "decided by",
        "p+/F",
        "seeds",
        "rms error of WEPL, mm",
        "its spread over seeds, mm",
        "protons that one of two seeds uses, %",
        "spread of a voxel over seeds, % of counting noise",
    ]
    return table(headers, (_spread_row(each, figures_of(each)) for each in found))


def _spread_row(found: Seeds, figures: Figures) -> list[str]:
    return [
        found.setting,
        found.rule,
        str(found.per_frame),
        str(len(found.seeds)),
        between(figures.wepl_error),
        between(figures.wepl_spread),
        between(figures.not_shared, ".2f", scale=100),
        between(figures.image_spread, ".1f", scale=100 / figures.image_noise),
    ]


def rsp_table(found: Sequence[Seeds], first: str) -> list[str]:
    """Returns the effect of seeds, methods and losses on RSP, a row for each setting."""
    headers = [
        "trained with",
        "decided by",
        "p+/F",
        "mean absolute error of inserts, %",
        f"less {first}, points",
        "spread of an insert over seeds, %",
        "its counting error, %",
        *(f"{name}, RSP - true in %" for name in found[0].names),
    ]
    return table(headers, (_rsp_row(each, found, first) for each in found))


def _rsp_row(of: Seeds, found: Sequence[Seeds], first: str) -> list[str]:
    figures = figures_of(of)
    beside = _partner(of, found, first)
    gap = "" if beside is None else between(difference(of, beside)[1], "+.3f", scale=100)
    return [
        of.setting,
        of.rule,
        str(of.per_frame),
        between(figures.rsp_error, ".3f", scale=100),
        gap,
        between(figures.rsp_spread, ".3f", scale=100),
        f"{100 * figures.rsp_noise:.3f}",
        *(between(each, "+.2f", scale=100) for each in insert_errors(of)),
    ]


def insert_errors(found: Seeds) -> Iterator[Interval]:
    """Yields the relative error of each insert, with an interval from seeds and counting."""
    rows = rows_of(found, found.insert / found.true - 1)
    return (both(found).interval(row) for row in rows.T)


def _partner(of: Seeds, found: Sequence[Seeds], first: str) -> Seeds | None:
    """The first setting, by the same rule and at the same density, with the same seeds."""
    for each in found:
        alike = (each.rule, each.per_frame, each.seeds) == (of.rule, of.per_frame, of.seeds)
        if each.setting == first and each is not of and alike:
            return each
    return None


def difference(of: Seeds, beside: Seeds) -> tuple[Interval, Interval]:
    """Returns the rms error of WEPL in mm and the error of inserts, less those of another setting.

    Trainings of equal seeds, and equal protons, are left out together.
    """
    leave: LeftOut = both(of)
    return (
        leave.interval(wepl_rows(of) - wepl_rows(beside)),
        leave.interval(rsp_rows(of) - rsp_rows(beside)),
    )


def registered(found: Sequence[Seeds], first: str, *, at: int) -> dict[str, dict[str, Interval]]:
    """Returns the numbers of the registered findings: by the trained rule, in their units."""
    wepl: dict[str, Interval] = {}
    rsp: dict[str, Interval] = {}
    for each in found:
        beside = _partner(each, found, first)
        if each.rule == "trained rule" and each.per_frame == at and beside is not None:
            wepl[each.setting], share = difference(each, beside)
            rsp[each.setting] = share.scaled(100)
    return {f"WEPL error beside {first}": wepl, f"RSP error beside {first}": rsp}


def draw_maps(found: Sequence[Seeds], path: Path) -> None:
    """Draws where seeds differ, beside the noise of counting, on one scale."""
    noise = found[0].noise.square().mean(dim=0).sqrt()
    maps = {"counting noise": noise}
    maps |= {f"seeds of {each.setting}": each.image.std(dim=0) for each in found}
    figure, axes = plt.subplots(
        1, len(maps), figsize=(2.6 * len(maps), 2.9), layout="constrained", squeeze=False
    )
    top = float(noise.quantile(0.99))
    shown = None
    for axis, (title, values) in zip(axes.flat, maps.items(), strict=True):
        assert isinstance(axis, Axes)
        shown = axis.imshow(values.T.numpy(), vmin=0, vmax=top, cmap="viridis")
        axis.set_title(title, fontsize="small")
        axis.set_axis_off()
    assert shown is not None
    figure.colorbar(shown, ax=axes.ravel().tolist(), label="standard deviation of RSP", shrink=0.8)
    save_figure(figure, path)


def fewest_seeds(found: Sequence[Seeds]) -> int:
    """Returns the seeds that all settings have."""
    return min(len(each.seeds) for each in found)
