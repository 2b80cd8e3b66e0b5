"""Measurements of the seeds of a setting -> what they have in common, and how far they differ."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from studies.decisions import read_arrays
from studies.instability.measure import GROUPS, Case
from studies.intervals import Interval, LeftOut, leave_one_out

INSIDE = 70.0
"""Radius in mm within which voxels count."""


class Seeds(NamedTuple):
    """What the seeds of one setting found, by one rule, at one density. Axes: S seeds."""

    setting: str
    rule: str
    per_frame: int
    seeds: tuple[int, ...]
    wepl: Tensor
    """(S, protons), NaN where a proton is not used."""
    square: Tensor
    """(S, groups) sums of squared errors of WEPL in mm²."""
    number: Tensor
    """(S, groups) numbers of them."""
    image: Tensor
    """(S, nx, nz)."""
    noise: Tensor
    """(S, nx, nz) standard deviation of each voxel that comes of the number of protons."""
    insert: Tensor
    """(S, 1 + groups, inserts) RSP of the inserts, of all and without each group of tracks."""
    absolute: Tensor
    """(S, 1 + groups) mean absolute relative error of the inserts."""
    true: Tensor
    """(inserts,)"""
    names: tuple[str, ...]


def read_seeds(cases: Sequence[Case], folder: Path) -> Seeds:
    """Returns the measurements of cases that differ in their seeds only."""
    read = [read_arrays(case.file(folder)) for case in cases]

    def stack(name: str) -> Tensor:
        return torch.from_numpy(np.stack([each[name] for each in read]))

    return Seeds(
        cases[0].setting,
        cases[0].rule,
        cases[0].per_frame,
        tuple(case.seed for case in cases),
        wepl=stack("wepl").flatten(1),
        square=stack("square"),
        number=stack("count"),
        image=stack("image").double(),
        noise=stack("noise").double(),
        insert=stack("insert"),
        absolute=stack("absolute"),
        true=torch.from_numpy(read[0]["true"]),
        names=tuple(read[0]["name"].tolist()),
    )


class Figures(NamedTuple):
    """The numbers of a row: rms of WEPL in mm, spreads over seeds beside the noise of counting."""

    wepl_error: Interval
    """Rms error of WEPL, mm."""
    wepl_spread: Interval
    """Rms over protons of the standard deviation over seeds, mm."""
    not_shared: Interval
    """Share of the protons of two seeds that only one of them uses."""
    rsp_error: Interval
    """Mean absolute relative error of the inserts."""
    rsp_spread: Interval
    """Standard deviation over seeds of the RSP of an insert, relative, rms over inserts."""
    rsp_noise: float
    """Standard error of the RSP of an insert from counting, in the same way."""
    image_spread: Interval
    """Standard deviation over seeds of a voxel, rms over the object."""
    image_noise: float
    """Standard deviation of a voxel from counting, in the same way."""


def figures_of(found: Seeds) -> Figures:
    """Returns the numbers of a setting."""
    leave = leave_one_out(len(found.seeds))
    relative = found.insert[:, 0] / found.true
    inside = _inside(found.image.shape[1:])
    return Figures(
        wepl_error=both(found).interval(wepl_rows(found)),
        wepl_spread=leave.interval(_rows(leave, found.wepl.double(), _spread)),
        not_shared=leave.interval(_rows(leave, found.wepl.isfinite(), _not_shared)),
        rsp_error=both(found).interval(rsp_rows(found)),
        rsp_spread=leave.interval(_rows(leave, relative, _spread)),
        rsp_noise=_rms(counting_error(found) / found.true),
        image_spread=leave.interval(_rows(leave, found.image[:, inside], _spread)),
        image_noise=_rms(found.noise[:, inside]),
    )


def both(found: Seeds) -> LeftOut:
    """Returns the weights that leave out a seed, or a group of protons, at a time."""
    return leave_one_out(len(found.seeds), GROUPS)


def wepl_rows(found: Seeds) -> Tensor:
    """Returns the rms error of WEPL, mean over seeds, for each row of `both`."""
    leave = both(found)
    square, count = (leave.frames @ each.T for each in (found.square, found.number.double()))
    return _mean(leave, (square / count).sqrt())


def rsp_rows(found: Seeds) -> Tensor:
    """Returns the mean absolute error of inserts, mean over seeds, for each row of `both`."""
    return rows_of(found, found.absolute[..., None])[:, 0]


def rows_of(found: Seeds, values: Tensor) -> Tensor:
    """Returns means over seeds, (rows, figures), for each row of `both`.

    Arguments:
        found: The seeds.
        values: Of all and without each group of tracks, (S, 1 + groups, figures).
    """
    leave = both(found)
    whole = values[:, :1].expand(-1, 1 + len(found.seeds), -1)  # all, and without a seed
    of_row = torch.cat([whole, values[:, 1:]], dim=1).movedim(1, 0)
    return (leave.seeds[..., None] * of_row).sum(dim=1) / leave.seeds.sum(dim=1)[:, None]


def counting_error(found: Seeds) -> Tensor:
    """Returns the standard error of the RSP of each insert and seed from counting, (S, inserts)."""
    without = found.insert[:, 1:]
    return ((GROUPS - 1) * without.var(dim=1, correction=0)).sqrt()


def _mean(leave: LeftOut, of_seed: Tensor) -> Tensor:
    """Means over seeds of numbers (rows, seeds)."""
    return (leave.seeds * of_seed).sum(dim=1) / leave.seeds.sum(dim=1)


def _rows(leave: LeftOut, values: Tensor, figure: Callable[[Tensor], Tensor]) -> Tensor:
    return torch.stack([figure(values[weights > 0]) for weights in leave.seeds]).double()


def _spread(values: Tensor) -> Tensor:
    """Rms over columns of the standard deviation over rows, of columns with two numbers or more."""
    there = values.isfinite()
    number = there.sum(dim=0)
    several = number > 1
    values, there, number = values[:, several].nan_to_num(), there[:, several], number[several]
    mean = values.sum(dim=0) / number
    variance = (there * (values - mean).square()).sum(dim=0) / (number - 1)
    return variance.mean().sqrt()


def _not_shared(used: Tensor) -> Tensor:
    """Mean over pairs of rows of the share of the columns in either that are not in both."""
    used = used.double()
    shared = used @ used.T
    size = shared.diagonal()
    either = size[:, None] + size[None, :] - shared
    first, second = torch.triu_indices(len(used), len(used), offset=1)
    return (1 - shared[first, second] / either[first, second]).mean()


def _rms(values: Tensor) -> float:
    return float(values.square().mean().sqrt())


def _inside(shape: torch.Size) -> Tensor:
    """Voxels of 1 mm within `INSIDE` of the axis, (nx, nz)."""
    x, z = (torch.arange(n) - (n - 1) / 2 for n in shape)
    return x[:, None] ** 2 + z[None, :] ** 2 < INSIDE**2
