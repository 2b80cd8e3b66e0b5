"""Sums of angles -> the table of trainings with the costs of the image."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from studies.downstream.judge import MEASURES, measured
from studies.intervals import Interval, leave_one_out
from studies.markdown import table


def page(sums: Mapping[str, Tensor], *, control: str, about: str) -> Iterator[str]:
    """Gives the lines of the generated part.

    Arguments:
        sums: Of each loss, (seeds, angles, columns); of weights without seeds, (1, angles, ...).
        control: The loss that others are compared with.
        about: Sentence on what was trained and judged.
    """
    seeds, angles, _ = sums[control].shape
    leave = leave_one_out(seeds, angles)
    rows = {name: measured(each.expand(seeds, -1, -1), leave) for name, each in sums.items()}
    headers = ["trained with", *MEASURES]
    yield from (about, "")
    cells = ([name, *(_cell(leave.interval(row)) for row in of)] for name, of in rows.items())
    yield from table(headers, cells, align="right")
    yield from ("", f"Less the row *{control}*, of equal seeds; bold where 0 is outside:", "")
    cells = (
        [name, *(_difference(leave.interval(row)) for row in of - rows[control])]
        for name, of in rows.items()
        if name != control
    )
    yield from table(headers, cells, align="right")


def _cell(figure: Interval) -> str:
    return f"{figure.value:.3f} ± {figure.high - figure.value:.3f}"


def _difference(figure: Interval) -> str:
    text = f"{figure.value:+.3f} ± {figure.high - figure.value:.3f}"
    return f"**{text}**" if figure.low > 0 or figure.high < 0 else text


def by_name(stack: Tensor, names: list[str], *, seeds: int) -> dict[str, Tensor]:
    """Returns the sums of each loss from those of all networks, the shipped one first."""
    trained = stack[1:].reshape(len(names), seeds, *stack.shape[1:])
    return {"shipped": stack[:1], **dict(zip(names, torch.unbind(trained), strict=True))}
